"""What run lengths, zone sizes and dependences have in common: features of a matrix of gray level by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .first_order import EPSILON


@dataclass(frozen=True)
class SizeMatrix:
    """How often something of a gray level has a size.

    Parameters
    ----------
    counts : ``[level, size]``
    levels : gray level of each row
    sizes : size of each column: run length, voxels of a zone, or one more than the dependent neighbors
    """

    counts: NDArray[np.float64]
    levels: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def features(self) -> dict[str, float]:
        """The sixteen measures, by names that say what is small, large, low or high.

        Everything is NaN where nothing was counted.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._features()

    def _features(self) -> dict[str, float]:
        total = self.counts.sum()
        by_level, by_size = self.counts.sum(axis=1), self.counts.sum(axis=0)
        i2, j2 = self.levels**2, self.sizes**2
        p = self.counts / total
        small, large = self.counts @ (1 / j2), self.counts @ j2  # of each level
        return {
            "Small": np.sum(by_size / j2) / total,
            "Large": np.sum(by_size * j2) / total,
            "LevelNonUniformity": np.sum(by_level**2) / total,
            "LevelNonUniformityNormalized": np.sum(by_level**2) / total**2,
            "SizeNonUniformity": np.sum(by_size**2) / total,
            "SizeNonUniformityNormalized": np.sum(by_size**2) / total**2,
            "Percentage": total / np.sum(by_size * self.sizes),
            "LevelVariance": _variance(by_level / total, self.levels),
            "SizeVariance": _variance(by_size / total, self.sizes),
            "Entropy": -np.sum(p * np.log2(p + EPSILON)),
            "LowLevel": np.sum(by_level / i2) / total,
            "HighLevel": np.sum(by_level * i2) / total,
            "SmallLowLevel": np.sum(small / i2) / total,
            "SmallHighLevel": np.sum(small * i2) / total,
            "LargeLowLevel": np.sum(large / i2) / total,
            "LargeHighLevel": np.sum(large * i2) / total,
        }


def size_matrix(ranks: NDArray[np.integer], sizes: NDArray[np.integer], present: NDArray[np.int64]) -> SizeMatrix:
    """The matrix of things given one by one, each with its rank (from 1) and its size; empty sizes are left out."""
    occurring, columns = np.unique(sizes, return_inverse=True)
    shape = (len(present), len(occurring))
    code = (ranks.astype(np.int64) - 1) * shape[1] + columns
    counts = np.bincount(code, minlength=shape[0] * shape[1]).reshape(shape)
    return SizeMatrix(counts.astype(np.float64), present.astype(np.float64), occurring.astype(np.float64))


def _variance(p: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    return float(np.sum(p * (values - np.sum(p * values)) ** 2))
