"""An image model beside a small one, of classes and of times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.audit.image_model import compare_predictions
from readingroom.learning.audit.outcomes import event_by, free_for
from readingroom.learning.audit.small_models import SITE, SmallModel
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.evaluation.predictions import EXTERNAL
from readingroom.learning.evaluation.survival_predictions import SurvivalPredictions
from readingroom.reading import Estimate

PATIENTS = 40
CLASSES = (event_by(24), free_for(24))


@pytest.fixture
def cohort() -> Cohort:
    """Half of the patients die in the sixth month, the others are followed for three years."""
    rows = [
        Row(f"p{n}", "s", {"ct": Path("a.nrrd")}, time=(6.0, 36.0)[n % 2], event=n % 2 == 0) for n in range(PATIENTS)
    ]
    return Cohort(tuple(rows))


def predictions(cohort: Cohort, risk: np.ndarray, months: int = 24) -> SurvivalPredictions:
    rows = len(cohort)
    return SurvivalPredictions(
        causes=("death",),
        months=tuple(float(n) for n in range(1, months + 1)),
        study_ids=cohort.column("study_id"),
        patients=cohort.patients,
        sites=cohort.sites,
        times=np.array([row.time for row in cohort.rows]),
        events=np.array([int(bool(row.event)) for row in cohort.rows]),
        incidence=(risk[:, None] * np.linspace(1 / months, 1, months))[None, :, None],
        folds=np.full((1, rows), EXTERNAL),
    )


def small(scores: np.ndarray) -> SmallModel:
    return SmallModel(SITE, "", CLASSES, Estimate(0.5), {}, PATIENTS, PATIENTS, scores=scores)


def test_the_risk_within_the_horizon_is_held_against_a_small_model_of_the_event(cohort: Cohort) -> None:
    knows = np.where(np.arange(PATIENTS) % 2 == 0, 0.8, 0.2)
    nothing = small(np.full((PATIENTS, 2), 0.5))
    found = compare_predictions(predictions(cohort, knows), cohort, nothing, seed=0)
    assert found is not None
    assert found.image.value == 1
    assert found.lead.value == 0.5


def test_predictions_that_end_before_the_horizon_are_refused(cohort: Cohort) -> None:
    with pytest.raises(InputError, match="times until 12 months; the table asks others"):
        compare_predictions(
            predictions(cohort, np.full(PATIENTS, 0.5), 12), cohort, small(np.full((PATIENTS, 2), 0.5)), seed=0
        )
