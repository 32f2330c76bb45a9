"""What run lengths, zone sizes and dependences have in common: features of a matrix of gray level by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .first_order import EPSILON


@dataclass(frozen=True)
class SizeMatrix:
    """How often something of a gray level has a size, in one region or in several at once.

    Parameters
    ----------
    counts : ``[..., level, size]``, directions first where there are several
    levels : gray level of each row
    sizes : size of each column: run length, voxels of a zone, or one more than the dependent neighbors
    firsts : the row that each region begins with
    """

    counts: NDArray[np.float64]
    levels: NDArray[np.float64]
    sizes: NDArray[np.float64]
    firsts: Sequence[int] = (0,)

    def features(self) -> dict[str, NDArray[np.float64]]:
        """The sixteen measures ``[..., region]``, by names that say what is small, large, low or high.

        Everything is NaN where nothing was counted.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._features()

    def _features(self) -> dict[str, NDArray[np.float64]]:
        by_level, by_size = self.counts.sum(axis=-1), self._sum(self.counts, axis=-2)
        total = self._sum(by_level)
        i2, j2 = self.levels**2, self.sizes**2
        small, large = self.counts @ (1 / j2), self.counts @ j2  # of each level
        of_sizes = by_size / total[..., None]
        alike, alike_in_size = self._sum(by_level**2), np.sum(by_size**2, axis=-1)
        mean_size = np.sum(of_sizes * self.sizes, axis=-1, keepdims=True)
        return {
            "Small": self._sum(small) / total,
            "Large": self._sum(large) / total,
            "LevelNonUniformity": alike / total,
            "LevelNonUniformityNormalized": alike / total**2,
            "SizeNonUniformity": alike_in_size / total,
            "SizeNonUniformityNormalized": alike_in_size / total**2,
            "Percentage": total / np.sum(by_size * self.sizes, axis=-1),
            "LevelVariance": self._level_variance(by_level / self._of_rows(total)),
            "SizeVariance": np.sum(of_sizes * (self.sizes - mean_size) ** 2, axis=-1),
            "Entropy": self._entropy(total),
            "LowLevel": self._sum(by_level / i2) / total,
            "HighLevel": self._sum(by_level * i2) / total,
            "SmallLowLevel": self._sum(small / i2) / total,
            "SmallHighLevel": self._sum(small * i2) / total,
            "LargeLowLevel": self._sum(large / i2) / total,
            "LargeHighLevel": self._sum(large * i2) / total,
        }

    def _sum(self, of_levels: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        """Over the levels of each region."""
        if len(self.firsts) == 1:
            return np.asarray(of_levels.sum(axis=axis, keepdims=True))
        return np.add.reduceat(of_levels, self.firsts, axis=axis)

    def _of_rows(self, of_regions: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each region has, for each of its levels."""
        if len(self.firsts) == 1:
            return of_regions
        return np.repeat(of_regions, np.diff([*self.firsts, len(self.levels)]), axis=-1)

    def _level_variance(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        apart = self.levels - self._of_rows(self._sum(p * self.levels))
        return self._sum(p * apart**2)

    def _entropy(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        p = self.counts / self._of_rows(total)[..., None]
        return -self._sum(np.sum(p * np.log2(p + EPSILON), axis=-1))


def size_matrix(ranks: NDArray[np.integer], sizes: NDArray[np.integer], present: NDArray[np.int64]) -> SizeMatrix:
    """The matrix of things given one by one, each with its rank (from 1) and its size; empty sizes are left out."""
    occurs = np.bincount(sizes) > 0  # no size is larger than the region
    occurring = np.flatnonzero(occurs)
    shape = (len(present), len(occurring))
    code = (ranks.astype(np.int64) - 1) * shape[1] + np.cumsum(occurs)[sizes] - 1
    counts = np.bincount(code, minlength=shape[0] * shape[1]).reshape(shape)
    return SizeMatrix(counts.astype(np.float64), present.astype(np.float64), occurring.astype(np.float64))
