"""What simpler models make of the studies on which a network was evaluated, and how much better it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from ...reading import Estimate
from ..cohorts.cohort import Cohort
from ..cohorts.fingerprint import Fingerprint
from ..cohorts.label_set import LabelSet
from ..evaluation import survival_baselines
from ..evaluation.auc import auc_of
from ..evaluation.baselines import train_baselines
from ..evaluation.comparison import advantage
from ..evaluation.outcomes import AnyPredictions
from ..evaluation.survival_predictions import SurvivalPredictions
from .cross_validation import CrossValidation
from .question import Question


@dataclass(frozen=True)
class BaselineComparison:
    """A simpler model on the same rows and folds; ``advantage`` is how much the network's AUC (of times C-td) exceeds
    its own ``score``."""

    title: str
    score: Estimate
    advantage: Estimate


def compare_with_baselines(
    predictions: AnyPredictions,
    cohort: Cohort,
    prints: Sequence[Fingerprint | None],
    planned: CrossValidation,
    question: Question,
    volumes: NDArray[np.float64] | None,
    resamples: int,
    progress: Progress,
) -> tuple[BaselineComparison, ...]:
    """What simpler models make of the same rows on the same splits; they are for times and for exclusive classes."""
    progress(0.0, "Training simpler models to compare with.")
    if isinstance(predictions, SurvivalPredictions):
        timed = survival_baselines.train_baselines(predictions, cohort, prints, planned.repeats, volumes)
        return tuple(compared(each.title, predictions, each.predictions, resamples) for each in timed)
    assert isinstance(question, LabelSet)
    if question.multilabel:
        return ()
    tried = train_baselines(predictions, cohort, prints, planned.repeats, question.values)
    found = []
    for number, baseline in enumerate(tried):
        progress(number / len(tried), f"Comparing with a simpler model: {baseline.title}.")
        found.append(compared(baseline.title, predictions, baseline.predictions, resamples))
    return tuple(found)


def compared(title: str, predictions: AnyPredictions, other: AnyPredictions, resamples: int) -> BaselineComparison:
    """What another model reaches on the same rows, and how much the first exceeds it."""
    if isinstance(predictions, SurvivalPredictions):
        assert isinstance(other, SurvivalPredictions)
        lead = survival_baselines.advantage(predictions, other, resamples)
        return BaselineComparison(title, survival_baselines.c_td_of(other, resamples), lead)
    assert not isinstance(other, SurvivalPredictions)
    lead = advantage(predictions, other, resamples=resamples)
    return BaselineComparison(title, auc_of(other, resamples=resamples), lead)
