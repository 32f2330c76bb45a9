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

AT_ONCE = 1 << 13  # voxels that are looked at from one direction after another while they are in a core's first cache

Levels = NDArray[np.unsignedinteger]
Places = NDArray[np.int64]


def cooccurrences(gray: GrayLevels, offsets: list[Offset], symmetrical: bool = True) -> NDArray[np.float64]:
    """As `glcm.cooccurrences`."""
    kinds = len(gray.present) + 1
    counts = np.zeros((len(offsets), kinds, kinds), dtype=np.int64)
    _count_pairs(gray.flat, gray.inside, _steps(gray, offsets), counts)
    return glcm.matrices_of_counts(counts, symmetrical)


def dependence_matrix(gray: GrayLevels, offsets: list[Offset], tolerance: int = 0) -> SizeMatrix:
    """As `gldm.dependence_matrix`; levels that are not quite alike are left to numpy."""
    if tolerance > 0:
        return gldm.dependence_matrix(gray, offsets, tolerance)
    counts = np.zeros((len(gray.present) + 1, 2 * len(offsets) + 1), dtype=np.int64)
    _count_alike(gray.flat, gray.inside, _both_ways(gray, offsets), counts)
    return gldm.matrix_of_counts(counts[1:], gray)


def run_length_matrix(gray: GrayLevels, offset: Offset) -> SizeMatrix:
    """As `glrlm.run_length_matrix`."""
    step = gray.step(offset)
    counts = np.zeros((len(gray.present) + 1, max(gray.padded.shape) + 1), dtype=np.int64)
    lengths = np.empty(1 << int(step).bit_length(), dtype=np.int64)
    _count_runs(gray.flat, gray.inside, step, lengths, counts)
    return glrlm.matrix_of_counts(counts[1:, 1:], gray)


def zones(gray: GrayLevels, offsets: list[Offset]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """As `glszm.zones`."""
    sizes = np.zeros(len(gray.inside), dtype=np.int64)
    parents = np.empty(len(gray.flat), dtype=np.int64)  # memory is taken where the region lies alone
    _measure_zones(gray.flat, gray.inside, _steps(gray, offsets), parents, sizes)
    first = np.flatnonzero(sizes)
    return gray.flat[gray.inside[first]], sizes[first]


def tone_differences(
    gray: GrayLevels, distances: tuple[int, ...], flat_axis: int | None, lonely: bool = True
) -> ToneDifferences:
    """As `ngtdm.tone_differences`."""
    kinds = len(gray.present) + 1
    levels: NDArray[np.integer] = gray.flat
    if gray.highest >= kinds:
        levels = np.concatenate([[0], gray.present])[gray.flat]
    counts, with_neighbors, differences = np.zeros(kinds), np.zeros(kinds), np.zeros(kinds)
    steps = _both_ways(gray, directions(distances, flat_axis))
    _add_differences(gray.flat, levels, gray.inside, steps, counts, with_neighbors, differences)
    return ngtdm.of_levels(gray, (counts if lonely else with_neighbors)[1:], differences[1:])


BY_LOOPS = Matrices(cooccurrences, dependence_matrix, run_length_matrix, zones, tone_differences)


def _steps(gray: GrayLevels, offsets: list[Offset]) -> Places:
    return np.array([gray.step(offset) for offset in offsets], dtype=np.int64)


def _both_ways(gray: GrayLevels, offsets: list[Offset]) -> Places:
    steps = _steps(gray, offsets)
    return np.concatenate([steps, -steps])


@compiled
def _count_pairs(flat: Levels, inside: Places, steps: Places, counts: Places) -> None:
    """Count the levels of each voxel and of its neighbor, ``(directions, levels + 1, levels + 1)``."""
    for start in range(0, len(inside), AT_ONCE):
        stop = min(start + AT_ONCE, len(inside))
        for direction in range(len(steps)):
            step = steps[direction]
            for voxel in range(start, stop):
                place = inside[voxel]
                counts[direction, flat[place], flat[place + step]] += 1


@compiled
def _count_alike(flat: Levels, inside: Places, steps: Places, counts: Places) -> None:
    """Count the voxels of each level by how many of the neighbors have the same, ``(levels + 1, neighbors + 1)``."""
    alike = np.zeros(AT_ONCE, np.uint16)
    voxel = 0
    while voxel < len(inside):
        start = inside[voxel]
        places = min(AT_ONCE, inside[-1] + 1 - start)
        alike[:places] = 0
        for step in steps:
            here, there = flat[start : start + places], flat[start + step : start + step + places]
            for place in range(places):
                alike[place] += np.uint16(here[place] == there[place])
        while voxel < len(inside) and inside[voxel] < start + places:
            place = inside[voxel]
            counts[flat[place], alike[place - start]] += 1
            voxel += 1


@compiled
def _count_runs(flat: Levels, inside: Places, step: int, lengths: Places, counts: Places) -> None:
    """Count runs by level and length, ``(levels + 1, longest + 1)``.

    Each voxel counts as the end of a run and takes back the one that it goes on with. ``lengths`` holds those of the
    last voxels: a power of two, more than ``step``.
    """
    around = len(lengths) - 1
    for voxel in range(len(inside)):
        place = inside[voxel]
        level = flat[place]
        goes_on = 1 if flat[place - step] == level else 0
        length = 1 + (lengths[(place - step) & around] if goes_on else 0)
        lengths[place & around] = length
        counts[level, length] += 1
        counts[level, length - 1] -= goes_on


@compiled
def _measure_zones(flat: Levels, inside: Places, steps: Places, parents: Places, sizes: Places) -> None:
    """Write how many voxels the zone has of which a voxel is the first, 0 for all others.

    Parameters
    ----------
    parents : scratch, for each place; the numbers of voxels in ``inside``
    """
    for voxel in range(len(inside)):
        place, root = inside[voxel], voxel
        level = flat[place]
        parents[place] = voxel
        for step in steps:
            neighbor = place - step
            if flat[neighbor] != level:
                continue
            end = parents[neighbor]
            if end == root:
                continue
            while parents[inside[end]] != end:
                end = parents[inside[end]]
            parents[neighbor] = end
            if end < root:
                parents[inside[root]] = end
                root = end
            else:
                parents[inside[end]] = root
        parents[place] = root
    for voxel in range(len(inside)):
        root = parents[inside[parents[inside[voxel]]]]  # the first voxel of a zone comes first and knows itself
        parents[inside[voxel]] = root
        sizes[root] += 1


@compiled
def _add_differences(
    flat: Levels,
    of_places: NDArray[np.integer],
    inside: Places,
    steps: Places,
    counts: NDArray[np.float64],
    with_neighbors: NDArray[np.float64],
    differences: NDArray[np.float64],
) -> None:
    """Add up, by ranks, the voxels, those that have neighbors, and their distances from the mean of them.

    Parameters
    ----------
    of_places : the level of each place, 0 outside
    """
    sums, neighbors = np.zeros(AT_ONCE, np.int64), np.zeros(AT_ONCE, np.uint16)
    voxel = 0
    while voxel < len(inside):
        start = inside[voxel]
        places = min(AT_ONCE, inside[-1] + 1 - start)
        sums[:places] = 0
        neighbors[:places] = 0
        for step in steps:
            there = of_places[start + step : start + step + places]
            for place in range(places):
                sums[place] += there[place]
            for place in range(places):
                neighbors[place] += np.uint16(there[place] > 0)
        while voxel < len(inside) and inside[voxel] < start + places:
            place = inside[voxel]
            rank, around = flat[place], neighbors[place - start]
            counts[rank] += 1
            if around > 0:
                with_neighbors[rank] += 1
                differences[rank] += abs(of_places[place] - sums[place - start] / around)
            voxel += 1
