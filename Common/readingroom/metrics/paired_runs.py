"""Tests of two methods by their results on the same folds or runs.

Folds share training patients and runs share test patients, so these tests see less than patient-level tests do
(`permutation.paired_permutation`), which come first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from .binary import Floats
from .permutation import permutation_p

_EXACT_UP_TO = 16  # pairs: 65,536 sign patterns


@dataclass(frozen=True)
class PairedRuns:
    """Mean of first minus second over ``n`` pairs, two-sided ``p``, and the smallest p that ``n`` pairs can give."""

    difference: float
    p: float
    smallest_p: float
    n: int


@dataclass(frozen=True)
class CorrectedT:
    """Nadeau and Bengio's t with ``n - 1`` degrees of freedom and its two-sided ``p``."""

    difference: float
    t: float
    p: float
    n: int


def sign_flip(first: ArrayLike, second: ArrayLike, permutations: int = 5000, seed: int = 0) -> PairedRuns:
    """Flip the signs of the differences: every pattern up to 16 pairs, else ``permutations`` random ones.

    Raises
    ------
    ValueError : lists of different lengths, or fewer than two pairs
    """
    difference = _differences(first, second)
    n = difference.size
    limit = abs(difference.sum()) - 1e-12
    if n <= _EXACT_UP_TO:
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
        p, smallest = float((np.abs(signs @ difference) >= limit).mean()), 2 / 2**n
    else:
        signs = np.random.default_rng(seed).choice((-1, 1), (permutations, n))
        p = permutation_p(int((np.abs(signs @ difference) >= limit).sum()), permutations)
        smallest = permutation_p(0, permutations)
    return PairedRuns(float(difference.mean()), p, smallest, n)


def wilcoxon(first: ArrayLike, second: ArrayLike) -> PairedRuns:
    """Wilcoxon's signed-rank test, scipy's; pairs that are equal say nothing and are left out.

    Its ``smallest_p`` is ``2 / 2**n``: six runs can never give less than 0.03125, however large the difference.

    Raises
    ------
    ValueError : lists of different lengths, fewer than two pairs, or all pairs equal
    """
    difference = _differences(first, second)
    used = difference[difference != 0]
    if used.size == 0:
        raise ValueError("The results are equal in every pair; there is nothing to test.")
    p = float(stats.wilcoxon(used).pvalue)
    return PairedRuns(float(difference.mean()), p, 2 / 2**used.size, difference.size)


def corrected_t(first: ArrayLike, second: ArrayLike, test_share: float) -> CorrectedT:
    """t-test of results on folds, with the variance that shared training patients hide put back.

    Parameters
    ----------
    test_share : test cases divided by training cases, 1/9 in ten folds (Nadeau and Bengio, Machine Learning 2003)

    Raises
    ------
    ValueError : lists of different lengths, fewer than two pairs, or the same difference in each
    """
    difference = _differences(first, second)
    variance = float(difference.var(ddof=1))
    if variance == 0:
        raise ValueError("The difference is the same in every pair; there is no variance to test against.")
    t = float(difference.mean()) / math.sqrt((1 / difference.size + test_share) * variance)
    p = float(2 * stats.t.sf(abs(t), difference.size - 1))
    return CorrectedT(float(difference.mean()), t, p, difference.size)


def _differences(first: ArrayLike, second: ArrayLike) -> Floats:
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if ours.ndim != 1 or ours.shape != theirs.shape or ours.size < 2:
        raise ValueError(f"Results {ours.shape} and {theirs.shape} must be two lists of one length, two or more.")
    return ours - theirs
