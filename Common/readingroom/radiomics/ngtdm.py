"""Neighboring gray tone difference matrix: how far a voxel is from the mean of its neighbors (Amadasun 1989)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .gray_levels import GrayLevels


@dataclass(frozen=True)
class ToneDifferences:
    """For each gray level that occurs: the level, its voxels, and the sum of their distances from their neighbors."""

    levels: NDArray[np.float64]
    counts: NDArray[np.float64]
    differences: NDArray[np.float64]

    @cached_property
    def p(self) -> NDArray[np.float64]:
        """Probability of each level."""
        return self.counts / self.counts.sum()

    @cached_property
    def apart(self) -> NDArray[np.float64]:
        """How far each two levels are from each other, ``(levels, levels)``."""
        return self.levels[:, None] - self.levels[None, :]

    @cached_property
    def probable(self) -> NDArray[np.float64]:
        return self.p[:, None] + self.p[None, :]

    @cached_property
    def weighted(self) -> float:
        return float(np.sum(self.p * self.differences))

    def busyness(self) -> float:
        of_levels = self.levels * self.counts  # whole numbers, whose differences are 0 without rounding
        unlike = np.sum(np.abs(of_levels[:, None] - of_levels[None, :]))
        return float(self.weighted * self.counts.sum() / unlike) if unlike != 0 else 0.0

    def coarseness(self) -> float:
        return 1 / self.weighted if self.weighted != 0 else 1e6

    def complexity(self) -> float:
        ps = self.p * self.differences
        pairs = np.abs(self.apart) * (ps[:, None] + ps[None, :]) / self.probable
        return float(np.sum(pairs) / self.counts.sum())

    def contrast(self) -> float:
        kinds = len(self.levels)
        spread = np.sum(self.p[:, None] * self.p[None, :] * self.apart**2) * np.sum(self.differences)
        return float(spread / self.counts.sum() / (kinds * (kinds - 1))) if kinds > 1 else 0.0

    def strength(self) -> float:
        total = np.sum(self.differences)
        return float(np.sum(self.probable * self.apart**2) / total) if total != 0 else 0.0


_FEATURES: dict[str, Callable[[ToneDifferences], float]] = {
    "Busyness": ToneDifferences.busyness,
    "Coarseness": ToneDifferences.coarseness,
    "Complexity": ToneDifferences.complexity,
    "Contrast": ToneDifferences.contrast,
    "Strength": ToneDifferences.strength,
}
NAMES = tuple(_FEATURES)


def features(found: ToneDifferences, names: Sequence[str] | None = None) -> dict[str, float]:
    """NGTDM features of `tone_differences`, all five unless ``names`` says which."""
    return {name: _FEATURES[name](found) for name in (NAMES if names is None else names)}


def tone_differences(
    gray: GrayLevels, distances: tuple[int, ...], flat_axis: int | None, lonely: bool = True
) -> ToneDifferences:
    """Neighbors are at the given Chebyshev distances.

    A ``lonely`` voxel, one without neighbors, counts with a distance of zero (PyRadiomics) or not at all (IBSI).
    """
    sums, neighbors = _neighborhoods(gray, distances, flat_axis)
    level = gray.present.astype(np.float64)[gray.flat[gray.inside] - 1]
    mean = sums / np.maximum(neighbors, 1)
    distance = np.where(neighbors > 0, np.abs(level - mean), 0.0)
    ranks = gray.flat[gray.inside] - 1
    differences = np.bincount(ranks, weights=distance, minlength=len(gray.present)).astype(np.float64)
    counts = gray.counts if lonely else np.bincount(ranks[neighbors > 0], minlength=len(gray.present))
    return of_levels(gray, counts.astype(np.float64), differences)


def of_levels(gray: GrayLevels, counts: NDArray[np.float64], differences: NDArray[np.float64]) -> ToneDifferences:
    """Voxels and differences of each level of the region; levels without a voxel that counts are left out."""
    levels = gray.present.astype(np.float64)
    return ToneDifferences(levels[counts > 0], counts[counts > 0], differences[counts > 0])


def _neighborhoods(
    gray: GrayLevels, distances: tuple[int, ...], flat_axis: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum of levels and number of neighbors of each voxel inside.

    A shell at distance d is a box of reach d less a box of reach d - 1, and a box sum is three sums along lines.
    """
    most = (2 * max(distances) + 1) ** 3
    level_table = np.concatenate([[0], gray.present])
    levels = level_table.astype(np.min_scalar_type(gray.highest * most))[gray.padded]
    ones = (gray.padded > 0).astype(np.min_scalar_type(most))
    sums = np.zeros(len(gray.inside))
    neighbors = np.zeros(len(gray.inside), dtype=np.int64)
    for distance in sorted(set(distances)):
        for reach, sign in ((distance, 1), (distance - 1, -1)):
            sums += sign * _box_sum(levels, reach, flat_axis).ravel()[gray.inside].astype(np.float64)
            neighbors += sign * _box_sum(ones, reach, flat_axis).ravel()[gray.inside].astype(np.int64)
    return sums, neighbors


def _box_sum(array: NDArray, reach: int, flat_axis: int | None) -> NDArray:
    """Sum over the box of ``2 reach + 1`` voxels a side; the array's margin of zeros is at least as wide as reach."""
    for axis in range(3):
        if axis == flat_axis or reach == 0:
            continue
        total = array.copy()
        for shift in range(1, reach + 1):
            ahead, behind = _shifted(axis, slice(shift, None)), _shifted(axis, slice(None, -shift))
            total[ahead] += array[behind]
            total[behind] += array[ahead]
        array = total
    return array


def _shifted(axis: int, part: slice) -> tuple[slice, ...]:
    return tuple(part if other == axis else slice(None) for other in range(3))
