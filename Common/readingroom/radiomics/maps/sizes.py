"""What maps of run lengths, zone sizes and dependences have in common: the sixteen measures of `size_matrix`.

A measure is the mean of a value of each thing (a run, a zone, a voxel with its dependent neighbors), or a sum over how
often a code of its level and its size occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .repeats import Repeats, code_kind, entropy, sort

Map = NDArray[np.float64]


@dataclass(frozen=True)
class Sized:
    """Things ``(things, voxels)`` of a gray level and a size.

    Parameters
    ----------
    ranks : of the levels, from 1
    sizes : from 1 to ``largest``
    inside : which of them count; None where all do
    present : the levels by their ranks
    weights : of the things, ``(things, voxels)``; None where all weigh 1
    """

    ranks: NDArray[np.signedinteger]
    sizes: NDArray[np.signedinteger]
    largest: int
    inside: NDArray[np.bool_] | None
    present: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None

    @cached_property
    def counted(self) -> NDArray[np.float64] | None:
        """The weight of each thing, 0 where it does not count; None where all weigh 1."""
        if self.inside is None:
            return self.weights
        return self.inside.astype(np.float64) * (1.0 if self.weights is None else self.weights)

    @cached_property
    def total(self) -> Map:
        if self.counted is None:
            return np.full(self.ranks.shape[1], float(len(self.ranks)))
        return np.asarray(self.counted.sum(axis=0))

    def mean(self, values: NDArray) -> Map:
        """The weighted mean of a value of each thing, NaN where there is none, ``(voxels,)``."""
        if self.counted is None:
            return np.asarray(values.sum(axis=0, dtype=np.float64) / self.total)
        return np.asarray(np.einsum("tv,tv->v", self.counted, values) / self.total)

    def of_level(self, function: Callable[[Map], Map]) -> Map:
        """A function of each thing's level, ``(things, voxels)``."""
        table = function(np.concatenate([[1], self.present]).astype(np.float64))
        return np.asarray(table.take(self.ranks))

    def of_size(self, function: Callable[[Map], Map]) -> Map:
        """A function of each thing's size, ``(things, voxels)``."""
        sizes = np.arange(self.largest + 1, dtype=np.float64)
        sizes[0] = 1.0
        return np.asarray(function(sizes).take(self.sizes))

    @cached_property
    def by_both(self) -> Repeats:
        return self._repeats(
            self.ranks.astype(np.int64) * (self.largest + 1) + self.sizes,
            (len(self.present) + 1) * (self.largest + 1),
        )

    @cached_property
    def by_level(self) -> Repeats:
        both, step = self.by_both, self.largest + 1  # sorted by level already
        left_out = None if both.left_out is None else both.left_out // step
        return Repeats(both.codes // step, both.weights, left_out)

    @cached_property
    def by_size(self) -> Repeats:
        return self._repeats(self.sizes, self.largest + 1)

    def _repeats(self, codes: NDArray[np.signedinteger], most: int) -> Repeats:
        left_out = None if self.inside is None else most
        if self.inside is not None:
            codes = np.where(self.inside, codes, most)
        if self.weights is None:
            return Repeats(sort(codes.astype(code_kind(most))), None, left_out)
        kinds, which = np.unique(self.weights, return_inverse=True)
        tagged = sort(codes.astype(np.int64) * len(kinds) + which.reshape(codes.shape))
        return Repeats(tagged // len(kinds), kinds[tagged % len(kinds)], left_out)

    def variance(self, values: NDArray) -> Map:
        """Of a value of each thing."""
        return self.mean(np.square(values - self.mean(values)))

    def measures(self, names: Collection[str]) -> dict[str, Map]:
        """Measures by their names in `size_matrix`, ``(voxels,)``; NaN where a voxel has nothing to count."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: _MEASURES[name](self) for name in names}


def _inverse_square(x: Map) -> Map:
    return 1 / np.square(x)


_MEASURES: dict[str, Callable[[Sized], Map]] = {
    "Small": lambda s: s.mean(s.of_size(_inverse_square)),
    "Large": lambda s: s.mean(s.of_size(np.square)),
    "LevelNonUniformity": lambda s: s.by_level.square_sum / s.total,
    "LevelNonUniformityNormalized": lambda s: s.by_level.square_sum / s.total**2,
    "SizeNonUniformity": lambda s: s.by_size.square_sum / s.total,
    "SizeNonUniformityNormalized": lambda s: s.by_size.square_sum / s.total**2,
    "Percentage": lambda s: 1 / s.mean(s.sizes),
    "LevelVariance": lambda s: s.variance(s.of_level(np.positive)),
    "SizeVariance": lambda s: s.variance(s.sizes),
    "Entropy": lambda s: entropy(s.by_both, s.total),
    "LowLevel": lambda s: s.mean(s.of_level(_inverse_square)),
    "HighLevel": lambda s: s.mean(s.of_level(np.square)),
    "SmallLowLevel": lambda s: s.mean(s.of_level(_inverse_square) * s.of_size(_inverse_square)),
    "SmallHighLevel": lambda s: s.mean(s.of_level(np.square) * s.of_size(_inverse_square)),
    "LargeLowLevel": lambda s: s.mean(s.of_level(_inverse_square) * s.of_size(np.square)),
    "LargeHighLevel": lambda s: s.mean(s.of_level(np.square) * s.of_size(np.square)),
}
