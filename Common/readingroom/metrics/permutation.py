"""Whether two models differ on the same patients: swap their answers patient by patient and see how often chance alone
makes as large a difference. Needs no assumption on the metric, and several images of a patient stay together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class PermutationTest:
    """First minus second, and the two-sided ``p`` of ``permutations`` random swaps; p is never 0."""

    difference: float
    p: float
    permutations: int
    patients: int
    seed: int


def permutation_p(as_extreme: int, permutations: int) -> float:
    """``(b + 1) / (m + 1)``: what was observed counts as one of the permutations (Phipson and Smyth 2010)."""
    return (as_extreme + 1) / (permutations + 1)


def paired_permutation(
    metric: Callable[[NDArray], float],
    patients: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    permutations: int = 5000,
    seed: int = 0,
) -> PermutationTest:
    """Test ``metric(first) - metric(second)``; see `paired_permutations`."""
    return paired_permutations(lambda x: {"": metric(x)}, patients, first, second, permutations, seed)[""]


def paired_permutations(
    metrics: Callable[[NDArray], Mapping[str, float]],
    patients: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    permutations: int = 5000,
    seed: int = 0,
) -> dict[str, PermutationTest]:
    """Test the difference of each metric between the first and the second, all on the same swaps.

    Parameters
    ----------
    metrics : values by name of answers (cases, ...); scores of different scales must be ranked by the caller first
    patients : (cases,) whose case it is; a patient's cases are swapped together with probability 1/2
    first, second : (cases, ...) answers for the same cases

    Raises
    ------
    ValueError : shapes that do not fit
    """
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    people, which = np.unique(np.asarray(patients), return_inverse=True)
    if ours.shape != theirs.shape or len(which) != len(ours):
        raise ValueError(f"Answers {ours.shape} and {theirs.shape} of {len(which)} cases do not fit together.")
    observed = _differences(metrics, ours, theirs)
    as_extreme = dict.fromkeys(observed, 0)
    generator = np.random.default_rng(seed)
    shape = (-1, *(1,) * (ours.ndim - 1))
    for _ in range(permutations):
        swap = (generator.random(people.size) < 0.5)[which].reshape(shape)
        swapped = _differences(metrics, np.where(swap, theirs, ours), np.where(swap, ours, theirs))
        for name, difference in swapped.items():
            as_extreme[name] += abs(difference) >= abs(observed[name]) - 1e-12
    return {
        name: PermutationTest(
            difference, permutation_p(as_extreme[name], permutations), permutations, int(people.size), seed
        )
        for name, difference in observed.items()
    }


def _differences(
    metrics: Callable[[NDArray], Mapping[str, float]], first: NDArray, second: NDArray
) -> dict[str, float]:
    ours, theirs = metrics(first), metrics(second)
    return {name: float(ours[name] - theirs[name]) for name in ours}
