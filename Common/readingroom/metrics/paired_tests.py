"""Whether two models differ: by permutation on the same patients, by rank on the same folds; and Holm's correction.

Swap the predictions of two models patient by patient and see how often chance alone makes as large a difference. That
needs no assumption on the metric, and several images of a patient stay together. Folds share training patients and say
less, which is why patients come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .binary import Floats

_AT_ONCE = 2**20  # numbers that are swapped at a time, 8 MB


@dataclass(frozen=True)
class PermutationTest:
    """First minus second, and the two-sided ``p`` of ``permutations`` random swaps; p is never 0."""

    difference: float
    p: float
    permutations: int
    patients: int
    seed: int


@dataclass(frozen=True)
class RankTest:
    """Mean of first minus second over ``n`` folds, two-sided ``p``, and the smallest p that so many folds can give."""

    difference: float
    p: float
    smallest_p: float
    n: int


def paired_permutations(
    metrics: Callable[[Floats], Mapping[str, Floats]],
    patients: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    permutations: int = 5000,
    seed: int = 0,
) -> dict[str, PermutationTest]:
    """Test the difference of each metric between the first and the second, all on the same swaps.

    Parameters
    ----------
    metrics : takes scores (cases, swaps, ...), many swaps at once, and returns values (swaps,) by name; scores of
        different scales must be ranked by the caller first
    patients : (cases,) whose case it is; a patient's cases are swapped together with probability 1/2
    first, second : (cases, ...) scores of the same cases

    Raises
    ------
    ValueError : shapes that do not fit
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    people, which = np.unique(np.asarray(patients), return_inverse=True)
    if one.shape != other.shape or len(which) != len(one):
        raise ValueError(f"Scores {one.shape} and {other.shape} of {len(which)} cases do not fit together.")
    observed = {name: float(value[0]) for name, value in _differences(metrics, one[:, None], other[:, None]).items()}
    as_extreme = dict.fromkeys(observed, 0)
    generator = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // one.size)
    for start in range(0, permutations, at_once):
        swap = generator.random((min(at_once, permutations - start), people.size)) < 0.5
        swap = swap[:, which].T.reshape(len(one), -1, *(1,) * (one.ndim - 1))
        swapped = _differences(
            metrics, np.where(swap, other[:, None], one[:, None]), np.where(swap, one[:, None], other[:, None])
        )
        for name, differences in swapped.items():
            as_extreme[name] += int((np.abs(differences) >= abs(observed[name]) - 1e-12).sum())
    return {
        name: PermutationTest(
            difference, permutation_p(as_extreme[name], permutations), permutations, int(people.size), seed
        )
        for name, difference in observed.items()
    }


def permutation_p(as_extreme: int, permutations: int) -> float:
    """``(b + 1) / (m + 1)``: what was observed counts as one of the permutations (Phipson and Smyth 2010)."""
    return (as_extreme + 1) / (permutations + 1)


def wilcoxon(first: ArrayLike, second: ArrayLike) -> RankTest:
    """Wilcoxon's signed-rank test of two models' results on the same folds or runs; equal pairs are left out.

    Its ``smallest_p`` is ``2 / 2**n``: six runs can never give less than 0.03125, however large the difference.

    Parameters
    ----------
    first, second : (folds,) results such as C-td; folds of which one has no value (NaN) are left out

    Raises
    ------
    ValueError : lists of different lengths, fewer than two pairs, or all pairs equal
    """
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if ours.ndim != 1 or ours.shape != theirs.shape:
        raise ValueError(f"Results {ours.shape} and {theirs.shape} must be two lists of one length.")
    difference = ours - theirs
    difference = difference[~np.isnan(difference)]
    used = difference[difference != 0]
    if difference.size < 2 or used.size == 0:
        raise ValueError("There are not two folds to compare, or the results are equal in all of them.")
    p = float(stats.wilcoxon(used).pvalue)
    return RankTest(float(difference.mean()), p, 2 / 2**used.size, difference.size)


def holm(p_values: ArrayLike) -> tuple[float, ...]:
    """Adjusted p-values in the given order: below 0.05 in each, the chance of any false claim is at most 5 %.

    The step-down correction of Holm, Scandinavian Journal of Statistics 1979.

    scipy has only the correction of the false discovery rate, which allows false claims.

    Raises
    ------
    ValueError : something that is no p-value
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must be a list of numbers between 0 and 1.")
    order = np.argsort(values, kind="stable")
    steps = np.minimum(1, values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty(values.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return tuple(float(p) for p in adjusted)


def _differences(
    metrics: Callable[[NDArray], Mapping[str, Floats]], first: Floats, second: Floats
) -> dict[str, Floats]:
    one, other = metrics(first), metrics(second)
    return {name: one[name] - other[name] for name in one}
