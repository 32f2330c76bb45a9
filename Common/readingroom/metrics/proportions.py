"""Intervals of a proportion, such as a sensitivity: Wilson's score interval and Clopper and Pearson's exact one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..reading import Estimate, Interval


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval: close to its nominal coverage, also near 0 and 1 (Wilson, JASA 1927).

    Raises
    ------
    ValueError : no cases, or more successes than cases
    """
    _check(successes, n)
    z = float(stats.norm.ppf(0.5 + level / 2))
    share = successes / n
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the bound is exactly 0 or 1; rounding would leave it a hair off.
    low = 0.0 if successes == 0 else center - half
    high = 1.0 if successes == n else center + half
    return Interval(low, high, level)


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Interval:
    """The exact interval: never below its nominal coverage, so wider (Clopper and Pearson, Biometrika 1934).

    Raises
    ------
    ValueError : no cases, or more successes than cases
    """
    _check(successes, n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(stats.beta.ppf(1 - tail, successes + 1, n - successes))
    return Interval(low, high, level)


def proportion(successes: int, n: int, level: float = 0.95) -> Estimate:
    """``successes / n`` with Wilson's interval."""
    return Estimate(successes / n if n else math.nan, wilson(successes, n, level), n)


def proportion_of_patients(right: ArrayLike, patients: ArrayLike, level: float = 0.95) -> Estimate:
    """The share of ``right`` (rows,) with Wilson's interval, where a patient may have several of the one or more rows.

    The rows count as fewer by their design effect: the variance of the share over patients relative to that of
    independent rows (Rao and Scott, Biometrics 1992). Where all rows agree, each patient counts once.
    """
    values = np.asarray(right, dtype=np.float64)
    _, which = np.unique(np.asarray(patients), return_inverse=True)
    n, count, share = values.size, int(which.max()) + 1, float(values.mean())
    if count == n:
        return proportion(int(values.sum()), n, level)
    effective = float(count)
    if count > 1 and 0 < share < 1:
        residuals = np.bincount(which, weights=values - share)
        effect = count / (count - 1) * float(residuals @ residuals) / (n * share * (1 - share))
        effective = n / max(effect, 1.0)
    return Estimate(share, wilson(share * effective, effective, level), n)


def _check(successes: float, n: float) -> None:
    if not (n > 0 and 0 <= successes <= n):
        raise ValueError(f"{successes} of {n} is not a proportion.")
