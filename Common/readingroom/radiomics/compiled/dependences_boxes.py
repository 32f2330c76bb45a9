"""Gray level dependences in the box around each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boxes import number_levels
from .jit import compiled
from .size_measures import add_measures, sums_of_things

FAR = -(1 << 30)  # from every level

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


@compiled
def dependences_of_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    at: Places,
    to_neighbors: Places,
    length: int,
    tolerance: int,
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of each place with one more than its dependent neighbors.

    Parameters
    ----------
    ranks, levels, corners, steps : as in `glcm_boxes.glcm_of_boxes`
    at, to_neighbors, length : of `boxes.PaddedBox`
    """
    most = min(len(steps), len(levels) - 1) + 1
    numbers = np.zeros(len(steps), np.uint32)
    of_rank = np.zeros(len(levels), np.uint32)
    of_number = np.zeros(most, np.int64)
    padded, sizes = np.full(length, FAR, np.int32), np.zeros(length, np.int32)
    things, cells = np.zeros(len(steps), np.uint32), np.zeros((2, len(steps) + 1), np.uint32)
    counts = np.zeros((most, len(squares[0])), np.int64)
    by_level, by_size = np.zeros((3, most)), np.zeros(len(squares[0]))
    for voxel in range(len(corners)):
        kinds = number_levels(ranks[corners[voxel] :], levels, steps, numbers, of_rank, of_number)
        for place in range(len(steps)):
            padded[at[place]] = of_number[numbers[place]] if numbers[place] > 0 else FAR
        _dependent(padded, to_neighbors, at[0], at[-1] + 1, tolerance, sizes)
        for place in range(len(steps)):
            things[place] = sizes[at[place]] if numbers[place] > 0 else 0
        out[voxel] = 0.0
        total, entropy, longest = sums_of_things(
            numbers, things, counts, cells, kinds, by_level, by_size, squares, table
        )
        add_measures(total, entropy, kinds, longest, of_number, by_level, by_size, squares, out[voxel])


@compiled
def _dependent(
    padded: NDArray[np.int32], to_neighbors: Places, begin: int, end: int, tolerance: int, sizes: NDArray[np.int32]
) -> None:
    """Write one more than the neighbors whose level is near, for all places from ``begin`` to ``end``."""
    sizes[begin:end] = 1
    here, found = padded[begin:end], sizes[begin:end]
    for step in to_neighbors:
        behind, ahead = padded[begin - step : end - step], padded[begin + step : end + step]
        for place in range(len(here)):
            level = here[place]
            found[place] += int(abs(level - behind[place]) <= tolerance) + int(abs(level - ahead[place]) <= tolerance)
