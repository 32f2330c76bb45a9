"""How good a signature is: every number from scores for patients that its training had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.calibration import PlattScaling
from ...metrics.bootstrap import patient_interval, weighted_mean
from ...metrics.calibration import recalibration
from ...metrics.operating_points import Choice, CrossFitted, at_sensitivity, at_specificity, cross_fitted, youden
from ...metrics.proportions import proportion
from ...reading import Estimate
from ...trust.calibration import fit_platt
from .algorithm import Labels
from .fold_auc import FoldComparisons
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
class Evaluation:
    """The numbers of a signature.

    Parameters
    ----------
    auc : of pairs scored by one model, over all repeats
    majority : accuracy of always giving the more frequent answer
    baselines : AUC of each simpler model on the same folds
    advantage : by how much the AUC exceeds that of each simpler model
    calibration : from scores to probabilities; None where the scores do not rise with the outcome
    points : thresholds on the calibrated probability by name, with what they did on the other folds
    metrics : further ones, of probabilities calibrated on the other folds
    """

    auc: Estimate
    majority: Estimate
    baselines: Mapping[str, Estimate]
    advantage: Mapping[str, Estimate]
    calibration: PlattScaling | None
    points: Mapping[str, CrossFitted]
    metrics: Mapping[str, Estimate]


def evaluate(
    y: Labels, patients: NDArray[np.str_], folds: NDArray[np.int64], scores: Floats, baselines: Mapping[str, Floats]
) -> Evaluation:
    """Evaluate ``scores`` (repeats, rows) out of ``folds`` (repeats, rows), beside those of ``baselines``.

    Calibration and operating points use the first repeat: one score a row.
    """
    own = FoldComparisons.of(y, folds, scores)
    others = {name: FoldComparisons.of(y, folds, logits) for name, logits in baselines.items()}
    most = int(max(y.sum(), len(y) - y.sum()))
    calibration = _platt(y, scores[0], patients)
    points: Mapping[str, CrossFitted] = {}
    metrics: Mapping[str, Estimate] = {}
    if calibration is not None:
        probabilities = calibration.probabilities(scores[0])
        points = {name: cross_fitted(y, probabilities, folds[0], choose) for name, choose in POINTS.items()}
        metrics = _of_probabilities(y, patients, folds[0], scores[0])
    return Evaluation(
        auc=own.estimate(patients),
        majority=proportion(most, len(y)),
        baselines={name: other.estimate(patients) for name, other in others.items()},
        advantage={name: own.minus(other).estimate(patients, difference=True) for name, other in others.items()},
        calibration=calibration,
        points=points,
        metrics=metrics,
    )


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
    return calibration_metrics(y, patients, probabilities)


def calibration_metrics(y: Labels, patients: NDArray[np.str_], probabilities: Floats) -> dict[str, Estimate]:
    """Brier score, and slope and intercept where they exist: separated outcomes have none, nor equal probabilities."""
    squares = (probabilities - y) ** 2
    metrics = {"brier": patient_interval(lambda weights: weighted_mean(squares, weights), patients, _RESAMPLES)}
    try:
        again = recalibration(y, probabilities, patients)
    except ValueError:
        return metrics
    return {**metrics, "calibration_slope": again.slope, "calibration_intercept": again.intercept}
