"""Connected zones of one level in the box around each voxel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .boxes import number_levels
from .jit import compiled
from .size_measures import add_measures, sums_of_things

Masks = NDArray[np.int32]
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


@lru_cache(maxsize=4)
def one_of_each_group(offsets: tuple[Offset, ...]) -> Masks:
    """For each set of neighbors behind a voxel, one bit each, a set with one of those that touch one another.

    The others are in a zone with that one already when the voxel is looked at. ``(2 ** directions,)``
    """
    places = -np.array(offsets).reshape(-1, 3)
    touch = np.abs(places[:, None] - places).max(axis=2) <= 1
    bits = np.arange(len(places))
    held = (np.arange(1 << len(places))[:, None] >> bits & 1).astype(bool)
    groups = np.where(held, bits, len(places))
    for _ in bits:
        groups = np.where(held, np.where(touch, groups[:, None], len(places)).min(axis=2), len(places))
    return np.asarray(((held & (groups == bits)) << bits).sum(axis=1), dtype=np.int32)


@lru_cache(maxsize=4)
def lowest_bits(directions: int) -> NDArray[np.int64]:
    """The number of the lowest bit of each set of directions, ``(2 ** directions,)``."""
    sets = np.arange(1 << directions)
    return np.asarray(np.log2(np.maximum(sets & -sets, 1)).astype(np.int64))


def masks_inside(behind: NDArray[np.int32]) -> Masks:
    """The neighbors behind each place that are inside the box, by `boxes.places_behind`, ``(places,)``."""
    return np.asarray(((behind >= 0) << np.arange(len(behind))[:, None]).sum(axis=0), dtype=np.int32)


@compiled
def zones_of_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    offsets: Places,
    behind: NDArray[np.int32],
    inside: Masks,
    groups: Masks,
    lowest: Places,
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of connected zones of one level within the box.

    Parameters
    ----------
    ranks, levels, corners, steps : as in `glcm_boxes.glcm_of_boxes`; corners ascend
    offsets : of the directions in ``ranks``
    behind : the place before each, `boxes.places_behind`
    inside, groups, lowest : `masks_inside`, `one_of_each_group`, `lowest_bits`
    """
    most = min(len(steps), len(levels) - 1) + 1
    places = len(steps)
    numbers = np.zeros(places, np.uint32)
    of_rank = np.zeros(len(levels), np.uint32)
    of_number = np.zeros(most, np.int64)
    zone, sizes = np.zeros(places, np.uint32), np.zeros(places, np.uint32)
    cells = np.zeros((2, places + 1), np.uint32)
    counts, by_size = np.zeros((most, places + 1), np.int64), np.zeros(places + 1)
    by_level = np.zeros((3, most))
    begin, end = corners[0], corners[-1] + steps[-1] + 1
    alike = _alike(ranks[begin:end], offsets)
    for voxel in range(len(corners)):
        near = alike[corners[voxel] - begin :]
        kinds = number_levels(ranks[corners[voxel] :], levels, steps, numbers, of_rank, of_number)
        for place in range(places):
            sizes[place] = 0
            if numbers[place] == 0:
                continue
            neighbors = groups[near[steps[place]] & inside[place]]
            root = place
            while neighbors > 0:
                found = zone[behind[lowest[neighbors], place]]
                while zone[found] != found:
                    found = zone[found]
                neighbors &= neighbors - 1
                if root == place:
                    root = found
                elif found < root:
                    zone[root] = found
                    root = found
                else:
                    zone[found] = root
            zone[place] = root
        for place in range(places):
            if numbers[place] > 0:
                zone[place] = zone[zone[place]]  # roots come first, and know theirs already
                sizes[zone[place]] += 1
        out[voxel] = 0.0
        total, entropy, longest = sums_of_things(
            numbers, sizes, counts, cells, kinds, by_level, by_size, squares, table
        )
        add_measures(total, entropy, kinds, longest, of_number, by_level, by_size, squares, out[voxel])


@compiled
def _alike(ranks: Ranks, offsets: Places) -> Masks:
    """The neighbors behind each voxel that have its level, a bit for each direction."""
    found = np.zeros(len(ranks), np.int32)
    for direction in range(len(offsets)):
        step = offsets[direction]
        here, before, of_here = ranks[step:], ranks[: len(ranks) - step], found[step:]
        for voxel in range(len(here)):
            of_here[voxel] |= int(here[voxel] == before[voxel]) << direction
    return found
