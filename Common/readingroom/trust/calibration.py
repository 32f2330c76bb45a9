"""From a network's logits to probabilities that mean what they say, with the interval of that translation.

A calibration is fitted on cases that trained nothing. It keeps the same fit on resamples of the patients too (200 by
default, a few kB of JSON): the interval of a probability is the middle 95 % of what the resampled fits give. Each
resampled Platt fit rises with the logit, so both ends of its interval do; an end is moved to the probability itself
where that would lie outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from ..bundles.calibration import PlattScaling, TemperatureScaling
from ..metrics.binary import Floats, both_classes, labels_and_scores
from ..metrics.bootstrap import patient_resamples
from ..metrics.logistic import fit_logistic

# A temperature outside these limits would make every probability a certainty, or none say anything.
TEMPERATURES = (0.05, 20.0)
RESAMPLES = 200  # of the patients


def fit_platt(
    labels: ArrayLike, logits: ArrayLike, patients: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> PlattScaling:
    """Fit on held-out cases: ``labels`` (cases,) 0 or 1, ``logits`` (cases,), ``patients`` (cases,) any sortable names.

    Raises
    ------
    OneClassError : positives or negatives are missing
    ValueError : the logits do not rise with the label, so there is nothing to calibrate
    """
    truth, values = labels_and_scores(labels, logits)
    both_classes(truth)
    slope, intercept = _platt(truth, values)
    if slope <= 0:
        raise ValueError("The logits do not rise with the label; such scores cannot be calibrated.")
    fits = []
    for rows in patient_resamples(patients, resamples, seed):
        if truth[rows].all() or not truth[rows].any():
            continue
        fits.append(_platt(truth[rows], values[rows]))
    return PlattScaling(slope, intercept, _rounded(fits))


def fit_temperature(
    labels: ArrayLike, logits: ArrayLike, patients: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> TemperatureScaling:
    """Fit on held-out cases: ``labels`` (cases,) class numbers, ``logits`` (cases, classes), ``patients`` (cases,).

    The temperature is searched between 0.05 and 20.

    Raises
    ------
    ValueError : shapes that do not fit, or a class number without a logit
    """
    truth, values = np.asarray(labels), np.asarray(logits, dtype=np.float64)
    if values.ndim != 2 or truth.shape != values.shape[:1] or truth.size == 0:
        raise ValueError(f"Labels {truth.shape} and logits {values.shape} do not fit together.")
    if truth.min() < 0 or truth.max() >= values.shape[1]:
        raise ValueError("A label has no logit.")
    fits = tuple(round(_temperature(truth[r], values[r]), 6) for r in patient_resamples(patients, resamples, seed))
    return TemperatureScaling(_temperature(truth, values), fits)


def _platt(truth: np.ndarray, logits: Floats) -> tuple[float, float]:
    """Slope (0 or more) and intercept, with Platt's targets, which keep the fit finite on separated classes."""
    positives = int(truth.sum())
    negatives = truth.size - positives
    targets = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    center, scale = float(logits.mean()), float(logits.std())
    if scale == 0:
        return 0.0, float(special.logit(targets.mean()))
    standard = np.stack([(logits - center) / scale, np.ones(truth.size)], axis=1)
    steep, level = (float(c) for c in fit_logistic(standard, targets).coefficients)
    if steep <= 0:  # the best fit that does not fall is level
        return 0.0, float(special.logit(targets.mean()))
    return steep / scale, level - steep * center / scale


def _temperature(truth: np.ndarray, logits: Floats) -> float:
    """Where d(negative log likelihood) / d(1 / T), which only rises, is 0; the nearest limit if it is so nowhere."""

    def slope(inverse: float) -> float:
        chosen = np.take_along_axis(logits, truth[:, None], axis=1)[:, 0]
        expected = (special.softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return float((expected - chosen).mean())

    smallest, largest = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    if slope(smallest) >= 0:
        return TEMPERATURES[1]
    if slope(largest) <= 0:
        return TEMPERATURES[0]
    return float(1 / optimize.brentq(slope, smallest, largest, xtol=1e-15, rtol=1e-14))


def _rounded(fits: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((round(slope, 6), round(intercept, 6)) for slope, intercept in fits)
