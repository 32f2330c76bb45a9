"""Gray level dependence matrix: how many neighbors of a voxel have about its level (Sun and Wee 1983)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gray_levels import GrayLevels, Offset
from .size_matrix import SizeMatrix

NAMES = {
    "DependenceEntropy": "Entropy",
    "DependenceNonUniformity": "SizeNonUniformity",
    "DependenceNonUniformityNormalized": "SizeNonUniformityNormalized",
    "DependenceVariance": "SizeVariance",
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelEmphasis": "HighLevel",
    "LargeDependenceEmphasis": "Large",
    "LargeDependenceHighGrayLevelEmphasis": "LargeHighLevel",
    "LargeDependenceLowGrayLevelEmphasis": "LargeLowLevel",
    "LowGrayLevelEmphasis": "LowLevel",
    "SmallDependenceEmphasis": "Small",
    "SmallDependenceHighGrayLevelEmphasis": "SmallHighLevel",
    "SmallDependenceLowGrayLevelEmphasis": "SmallLowLevel",
}


def features(matrix: SizeMatrix) -> dict[str, NDArray[np.float64]]:
    """The 14 GLDM features ``(regions,)`` of a `dependence_matrix`."""
    measures = matrix.features()
    return {name: measures[measure] for name, measure in NAMES.items()}


def dependence_matrix(gray: GrayLevels, offsets: list[Offset], tolerance: int = 0) -> SizeMatrix:
    """Voxels by level and by one more than the number of dependent neighbors.

    Parameters
    ----------
    offsets : one of each opposite pair of neighbors
    tolerance : levels that differ by at most this are dependent (``gldm_a``)
    """
    dependent = _dependent_neighbors(gray, offsets, tolerance)[gray.inside]
    most = 2 * len(offsets) + 1
    code = (gray.flat[gray.inside].astype(np.int64) - 1) * most + dependent
    return matrix_of_counts(np.bincount(code, minlength=len(gray.present) * most).reshape(-1, most), gray)


def matrix_of_counts(counts: NDArray[np.integer], gray: GrayLevels) -> SizeMatrix:
    """The matrix whose columns are 0, 1, ... dependent neighbors, of which those that nowhere occur are left out."""
    occurring = counts.any(axis=0)
    return SizeMatrix(
        counts[:, occurring].astype(np.float64),
        gray.present.astype(np.float64),
        (np.flatnonzero(occurring) + 1).astype(np.float64),
    )


def _dependent_neighbors(gray: GrayLevels, offsets: list[Offset], tolerance: int) -> NDArray[np.unsignedinteger]:
    """For each voxel of the flat array; what stands outside the region is not meant to be read.

    Both of an opposite pair of neighbors are counted in one comparison: who depends on whom is mutual.
    """
    found = np.zeros(len(gray.flat), dtype=np.min_scalar_type(2 * len(offsets)))
    levels = gray.flat if tolerance == 0 else np.concatenate([[0], gray.present])[gray.flat]
    for offset in offsets:
        step = gray.step(offset)
        here, there = levels[:-step], levels[step:]
        near = here == there if tolerance == 0 else np.abs(here - there) <= tolerance
        same = near & (there > 0) & (here > 0)
        found[:-step] += same
        found[step:] += same
    return found
