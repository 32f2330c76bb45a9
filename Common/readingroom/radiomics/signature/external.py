"""What a finished signature does on patients of another table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...metrics.auc import auc, auc_interval
from ...metrics.bootstrap import INTERVAL_FROM, patient_interval
from ...metrics.curves import Ranking
from ...metrics.patient_folds import fewest_patients
from ...reading import Estimate
from .algorithm import Labels
from .baselines import volume
from .evaluation import calibration_metrics
from .fit import Fitted
from .preparation import Floats
from .table import FeatureTable


@dataclass(frozen=True)
class External:
    """A test on ``patients`` of another table, ``events`` of whose regions have the outcome; ``metrics`` by name."""

    patients: int
    events: int
    metrics: Mapping[str, Estimate]


def require_others(training: FeatureTable, other: FeatureTable) -> None:
    """See that a table can test what another one trains.

    Raises
    ------
    InputError : it has a patient of the training, or fewer than two rows with one of the outcomes
    """
    if known := sorted(set(other.patients) & set(training.patients)):
        raise InputError(f"The patient {known[0]} is in both tables; a test needs others than the training.")
    if min(other.outcome.sum(), len(other.outcome) - other.outcome.sum()) < 2:
        raise InputError("The table of other patients needs two rows or more with each outcome.")


def evaluate_external(fitted: Fitted, table: FeatureTable) -> External:
    """AUC beside that of volume alone, Brier score and calibration of the probabilities, with intervals over patients.

    Raises
    ------
    InputError : a patient was trained on, a feature is missing, or one of the outcomes has fewer than two rows
    """
    require_others(fitted.table, table)
    scores = fitted.trained.values(table.of(fitted.table.names).values)
    y, who = table.outcome, table.patients
    found = {"auc": _auc(y, who, scores)}
    if (own := volume(fitted.measured)) is not None and (other := volume(table)) is not None:
        rises = auc(fitted.table.outcome, own) >= 0.5
        found["auc_volume"] = _auc(y, who, other if rises else -other)
    if (calibration := fitted.calibration) is not None and np.ptp(scores) > 0:
        measured = calibration_metrics(y, who, calibration.probabilities(scores))
        if fewest_patients(y, who) < INTERVAL_FROM:
            measured = {name: replace(estimate, interval=None) for name, estimate in measured.items()}
        found |= measured
    return External(len(np.unique(who)), int(y.sum()), found)


def _auc(y: Labels, patients: NDArray[np.str_], scores: Floats) -> Estimate:
    ranking = Ranking(y, scores)
    with_it, without = (len(np.unique(patients[y == truth])) for truth in (1, 0))
    interval = partial(auc_interval, positives=with_it, negatives=without)
    return patient_interval(lambda weights: ranking.curves(weights)[0].area, patients, interval=interval)
