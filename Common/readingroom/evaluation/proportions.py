"""Intervals of a proportion, such as a sensitivity: Wilson's score interval and Clopper and Pearson's exact one."""

from __future__ import annotations

import math

from scipy import stats

from ..reading import Estimate, Interval


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
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


def _check(successes: int, n: int) -> None:
    if not (n > 0 and 0 <= successes <= n):
        raise ValueError(f"{successes} of {n} is not a proportion.")
