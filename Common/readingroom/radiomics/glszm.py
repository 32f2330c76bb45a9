"""Gray level size zone matrix: how large the connected zones of one level are (Thibault 2009)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .gray_levels import GrayLevels, Offset
from .size_matrix import SizeMatrix

NAMES = {
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelNonUniformityNormalized": "LevelNonUniformityNormalized",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelZoneEmphasis": "HighLevel",
    "LargeAreaEmphasis": "Large",
    "LargeAreaHighGrayLevelEmphasis": "LargeHighLevel",
    "LargeAreaLowGrayLevelEmphasis": "LargeLowLevel",
    "LowGrayLevelZoneEmphasis": "LowLevel",
    "SizeZoneNonUniformity": "SizeNonUniformity",
    "SizeZoneNonUniformityNormalized": "SizeNonUniformityNormalized",
    "SmallAreaEmphasis": "Small",
    "SmallAreaHighGrayLevelEmphasis": "SmallHighLevel",
    "SmallAreaLowGrayLevelEmphasis": "SmallLowLevel",
    "ZoneEntropy": "Entropy",
    "ZonePercentage": "Percentage",
    "ZoneVariance": "SizeVariance",
}


def features(matrix: SizeMatrix) -> dict[str, NDArray[np.float64]]:
    """The 16 GLSZM features ``(regions,)`` of the `size_matrix` of all `zones`."""
    measures = matrix.features()
    return {name: measures[measure] for name, measure in NAMES.items()}


def zones(gray: GrayLevels, offsets: list[Offset]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """Rank and number of voxels of every zone; ``offsets`` are one of each opposite pair of direct neighbors.

    Runs along i are the nodes of a graph, touching runs of one level its edges, and its connected components the zones.
    """
    flat = gray.flat
    along_i = (0, 0, 1) in offsets
    starts = flat > 0
    if along_i:
        starts[1:] &= flat[1:] != flat[:-1]
    run = np.cumsum(starts, dtype=np.int32) - 1  # of each voxel inside
    first = np.flatnonzero(starts)
    one, other = _touching(gray, [offset for offset in offsets if offset != (0, 0, 1)], run, along_i)
    graph = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(first), len(first)))
    count, zone = connected_components(graph, directed=False)
    lengths = np.bincount(run[gray.inside], minlength=len(first))
    sizes = np.bincount(zone, weights=lengths, minlength=count).astype(np.int64)
    ranks = np.zeros(count, dtype=flat.dtype)
    ranks[zone] = flat[first]
    return ranks, sizes


def _touching(
    gray: GrayLevels, offsets: list[Offset], run: NDArray[np.int32], along_i: bool
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of runs that touch; pairs that follow from others are mostly left out."""
    flat = gray.flat
    inside = flat > 0
    ones, others = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    straight: dict[tuple[int, int], NDArray[np.bool_]] = {}
    for offset in sorted(offsets, key=lambda o: abs(o[2])):  # straight across before diagonal
        step = gray.step(offset)
        touches = inside[:-step] & (flat[:-step] == flat[step:])
        new = touches.copy()
        if along_i and offset[2] == 0:
            straight[offset[:2]] = touches
            # Where the voxel before touches across as well, and both are of one level, it is the same pair of runs.
            new[1:] &= ~(touches[:-1] & (flat[1:-step] == flat[: -step - 1]))
        elif along_i:
            # The diagonal neighbor lies beside the one straight across, in its run where that has the level as well.
            across = straight[offset[:2]]
            both = min(len(new), len(across))
            new[:both] &= ~across[:both]
        where = np.flatnonzero(new)
        ones.append(run[where])
        others.append(run[where + step])
    return np.concatenate(ones), np.concatenate(others)
