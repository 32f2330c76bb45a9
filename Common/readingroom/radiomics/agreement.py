"""How well repeated measurements of a feature agree: the intraclass correlation coefficient ICC(A,1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


@dataclass(frozen=True)
class Agreement:
    """ICC(A,1) with the bounds of its 95 % interval; NaN where nothing varies."""

    icc: float
    low: float
    high: float


def absolute_agreement(measurements: NDArray[np.float64], confidence: float = 0.95) -> Agreement:
    """ICC(A,1): two-way random effects, absolute agreement, a single measurement (McGraw and Wong 1996).

    Parameters
    ----------
    measurements : ``(targets, measurements)``, at least two of each
    confidence : of the interval, by McGraw and Wong's table 7

    Raises
    ------
    ValueError : fewer than two targets or measurements, or a value that is not finite
    """
    n, k = measurements.shape
    if n < 2 or k < 2 or not np.isfinite(measurements).all():
        raise ValueError("agreement needs two or more targets, each with two or more finite measurements")
    between_targets, between_measurements, error = _mean_squares(measurements)
    total = between_targets + (k - 1) * error + k / n * (between_measurements - error)
    if total <= 0:
        return Agreement(float("nan"), float("nan"), float("nan"))
    icc = (between_targets - error) / total
    if error == 0 and between_measurements == 0:
        return Agreement(1.0, 1.0, 1.0)
    tail = (1 - confidence) / 2
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * between_measurements + b * error) ** 2 / (
        (a * between_measurements) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    residual = k * between_measurements + (k * n - k - n) * error
    upper, lower = stats.f.isf(tail, n - 1, freedom), stats.f.isf(tail, freedom, n - 1)
    low = n * (between_targets - upper * error) / (upper * residual + n * between_targets)
    high = n * (lower * between_targets - error) / (residual + n * lower * between_targets)
    return Agreement(float(icc), float(low), float(high))


def _mean_squares(x: NDArray[np.float64]) -> tuple[float, float, float]:
    """Between targets, between measurements, and what is left."""
    n, k = x.shape
    mean = x.mean()
    targets, columns = x.mean(axis=1), x.mean(axis=0)
    left = x - targets[:, None] - columns[None, :] + mean
    return (
        float(k * np.sum((targets - mean) ** 2) / (n - 1)),
        float(n * np.sum((columns - mean) ** 2) / (k - 1)),
        float(np.sum(left**2) / ((n - 1) * (k - 1))),
    )
