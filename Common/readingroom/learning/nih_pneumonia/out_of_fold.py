"""What a bundle may say of itself: every number from films that the network in question had not seen."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...bundles import metadata
from ...evaluation.auc import auc
from ...evaluation.bootstrap import patient_bootstrap
from ...evaluation.calibration import brier, recalibration
from ...evaluation.operating_points import Choice, at_sensitivity, at_specificity, cross_fitted, youden
from ...reading import Estimate
from ...trust.calibration import PlattScaling, fit_platt
from ...trust.conformal import ConformalSets, fit_conformal

Floats = NDArray[np.float64]

POINTS: Mapping[str, Choice] = {
    "balanced": youden,
    "sensitive": at_sensitivity(0.95),
    "specific": at_specificity(0.95),
}
DEFAULT_POINT = "balanced"
RESAMPLES = 2000  # of the patients, for each interval


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of films by networks that had not seen their patients.

    Parameters
    ----------
    labels, patients : (films,)
    folds : (repeats, films) fold of each film; repeats differ in their splits
    logits : (repeats, films) of pneumonia
    """

    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    folds: NDArray[np.int64]
    logits: Floats


@dataclass(frozen=True)
class Judgement:
    """The numbers of a bundle. Calibration, operating points and sets use the first repeat: one prediction a film."""

    calibration: PlattScaling
    probabilities: Floats
    cross_fitted_probabilities: Floats
    points: tuple[metadata.OperatingPoint, ...]
    conformal: ConformalSets
    metrics: Mapping[str, Estimate]


def mean_auc(labels: ArrayLike, *logits: ArrayLike) -> float:
    """The AUC of each repeat, averaged: what one network does, not what an ensemble of the repeats would do."""
    return float(np.mean([auc(labels, repeat) for repeat in logits]))


def auc_of(found: OutOfFold, rows: NDArray[np.bool_] | None = None, resamples: int = RESAMPLES) -> Estimate:
    """`mean_auc` of some films with its interval over patients."""
    chosen = np.ones(len(found.labels), dtype=bool) if rows is None else rows
    logits = [repeat[chosen] for repeat in found.logits]
    return patient_bootstrap(
        mean_auc, found.patients[chosen], found.labels[chosen], *logits, resamples=resamples
    ).estimate


def advantage(
    found: OutOfFold, other: OutOfFold, rows: NDArray[np.bool_] | None = None, resamples: int = RESAMPLES
) -> Estimate:
    """By how much the mean AUC exceeds that of ``other`` on the same films and folds, with an interval."""
    chosen = np.ones(len(found.labels), dtype=bool) if rows is None else rows
    pairs = [repeat[chosen] for repeat in (*found.logits, *other.logits)]
    metric = functools.partial(_difference, len(found.logits))
    return patient_bootstrap(metric, found.patients[chosen], found.labels[chosen], *pairs, resamples=resamples).estimate


def judge(found: OutOfFold, matched: NDArray[np.bool_], resamples: int = RESAMPLES) -> Judgement:
    """Calibration, operating points, conformal sets and metrics from predictions out of fold.

    A threshold's sensitivity and specificity come from thresholds chosen on the other folds (`cross_fitted`), the
    calibration slope and intercept from calibrations fitted on the other folds.
    """
    labels, patients, folds, logits = found.labels, found.patients, found.folds[0], found.logits[0]
    calibration = fit_platt(labels, logits, patients)
    probabilities = calibration.probabilities(logits)
    crossed = _cross_fitted_probabilities(labels, patients, folds, logits)
    recalibrated = recalibration(labels, crossed, patients)
    metrics = {
        "auc": auc_of(found, resamples=resamples),
        "calibration_slope": recalibrated.slope,
        "calibration_intercept": recalibrated.intercept,
        "brier": patient_bootstrap(brier, patients, labels, crossed, resamples=resamples).estimate,
    }
    if matched.any():
        metrics["auc_matched"] = auc_of(found, matched, resamples)
    return Judgement(
        calibration=calibration,
        probabilities=probabilities,
        cross_fitted_probabilities=crossed,
        points=tuple(_point(name, choose, labels, probabilities, folds) for name, choose in POINTS.items()),
        conformal=fit_conformal(labels, crossed, patients),
        metrics=metrics,
    )


def _difference(repeats: int, labels: ArrayLike, *logits: ArrayLike) -> float:
    return mean_auc(labels, *logits[:repeats]) - mean_auc(labels, *logits[repeats:])


def _cross_fitted_probabilities(
    labels: NDArray[np.int64], patients: NDArray[np.str_], folds: NDArray[np.int64], logits: Floats
) -> Floats:
    """Each fold calibrated by the other folds."""
    probabilities = np.empty(len(labels))
    for fold in np.unique(folds):
        inside = folds == fold
        other = fit_platt(labels[~inside], logits[~inside], patients[~inside], resamples=0)
        probabilities[inside] = other.probabilities(logits[inside])
    return probabilities


def _point(
    name: str, choose: Choice, labels: NDArray[np.int64], probabilities: Floats, folds: NDArray[np.int64]
) -> metadata.OperatingPoint:
    chosen = cross_fitted(labels, probabilities, folds, choose)
    return metadata.OperatingPoint(
        finding="pneumonia",
        name=name,
        threshold=min(chosen.threshold, 1.0),
        sensitivity=chosen.confusion.sensitivity,
        specificity=chosen.confusion.specificity,
    )
