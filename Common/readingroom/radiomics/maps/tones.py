"""Maps of neighboring gray tone differences."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .neighborhoods import Neighborhoods
from .repeats import code_kind, sort

Map = NDArray[np.float64]


def features(boxes: Neighborhoods, offsets: list[Offset], lonely: bool, names: Collection[str]) -> dict[str, Map]:
    """NGTDM features ``(voxels,)``; ``offsets`` and ``lonely`` as in `ngtdm.tone_differences`."""
    found = _tones(boxes, offsets, lonely)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: _FEATURES[name](found) for name in names}


@dataclass(frozen=True)
class _Tones:
    """Levels that occur in each box ``(levels, voxels)``, the places of each and the sum of their differences.

    Boxes of fewer levels end with rows of zeros.
    """

    levels: Map
    counts: Map
    differences: Map

    @cached_property
    def voxels(self) -> Map:
        return np.asarray(self.counts.sum(axis=0))

    @cached_property
    def p(self) -> Map:
        return self.counts / self.voxels

    @cached_property
    def kinds(self) -> Map:
        return np.asarray(np.count_nonzero(self.counts, axis=0).astype(np.float64))

    @cached_property
    def weighted(self) -> Map:
        return np.asarray(np.sum(self.p * self.differences, axis=0))

    @cached_property
    def total(self) -> Map:
        return np.asarray(self.differences.sum(axis=0))

    def busyness(self) -> Map:
        """The sum of ``|i n(i) - j n(j)|`` follows from the order of ``i n(i)``, whole numbers without rounding."""
        ordered = sort(np.where(self.counts > 0, self.levels * self.counts, np.inf))
        place = np.arange(len(ordered), dtype=np.float64)[:, None]
        there = np.isfinite(ordered)
        unlike = 2 * np.sum(np.where(there, ordered, 0.0) * (2 * place + 1 - self.kinds), axis=0)
        one_value = ordered[0] == np.max(np.where(there, ordered, -np.inf), axis=0)
        return np.where(one_value, 0.0, self.weighted * self.voxels / unlike)

    def coarseness(self) -> Map:
        return np.where(self.weighted == 0, 1e6, 1 / self.weighted)

    def complexity(self) -> Map:
        ps = self.p * self.differences
        found = np.zeros(self.voxels.shape)
        for step in range(1, len(self.levels)):
            both = self.counts[step:] > 0  # rows are filled from the first on
            numerator = (self.levels[step:] - self.levels[:-step]) * (ps[step:] + ps[:-step])
            found += np.sum(np.where(both, numerator / (self.p[step:] + self.p[:-step]), 0.0), axis=0)
        return 2 * found / self.voxels

    def contrast(self) -> Map:
        mean = np.sum(self.p * self.levels, axis=0)
        spread = 2 * np.sum(self.p * np.square(self.levels - mean), axis=0) * self.total / self.voxels
        return np.where(self.kinds > 1, spread / (self.kinds * (self.kinds - 1)), 0.0)

    def strength(self) -> Map:
        occurs = self.counts > 0
        center = np.sum(self.levels, axis=0) / self.kinds
        apart = np.where(occurs, self.levels - center, 0.0)
        spread = self.kinds * np.square(apart) + np.sum(np.square(apart), axis=0)  # of each level from all others
        found = 2 * np.sum(self.p * np.where(occurs, spread, 0.0), axis=0)
        return np.where(self.total == 0, 0.0, found / self.total)


_FEATURES: dict[str, Callable[[_Tones], Map]] = {
    "Busyness": _Tones.busyness,
    "Coarseness": _Tones.coarseness,
    "Complexity": _Tones.complexity,
    "Contrast": _Tones.contrast,
    "Strength": _Tones.strength,
}


def _tones(boxes: Neighborhoods, offsets: list[Offset], lonely: bool) -> _Tones:
    levels, inside = boxes.in_box(boxes.levels), boxes.in_box(boxes.inside)
    sums = np.zeros(levels.shape)
    neighbors = np.zeros(levels.shape, dtype=np.int16)
    for offset in offsets:
        if (places := boxes.pairs_of(offset)) is None:
            continue
        here, there = places
        sums[here] += levels[there]
        sums[there] += levels[here]
        neighbors[here] += inside[there]
        neighbors[there] += inside[here]
    distances = np.abs(levels - sums / np.maximum(neighbors, 1)) * (neighbors > 0)
    counts = inside if lonely else inside & (neighbors > 0)
    shape = boxes.ranks.shape
    return _by_level(boxes.levels, distances.reshape(shape), counts.reshape(shape))


def _by_level(levels: NDArray[np.signedinteger], distances: Map, inside: NDArray[np.bool_]) -> _Tones:
    """Places and distances of each level added up, the levels of each box in their order."""
    places, voxels = levels.shape
    most = (int(levels.max()) + 1) * places
    codes = np.where(inside, levels.astype(np.int64) * places + np.arange(places)[:, None], most)
    codes = sort(codes.astype(code_kind(most)))
    there = codes < most
    ordered = np.where(there, codes // places, 0)
    new = there.copy()
    new[1:] &= ordered[1:] != ordered[:-1]
    number = np.maximum(np.cumsum(new, axis=0, dtype=np.int64) - 1, 0)
    columns = np.arange(voxels)
    rows = int(number.max()) + 1
    cells = (number * voxels + columns).ravel()
    by_place = np.where(there, distances[np.where(there, codes % places, 0), columns], 0.0)
    counts, differences = (
        np.bincount(cells, weights=each.ravel(), minlength=rows * voxels).astype(np.float64).reshape(rows, voxels)
        for each in (there, by_place)
    )
    of_rows = np.zeros((rows, voxels))
    of_rows[number[there], np.broadcast_to(columns, there.shape)[there]] = ordered[there]
    return _Tones(of_rows, counts, differences)
