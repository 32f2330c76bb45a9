"""Dependences, runs and zones in the box around each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boxes import number_levels
from .jit import compiled
from .size_measures import add_measures, sums, sums_of_cells

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@compiled
def dependences_of_boxes(
    ranks: NDArray[np.int32],
    levels: Places,
    centers: Places,
    steps: Places,
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    largest: int,
    tolerance: int,
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of each place with one more than its dependent neighbors.

    Parameters
    ----------
    ranks, levels, centers, steps : as in `glcm_boxes.glcm_of_boxes`
    one, other : pairs of neighbors in all directions
    largest : one more than the neighbors of a voxel
    """
    most = min(len(steps), len(levels) - 1) + 1
    numbers = np.zeros(len(steps), np.int64)
    of_rank = np.zeros(len(levels), np.int64)
    of_number = np.zeros(most, np.int64)
    sizes = np.zeros(len(steps), np.int64)
    counts, by_size = np.zeros((most, largest + 1)), np.zeros(largest + 1)
    cell_level, cell_size = np.zeros(len(steps), np.int64), np.zeros(len(steps), np.int64)
    by_level = np.zeros((3, most))
    for voxel in range(len(centers)):
        kinds = number_levels(ranks, levels, centers[voxel], steps, numbers, of_rank, of_number)
        sizes[:] = 1
        for pair in range(len(one)):
            here, there = one[pair], other[pair]
            a, b = numbers[here], numbers[there]
            near = 1 if a == b else 0
            if tolerance > 0 and a * b > 0 and abs(of_number[a] - of_number[b]) <= tolerance:
                near = 1
            sizes[here] += near
            sizes[there] += near
        cells = 0
        for place in range(len(steps)):
            if numbers[place] > 0:
                cells = _count(numbers[place], sizes[place], cells, cell_level, cell_size, counts)
        out[voxel] = 0.0
        total, entropy, longest = sums_of_cells(
            cells, cell_level, cell_size, counts, kinds, by_level, by_size, squares, table
        )
        add_measures(total, entropy, kinds, longest, of_number, by_level, by_size, squares, out[voxel])


@compiled
def runs_of_boxes(
    ranks: NDArray[np.int32],
    levels: Places,
    centers: Places,
    steps: Places,
    behind: NDArray[np.int32],
    weights: Numbers,
    together: bool,
    largest: int,
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of runs: their mean over the directions, or of all directions together.

    A direction in which no line of the box has two places that count has no runs; NaN where no direction has any.

    Parameters
    ----------
    ranks, levels, centers, steps : as in `glcm_boxes.glcm_of_boxes`
    behind : the place before each, `boxes.places_behind`
    weights : of the directions
    largest : places along the longest side of the box
    """
    most = min(len(steps), len(levels) - 1) + 1
    places = len(steps)
    of_rank = np.zeros(len(levels), np.int64)
    of_number = np.zeros(most, np.int64)
    numbers, lengths = np.zeros(places + 1, np.int64), np.zeros(places + 1, np.int64)
    numbers[places] = -1  # of a place outside the box, which goes on in no other
    before = np.where(behind >= 0, behind, places)
    of_direction, counts = np.zeros((most, largest + 1)), np.zeros((most, largest + 1))
    by_level, by_size = np.zeros((3, most)), np.zeros(largest + 1)
    for voxel in range(len(centers)):
        kinds = number_levels(ranks, levels, centers[voxel], steps, numbers, of_rank, of_number)
        out[voxel] = 0.0
        directions = 0
        for direction in range(len(behind)):
            if weights[direction] == 0 or not _has_line(numbers, before[direction], lengths):
                continue
            directions += 1
            for place in range(places):
                number, last = numbers[place], before[direction, place]
                goes_on = 1 if numbers[last] == number else 0
                length = 1 + goes_on * lengths[last]
                lengths[place] = length
                of_direction[number, length] += 1
                of_direction[number, length - 1] -= goes_on
            of_direction[:, 0] = 0.0
            of_direction[0] = 0.0
            if together:
                counts += weights[direction] * of_direction
                of_direction[:] = 0.0
                continue
            total, entropy = sums(of_direction, kinds, by_level, by_size, squares, table)
            add_measures(total, entropy, kinds, largest, of_number, by_level, by_size, squares, out[voxel])
        if directions == 0:
            out[voxel] = np.nan
        elif together:
            total, entropy = sums(counts, kinds, by_level, by_size, squares, table)
            add_measures(total, entropy, kinds, largest, of_number, by_level, by_size, squares, out[voxel])
        else:
            out[voxel] /= directions


@compiled
def _has_line(numbers: Places, before: Places, on_line: Places) -> bool:
    """Whether a line of the box in one direction has two places that count; ``on_line`` is scratch."""
    places = len(before)
    on_line[places] = 0
    for place in range(places):
        on_line[place] = on_line[before[place]] + (1 if numbers[place] > 0 else 0)
        if on_line[place] > 1:
            return True
    return False


@compiled
def zones_of_boxes(
    ranks: NDArray[np.int32],
    levels: Places,
    centers: Places,
    steps: Places,
    behind: NDArray[np.int32],
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of connected zones of one level within the box.

    Parameters
    ----------
    ranks, levels, centers, steps, behind : as in `runs_of_boxes`
    """
    most = min(len(steps), len(levels) - 1) + 1
    places = len(steps)
    numbers = np.zeros(places, np.int64)
    of_rank = np.zeros(len(levels), np.int64)
    of_number = np.zeros(most, np.int64)
    zone, sizes = np.zeros(places, np.int64), np.zeros(places, np.int64)
    counts, by_size = np.zeros((most, places + 1)), np.zeros(places + 1)
    cell_level, cell_size = np.zeros(places, np.int64), np.zeros(places, np.int64)
    by_level = np.zeros((3, most))
    for voxel in range(len(centers)):
        kinds = number_levels(ranks, levels, centers[voxel], steps, numbers, of_rank, of_number)
        for place in range(places):
            number, root = numbers[place], place
            zone[place], sizes[place] = place, 0
            if number == 0:
                continue
            for direction in range(len(behind)):
                before = behind[direction, place]
                if before >= 0 and numbers[before] == number:
                    end = zone[before]
                    while zone[end] != end:
                        end = zone[end]
                    zone[before] = end
                    if end < root:
                        zone[root] = end
                        root = end
                    else:
                        zone[end] = root
            zone[place] = root
        for place in range(places):
            if numbers[place] > 0:
                zone[place] = zone[zone[place]]  # roots come first, and know theirs already
                sizes[zone[place]] += 1
        cells = 0
        for place in range(places):
            if sizes[place] > 0:
                cells = _count(numbers[place], sizes[place], cells, cell_level, cell_size, counts)
        out[voxel] = 0.0
        total, entropy, longest = sums_of_cells(
            cells, cell_level, cell_size, counts, kinds, by_level, by_size, squares, table
        )
        add_measures(total, entropy, kinds, longest, of_number, by_level, by_size, squares, out[voxel])


@compiled
def _count(number: int, size: int, cells: int, cell_level: Places, cell_size: Places, counts: Numbers) -> int:
    """Add a thing to the matrix and give back how many of its cells are not empty."""
    if counts[number, size] == 0:
        cell_level[cells], cell_size[cells] = number, size
        cells += 1
    counts[number, size] += 1
    return cells
