"""Texture matrices of a whole region by compiled loops; `matrices.BY_NUMPY` has the same by numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import glcm, gldm, glrlm, ngtdm
from ..gray_levels import GrayLevels, Offset, directions
from ..matrices import Matrices
from ..ngtdm import ToneDifferences
from ..size_matrix import SizeMatrix
from .jit import compiled
from .rows import Levels, Places, occupied, steps
from .zones import zones

COUNTS_AT_ONCE = 1 << 24  # of run lengths, in several directions together

Counts = NDArray[np.uint32]


def cooccurrences(gray: GrayLevels, offsets: list[Offset], symmetrical: bool = True) -> NDArray[np.float64]:
    """As `glcm.cooccurrences`."""
    kinds = len(gray.present) + 1
    in_twos = [*offsets, *offsets[-1:]] if len(offsets) % 2 else offsets
    counts = np.zeros((len(in_twos), kinds, kinds), dtype=np.uint32)
    _count_pairs(gray.flat, *occupied(gray), steps(gray, in_twos), counts)
    return glcm.matrices_of_counts(counts[: len(offsets)], symmetrical)


def dependence_matrix(gray: GrayLevels, offsets: list[Offset], tolerance: int = 0) -> SizeMatrix:
    """As `gldm.dependence_matrix`; levels that are not quite alike, or more than 65535 neighbors, are left to numpy."""
    if tolerance > 0 or 2 * len(offsets) > np.iinfo(np.uint16).max:
        return gldm.dependence_matrix(gray, offsets, tolerance)
    counts = np.zeros((len(gray.present) + 1, 2 * len(offsets) + 1), dtype=np.uint32)
    _count_alike(gray.flat, *occupied(gray), steps(gray, offsets), counts)
    return gldm.matrix_of_counts(counts[1:], gray)


def run_length_matrices(gray: GrayLevels, offsets: list[Offset]) -> list[SizeMatrix]:
    """As `glrlm.run_length_matrices`."""
    slices, rows, columns = gray.padded.shape
    longest, kinds = max(slices, rows, columns), len(gray.present) + 1
    kind = np.uint16 if longest <= np.iinfo(np.uint16).max else np.uint32
    if longest * kinds > COUNTS_AT_ONCE:
        longest = min(longest, int(gray.counts.max()))
    shape = (longest + 2, kinds)
    at_once = max(1, COUNTS_AT_ONCE // (shape[0] * shape[1]))
    matrices = []
    for start in range(0, len(offsets), at_once):
        k, j, i = np.array(offsets[start : start + at_once]).T
        reached = np.zeros((len(k), *shape), dtype=np.uint32)
        lengths = np.zeros((len(k), rows + 2, columns), dtype=kind)
        _count_reached(gray.flat, *occupied(gray), columns, k * rows + j, i, lengths, reached)
        # Of the runs that reach a length some reach the next one.
        counts = (reached[:, 1:-1] - reached[:, 2:]).transpose(0, 2, 1)[:, 1:]
        matrices += [glrlm.matrix_of_counts(each, gray) for each in counts]
    return matrices


def tone_differences(
    gray: GrayLevels, distances: tuple[int, ...], flat_axis: int | None, lonely: bool = True
) -> ToneDifferences:
    """As `ngtdm.tone_differences`; levels beyond 65535, and sums that need more than 32 bits, are left to numpy."""
    one_way = steps(gray, directions(distances, flat_axis))
    if gray.highest > np.iinfo(np.uint16).max or gray.highest * 2 * len(one_way) > np.iinfo(np.int32).max:
        return ngtdm.tone_differences(gray, distances, flat_axis, lonely)
    kinds = len(gray.present) + 1
    table = np.concatenate([[0], gray.present]).astype(np.uint16)
    levels = np.empty(len(gray.flat), dtype=np.uint16)
    counts, with_neighbors, differences = np.zeros(kinds), np.zeros(kinds), np.zeros(kinds)
    _add_differences(gray.flat, table, levels, *occupied(gray), one_way, counts, with_neighbors, differences)
    return ngtdm.of_levels(gray, (counts if lonely else with_neighbors)[1:], differences[1:])


BY_LOOPS = Matrices(cooccurrences, dependence_matrix, run_length_matrices, zones, tone_differences)


@compiled
def _count_pairs(flat: Levels, rows: Places, width: int, steps: Places, counts: Counts) -> None:
    """Count the levels of each voxel and of its neighbor, ``(directions, levels + 1, levels + 1)``.

    Directions go in twos, so that of two counts of one pair of levels, one does not have to wait for the other.
    """
    for start in rows:
        row = flat[start : start + width]
        for direction in range(0, len(steps), 2):
            here, there = counts[direction], counts[direction + 1]
            one = flat[start + steps[direction] : start + steps[direction] + width]
            other = flat[start + steps[direction + 1] : start + steps[direction + 1] + width]
            for place in range(width):
                level = row[place]
                if level > 0:
                    here[level, one[place]] += 1
                    there[level, other[place]] += 1


@compiled
def _count_alike(flat: Levels, rows: Places, width: int, steps: Places, counts: Counts) -> None:
    """Count the voxels of each level by how many of the neighbors have the same, ``(levels + 1, neighbors + 1)``."""
    alike = np.zeros(width, np.uint16)
    for start in rows:
        row = flat[start : start + width]
        alike[:] = 0
        for step in steps:
            there, back = flat[start + step : start + step + width], flat[start - step : start - step + width]
            for place in range(width):
                alike[place] += np.uint16(row[place] == there[place]) + np.uint16(row[place] == back[place])
        for place in range(width):
            if row[place] > 0:
                counts[row[place], alike[place]] += 1


@compiled
def _count_reached(
    flat: Levels,
    rows: Places,
    width: int,
    columns: int,
    down: Places,
    across: Places,
    lengths: NDArray[np.unsignedinteger],
    reached: Counts,
) -> None:
    """Count the runs that reach a length, each voxel as what its run has reached there.

    Parameters
    ----------
    columns : from one row to the next
    down, across : how many rows and columns further the next voxel of a run lies, for each direction
    lengths : scratch, what the runs have reached in the last rows, ``(directions, rows, columns)``
    reached : ``(directions, longest + 2, levels + 1)``
    """
    margin = rows[0] % columns
    for start in rows:
        row = flat[start : start + width]
        number = start // columns
        here = number % lengths.shape[1]
        for direction in range(len(down)):
            left = margin - across[direction]
            before = lengths[direction, (number - down[direction]) % lengths.shape[1], left : left + width]
            now = lengths[direction, here, margin : margin + width]
            back = start - down[direction] * columns - across[direction]
            there = flat[back : back + width]
            if down[direction] > 0:
                for place in range(width):
                    now[place] = 1 + before[place] * np.uint16(row[place] == there[place])
                continue
            length = 0  # the next voxel of a run lies in the same row
            for place in range(width):
                length = length + 1 if row[place] == there[place] else 1
                now[place] = length
        for place in range(width):
            level = row[place]
            if level > 0:
                for direction in range(len(down)):
                    reached[direction, lengths[direction, here, margin + place], level] += 1


@compiled
def _add_differences(
    flat: Levels,
    table: NDArray[np.uint16],
    levels: NDArray[np.uint16],
    rows: Places,
    width: int,
    steps: Places,
    counts: NDArray[np.float64],
    with_neighbors: NDArray[np.float64],
    differences: NDArray[np.float64],
) -> None:
    """Add up, by ranks, the voxels, those that have neighbors, and their distances from the mean of them.

    Parameters
    ----------
    table : the level of each rank, 0 for what lies outside
    levels : scratch, for each place
    """
    for place in range(len(flat)):
        levels[place] = table[flat[place]]
    sums, neighbors = np.zeros(width, np.int32), np.zeros(width, np.uint16)
    for start in rows:
        row = flat[start : start + width]
        here = levels[start : start + width]
        sums[:] = 0
        neighbors[:] = 0
        for step in steps:
            there, back = levels[start + step : start + step + width], levels[start - step : start - step + width]
            for place in range(width):
                sums[place] += np.int32(there[place]) + np.int32(back[place])
            for place in range(width):
                neighbors[place] += np.uint16(there[place] > 0) + np.uint16(back[place] > 0)
        for place in range(width):
            rank, around = row[place], neighbors[place]
            if rank > 0:
                counts[rank] += 1
                if around > 0:
                    with_neighbors[rank] += 1
                    differences[rank] += abs(here[place] - sums[place] / around)
