"""Predictions of labels or of times: what differs between them where both are trained, evaluated or read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from ...bundles.metadata import ClassifierMetadata, SurvivalMetadata
from . import evaluation, predictions, survival_evaluation, survival_predictions
from .evaluation import RESAMPLES, EvaluationResult
from .levels import Level
from .predictions import Predictions
from .survival_evaluation import SurvivalResult
from .survival_predictions import SurvivalPredictions

AnyPredictions: TypeAlias = Predictions | SurvivalPredictions
AnyResult: TypeAlias = EvaluationResult | SurvivalResult
Answering: TypeAlias = ClassifierMetadata | SurvivalMetadata


def evaluate(rows: AnyPredictions, level: Level = "study", resamples: int = RESAMPLES, seed: int = 0) -> AnyResult:
    """Fit what a bundle stores and measure it on other rows; times are measured study by study.

    Raises
    ------
    InputError : there is nothing to evaluate
    """
    if isinstance(rows, SurvivalPredictions):
        return survival_evaluation.evaluate(rows, resamples, seed)
    return evaluation.evaluate(rows, level, resamples=resamples, seed=seed)


def evaluate_bundle(
    rows: AnyPredictions, bundle: Answering, level: Level = "study", resamples: int = RESAMPLES, seed: int = 0
) -> AnyResult:
    """Measure what a bundle says on rows that nothing of it has seen.

    Raises
    ------
    InputError : the predictions are not of what the bundle answers, or there is nothing to evaluate
    """
    if isinstance(rows, SurvivalPredictions) and isinstance(bundle, SurvivalMetadata):
        return survival_evaluation.evaluate_bundle(rows, bundle, resamples, seed)
    assert isinstance(rows, Predictions)
    assert isinstance(bundle, ClassifierMetadata)
    return evaluation.evaluate_bundle(rows, bundle, level, resamples=resamples, seed=seed)


def read(path: Path) -> AnyPredictions:
    """A table of predictions, of labels or of times.

    Raises
    ------
    InputError : the file is missing, or is no such table
    """
    if survival_predictions.is_survival_table(path):
        return survival_predictions.read(path)
    return predictions.read(path)
