"""Zones of one gray level in one pass over a region, row by row."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import GrayLevels, Offset
from .jit import compiled
from .rows import Levels, Places, occupied, steps


def zones(gray: GrayLevels, offsets: list[Offset]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """As `glszm.zones`."""
    behind = steps(gray, offsets)
    first, others = _to_join(tuple(offsets))
    voxels = int(np.count_nonzero(gray.flat))
    numbers = np.zeros(1 << int(behind.max(initial=0)).bit_length(), dtype=np.int32)
    parents, sizes = np.empty(voxels + 1, dtype=np.int32), np.empty(voxels + 1, dtype=np.int32)
    ranks = np.empty(voxels + 1, dtype=gray.flat.dtype)
    count = _measure_zones(gray.flat, *occupied(gray), behind, first, others, numbers, parents, sizes, ranks)
    whole = np.flatnonzero(sizes[:count])
    return ranks[whole], sizes[whole].astype(np.int64)


@cache
def _to_join(offsets: tuple[Offset, ...]) -> tuple[NDArray[np.int8], NDArray[np.uint16]]:
    """Which of the earlier neighbors that have a voxel's level have to be joined with it.

    Those that are neighbors of each other were joined before, so that one of them will do. For each set of neighbors,
    whose bit d stands for ``offsets[d]``: the number of the first one, -1 where there is none, and the others as a set.
    """
    number = np.arange(len(offsets))
    places = np.array(offsets, dtype=np.int64).reshape(-1, 3)
    touching = (np.abs(places[:, None] - places[None]).max(axis=2, initial=0) <= 1) @ (1 << number)
    wanted = np.arange(1 << len(offsets))
    left, joined = wanted.copy(), np.zeros_like(wanted)
    while left.any():
        together = left & -left  # the first one, and then whatever touches what is there already
        joined |= together
        for bit in np.tile(number, len(offsets)):
            together |= np.where(together >> bit & 1, touching[bit] & wanted, 0)
        left &= ~together
    bits = joined[:, None] >> number & 1
    first = np.where(joined > 0, bits.argmax(axis=1) if offsets else 0, -1)
    return first.astype(np.int8), (joined & (joined - 1)).astype(np.uint16)


@compiled
def _measure_zones(
    flat: Levels,
    rows: Places,
    width: int,
    steps: Places,
    first: NDArray[np.int8],
    others: NDArray[np.uint16],
    numbers: NDArray[np.int32],
    parents: NDArray[np.int32],
    sizes: NDArray[np.int32],
    ranks: Levels,
) -> int:
    """Number the zones, and those parts of them that meet later on; return how many numbers there are.

    Parameters
    ----------
    first, others : of `_to_join`
    numbers : scratch, the numbers of the last voxels: a power of two of them, more than the longest step
    parents : scratch; for each number that of another part of the same zone, in the end of its first one
    sizes : voxels of each zone, under the number of its first part, and 0 under those of the others
    ranks : of each number
    """
    around = len(numbers) - 1
    same = np.zeros(width, np.uint16)
    count = 0
    for start in rows:
        row = flat[start : start + width]
        same[:] = 0
        for direction in range(len(steps)):
            there = flat[start - steps[direction] : start - steps[direction] + width]
            for column in range(width):
                same[column] |= np.uint16(row[column] == there[column]) << direction
        for column in range(width):
            if row[column] == 0:
                continue
            place, neighbor, more = start + column, first[same[column]], others[same[column]]
            if neighbor < 0:
                zone = count
                parents[zone], sizes[zone], ranks[zone] = zone, 0, row[column]
                count += 1
            else:
                zone = numbers[(place - steps[neighbor]) & around]
            if more > 0:
                zone = _first_part(parents, zone)
                for direction in range(len(steps)):
                    if more >> direction & 1:
                        other = _first_part(parents, numbers[(place - steps[direction]) & around])
                        zone, later = min(zone, other), max(zone, other)
                        parents[later] = zone
            numbers[place & around] = zone
            sizes[zone] += 1
    for number in range(count):
        parent = parents[parents[number]]  # the first part of a zone comes first and is its own parent
        if parent != number:
            parents[number] = parent
            sizes[parent] += sizes[number]
            sizes[number] = 0
    return count


@compiled
def _first_part(parents: NDArray[np.int32], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number
