"""How good a signature is: every number from scores for patients that its training had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...evaluation.auc import auc
from ...evaluation.binary import OneClassError
from ...evaluation.bootstrap import patient_bootstrap
from ...evaluation.calibration import brier, recalibration
from ...evaluation.operating_points import (
    Choice,
    CrossFitted,
    at_sensitivity,
    at_specificity,
    cross_fitted,
    youden,
)
from ...evaluation.proportions import proportion
from ...reading import Estimate
from ...trust.calibration import PlattScaling, fit_platt
from .algorithm import Labels
from .preparation import Floats

POINTS: Mapping[str, Choice] = {
    "balanced": youden,
    "sensitive": at_sensitivity(0.9),
    "specific": at_specificity(0.9),
}
DEFAULT_POINT = "balanced"
EXPLORATORY_BELOW = 30  # patients of a class
_RESAMPLES = 2000  # of the patients, for each interval


@dataclass(frozen=True)
class Judgement:
    """The numbers of a signature.

    Parameters
    ----------
    auc : of pairs scored by one model, over all repeats
    majority : accuracy of always giving the more frequent answer
    rivals : AUC of each simpler model on the same folds
    advantage : by how much the AUC exceeds that of each simpler model
    calibration : from scores to probabilities; None where the scores do not rise with the outcome
    points : thresholds on the calibrated probability by name, with what they did on the other folds
    metrics : further ones, of probabilities calibrated on the other folds
    """

    auc: Estimate
    majority: Estimate
    rivals: Mapping[str, Estimate]
    advantage: Mapping[str, Estimate]
    calibration: PlattScaling | None
    points: Mapping[str, CrossFitted]
    metrics: Mapping[str, Estimate]


def judge(
    y: Labels, patients: NDArray[np.str_], folds: NDArray[np.int64], scores: Floats, rivals: Mapping[str, Floats]
) -> Judgement:
    """Judge ``scores`` (repeats, rows) out of ``folds`` (repeats, rows), beside those of ``rivals``.

    Calibration and operating points use the first repeat: one score a row.
    """
    arrays = (y, *folds, *scores)
    most = int(max(y.sum(), len(y) - y.sum()))
    calibration = _platt(y, scores[0], patients)
    points, metrics = {}, {}
    if calibration is not None:
        probabilities = calibration.probabilities(scores[0])
        points = {name: cross_fitted(y, probabilities, folds[0], choose) for name, choose in POINTS.items()}
        metrics = _of_probabilities(y, patients, folds[0], scores[0])
    return Judgement(
        auc=patient_bootstrap(auc_within_folds, patients, *arrays, resamples=_RESAMPLES).estimate,
        majority=proportion(most, len(y)),
        rivals={
            name: patient_bootstrap(auc_within_folds, patients, y, *folds, *logits, resamples=_RESAMPLES).estimate
            for name, logits in rivals.items()
        },
        advantage={
            name: patient_bootstrap(_advantage, patients, *arrays, *logits, resamples=_RESAMPLES).estimate
            for name, logits in rivals.items()
        },
        calibration=calibration,
        points=points,
        metrics=metrics,
    )


def auc_within_folds(y: Labels, *folds_and_scores: NDArray) -> float:
    """The AUC over pairs of rows that one model scored, averaged over repeats: first their folds, then their scores.

    Scores of different folds come from different models. Compared across folds, models without any feature would look worse
    than chance: the one trained without many positives gives the lowest score to the very fold that has them.
    """
    repeats = len(folds_and_scores) // 2
    pairs = zip(folds_and_scores[:repeats], folds_and_scores[repeats:], strict=True)
    return float(np.mean([_one_repeat(y, folds, scores) for folds, scores in pairs]))


def _one_repeat(y: Labels, folds: NDArray, scores: NDArray) -> float:
    areas, weights = [], []
    for fold in np.unique(folds):
        inside = folds == fold
        positives = int(y[inside].sum())
        if pairs := positives * (int(inside.sum()) - positives):
            areas.append(auc(y[inside], scores[inside]))
            weights.append(pairs)
    if not weights:
        raise OneClassError("No fold holds both outcomes.")
    return float(np.average(areas, weights=weights))


def _advantage(y: Labels, *folds_and_scores: NDArray) -> float:
    repeats = len(folds_and_scores) // 3
    folds, scores, others = (folds_and_scores[i * repeats : (i + 1) * repeats] for i in range(3))
    return auc_within_folds(y, *folds, *scores) - auc_within_folds(y, *folds, *others)


def _platt(y: Labels, scores: Floats, patients: NDArray[np.str_], resamples: int = 200) -> PlattScaling | None:
    try:
        return fit_platt(y, scores, patients, resamples)
    except ValueError:  # they do not rise with the outcome
        return None


def _of_probabilities(
    y: Labels, patients: NDArray[np.str_], folds: NDArray[np.int64], scores: Floats
) -> Mapping[str, Estimate]:
    """Brier score, calibration slope and intercept of probabilities that the other folds calibrated."""
    probabilities = np.empty(len(y))
    for fold in np.unique(folds):
        inside = folds == fold
        scaling = _platt(y[~inside], scores[~inside], patients[~inside], resamples=0)
        share = y[~inside].mean()
        probabilities[inside] = share if scaling is None else scaling.probabilities(scores[inside])
    metrics = {"brier": patient_bootstrap(brier, patients, y, probabilities, resamples=_RESAMPLES).estimate}
    try:
        again = recalibration(y, probabilities, patients)
    except ValueError:  # the outcomes are separated, or all probabilities are one
        return metrics
    return {**metrics, "calibration_slope": again.slope, "calibration_intercept": again.intercept}
