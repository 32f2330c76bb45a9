"""How often each code occurs among the things of each voxel: sorting and counting for many voxels at once.

Arrays are ``(things, voxels)``. They are sorted by a network of comparisons (Batcher 1968), each of which is one
minimum and one maximum over all voxels, many times as fast as sorting voxel by voxel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def network(things: int) -> tuple[tuple[int, int, int], ...]:
    """Comparisons ``(first, last + 1, step)``: each thing from first to last with the one that many steps on."""
    found: list[tuple[int, int, int]] = []
    merged = 1
    while merged < things:
        step = merged
        while step >= 1:
            for block in range(step % merged, things - step, 2 * step):
                for one in range(block, min(block + step, things - step)):
                    if one // (2 * merged) != (one + step) // (2 * merged):
                        continue
                    if found and found[-1][1:] == (one, step) and found[-1][0] >= block:
                        found[-1] = (found[-1][0], one + 1, step)
                    else:
                        found.append((one, one + 1, step))
            step //= 2
        merged *= 2
    return tuple(found)


def sort(array: NDArray) -> NDArray:
    """Sort ``(things, voxels)`` in place, each voxel for itself."""
    spare = np.empty_like(array)
    for first, last, step in network(len(array)):
        low, high, lower = array[first:last], array[first + step : last + step], spare[: last - first]
        np.minimum(low, high, out=lower)
        np.maximum(low, high, out=high)
        low[...] = lower
    return array


def code_kind(codes: int) -> type[np.signedinteger]:
    """The smallest type that has room for so many codes and one more."""
    return next((kind for kind in (np.int8, np.int16, np.int32) if codes < np.iinfo(kind).max), np.int64)


@dataclass(frozen=True)
class Repeats:
    """Sorted codes and the weights of the things that have them.

    Parameters
    ----------
    codes : ``(things, voxels)``, sorted
    weights : of the things in that order; 1 for each where None, or ``counts`` (below) says otherwise
    left_out : the code of things that do not count, if there are such
    """

    codes: NDArray[np.signedinteger]
    weights: NDArray[np.float64] | None = None
    left_out: int | None = None

    @cached_property
    def running(self) -> NDArray:
        """The weight of all things up to this one that have its code, ``(things, voxels)``; 0 for what is left out."""
        codes, weights = self.codes, self.weights
        kind = np.float64 if weights is not None else np.int16 if len(codes) < 1 << 14 else np.int32
        found = np.empty(codes.shape, dtype=kind)
        found[0] = 1 if weights is None else weights[0]
        for place in range(1, len(codes)):
            np.multiply(found[place - 1], codes[place] == codes[place - 1], out=found[place])
            found[place] += 1 if weights is None else weights[place]
        if self.left_out is not None:
            found *= codes != self.left_out
        return found

    def sum_of(self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """The sum of a function (0 at 0) of the weight of each code, ``(voxels,)``.

        Every thing adds by how much it raises the function of what came before it.
        """
        if self.weights is None:
            table = function(np.arange(len(self.codes) + 1, dtype=np.float64))
            raised = np.diff(table, prepend=0.0)
            return np.asarray(raised.take(self.running).sum(axis=0))
        before = np.maximum(self.running - self.weights, 0.0)
        return np.asarray(np.sum((function(self.running) - function(before)) * (self.running > 0), axis=0))

    @cached_property
    def entropy_sum(self) -> NDArray[np.float64]:
        """The sum of ``w log2 w`` over the codes."""
        return self.sum_of(x_log2_x)

    @cached_property
    def square_sum(self) -> NDArray[np.float64]:
        """The sum of the squares of the codes' weights."""
        if self.weights is None:  # each adds 2 w - 1
            total = 2 * self.running.sum(axis=0, dtype=np.int64) - np.count_nonzero(self.running, axis=0)
            return total.astype(np.float64)
        return self.sum_of(np.square)


def x_log2_x(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """``x log2 x``, 0 at 0."""
    return np.asarray(x * np.log2(np.where(x > 0, x, 1.0)))


def entropy(repeats: Repeats, total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the probabilities ``w / total`` of the codes, in bits."""
    return np.asarray(np.log2(total) - repeats.entropy_sum / total)
