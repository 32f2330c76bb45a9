"""Whether probabilities mean what they say: Brier score, calibration slope and intercept, reliability bins, ECE."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from ..reading import Estimate, Interval
from .binary import Booleans, Floats, both_classes, labels_and_scores
from .logistic import LogisticFit, fit_logistic
from .proportions import proportion


@dataclass(frozen=True)
class Recalibration:
    """``slope`` 1 and ``intercept`` 0 are perfect; a slope below 1 means too extreme probabilities, an intercept
    above 0 that the finding is more frequent than the probabilities say."""

    slope: Estimate
    intercept: Estimate


@dataclass(frozen=True)
class ReliabilityBin:
    """Cases with ``low <= probability < high`` (the last bin also holds 1): mean probability and observed share."""

    low: float
    high: float
    mean_probability: float
    observed: Estimate


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared difference between probability (cases,) and label (cases,) 0 or 1; 0 is perfect."""
    truth, values = _probabilities(labels, probabilities)
    return float(np.mean((values - truth) ** 2))


def recalibration(
    labels: ArrayLike, probabilities: ArrayLike, patients: ArrayLike | None = None, level: float = 0.95
) -> Recalibration:
    """Calibration slope, and intercept with the slope held at 1 (calibration in the large).

    Source: Cox, Biometrika 1958; Van Calster et al., BMC Medicine 2019. Intervals are Wald; with ``patients``
    (cases,) they allow for several cases of one patient.

    Raises
    ------
    OneClassError : positives or negatives are missing
    ValueError : a probability is exactly 0 or 1, or the classes are separated
    """
    truth, values = _probabilities(labels, probabilities)
    both_classes(truth)
    if not ((values > 0) & (values < 1)).all():
        raise ValueError("A probability of exactly 0 or 1 has no logit.")
    clusters = None if patients is None else np.asarray(patients)
    logits, targets, ones = special.logit(values), truth.astype(np.float64), np.ones(truth.size)
    both = fit_logistic(np.stack([logits, ones], axis=1), targets, clusters=clusters)
    large = fit_logistic(ones[:, None], targets, offset=logits, clusters=clusters)
    return Recalibration(_first(both, level, truth.size), _first(large, level, truth.size))


def reliability_bins(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Bins of equal width from 0 to 1, without the empty ones."""
    truth, values = _probabilities(labels, probabilities)
    which = _bin_numbers(values, bins)
    return tuple(
        ReliabilityBin(
            low=float(b / bins),
            high=float((b + 1) / bins),
            mean_probability=float(values[which == b].mean()),
            observed=proportion(int(truth[which == b].sum()), int((which == b).sum())),
        )
        for b in np.unique(which)
    )


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Mean distance between mean probability and observed share over `reliability_bins`, weighted by cases.

    It depends on where the bin edges lie; quote the number of bins with it.
    """
    truth, values = _probabilities(labels, probabilities)
    gaps = np.bincount(_bin_numbers(values, bins), weights=values - truth, minlength=bins)
    return float(np.abs(gaps).sum() / truth.size)


def _bin_numbers(probabilities: Floats, bins: int) -> NDArray[np.intp]:
    # Rounded, so that 0.3, which is a hair less than 3 / 10 as a float, lands in the bin that starts there.
    return np.minimum(np.floor(np.round(probabilities * bins, 9)).astype(np.intp), bins - 1)


def _first(fit: LogisticFit, level: float, n: int) -> Estimate:
    value = float(fit.coefficients[0])
    half = float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(float(fit.covariance[0, 0]))
    return Estimate(value, Interval(value - half, value + half, level), n)


def _probabilities(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Booleans, Floats]:
    truth, values = labels_and_scores(labels, probabilities)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("Probabilities must lie between 0 and 1.")
    return truth, values
