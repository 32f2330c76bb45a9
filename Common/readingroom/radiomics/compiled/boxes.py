"""The box around a voxel: which places are neighbors, and its gray levels numbered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .jit import compiled

BITS = 60  # of whole numbers that stand for n log2 n

Sizes = tuple[int, int, int]


@dataclass(frozen=True)
class NeighborPlaces:
    """Pairs of neighboring places of a box, direction after direction.

    Parameters
    ----------
    one, other : places in the flat box, ``(pairs,)``
    first : where each direction begins, and the end of the last, ``(directions + 1,)``
    direction : of each pair, ``(pairs,)``
    """

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    first: NDArray[np.int64]
    direction: NDArray[np.int64]


@lru_cache(maxsize=16)
def neighbor_places(sizes: Sizes, offsets: tuple[Offset, ...]) -> NeighborPlaces:
    """The pairs of a box of these sizes; a direction in which it has no room for a neighbor has none."""
    behind = places_behind(sizes, offsets)
    found = [np.flatnonzero(each >= 0) for each in behind]
    counts = [len(each) for each in found]
    ones = [each[places] for each, places in zip(behind, found, strict=True)]
    nothing = [np.zeros(0, dtype=np.int64)]
    return NeighborPlaces(
        np.concatenate(ones or nothing).astype(np.int32),
        np.concatenate(found or nothing).astype(np.int32),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.repeat(np.arange(len(offsets)), counts),
    )


@dataclass(frozen=True)
class PaddedBox:
    """A box in one row, with so much room between its lines that a step to a neighbor beyond its edge leads nowhere.

    Parameters
    ----------
    at : where each place of the flat box lies, ``(places,)``
    steps : to a neighbor in each direction, backward with the sign changed, ``(directions,)``
    length : of the row
    """

    at: NDArray[np.int64]
    steps: NDArray[np.int64]
    length: int


@lru_cache(maxsize=16)
def padded_box(sizes: Sizes, offsets: tuple[Offset, ...]) -> PaddedBox:
    """The box of these sizes with room for these offsets."""
    reach = np.abs(np.array(offsets).reshape(-1, 3)).max(axis=0, initial=0)
    line = sizes[2] + reach[2]
    plane = (sizes[1] + reach[1]) * line
    strides = np.array([plane, line, 1])
    margin = int(reach @ strides)
    at = margin + np.indices(sizes).reshape(3, -1).T @ strides
    return PaddedBox(at, np.array(offsets).reshape(-1, 3) @ strides, int(at[-1]) + 1 + margin)


@lru_cache(maxsize=16)
def places_behind(sizes: Sizes, offsets: tuple[Offset, ...]) -> NDArray[np.int32]:
    """The place one offset before each place, -1 where that is outside the box, ``(directions, places)``."""
    found = np.full((len(offsets), *sizes), -1, dtype=np.int32)
    places = np.arange(np.prod(sizes), dtype=np.int32).reshape(sizes)
    for behind, offset in zip(found, offsets, strict=True):
        if all(abs(step) < size for step, size in zip(offset, sizes, strict=True)):
            here = tuple(slice(max(0, o), size - max(0, -o)) for o, size in zip(offset, sizes, strict=True))
            there = tuple(slice(max(0, -o), size - max(0, o)) for o, size in zip(offset, sizes, strict=True))
            behind[here] = places[there]
    return found.reshape(len(offsets), places.size)


def entropy_table(most: int) -> NDArray[np.float64]:
    """``n log2 n`` of 0, 1, ..., ``most``."""
    n = np.arange(most + 1, dtype=np.float64)
    return np.asarray(n * np.log2(np.maximum(n, 1)))


@compiled
def x_log2_x(x: float, table: NDArray[np.float64]) -> float:
    """Looked up for whole numbers; the table is empty where there are others."""
    if len(table) > 0:
        return float(table[int(x)])
    return float(x * np.log2(x)) if x > 0 else 0.0


@compiled
def whole_gains(table: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """By how much ``n log2 n`` grows from 0, 1, ... to the next, in whole numbers, whose sums have no rounding.

    Returns
    -------
    gains, unit : how many of the whole numbers are 1
    """
    unit = 2.0 ** (BITS - math.ceil(math.log2(table[-1] + 2)))
    gains = np.zeros(len(table), np.int64)
    for count in range(1, len(table)):
        gains[count - 1] = math.floor(table[count] * unit + 0.5) - math.floor(table[count - 1] * unit + 0.5)
    return gains, unit


@compiled
def number_levels(
    box: NDArray[np.uint32],
    levels: NDArray[np.int64],
    steps: NDArray[np.uint32],
    numbers: NDArray[np.uint32],
    of_rank: NDArray[np.uint32],
    of_number: NDArray[np.int64],
) -> int:
    """Number the levels that occur in a box from 1, in the order in which they are met; 0 where a place does not count.

    Parameters
    ----------
    box : ranks from the first place of the box on
    levels : by their ranks, ``levels[0]`` of no place
    steps : from the first place of the box to each
    numbers : written, ``(places,)``
    of_rank : zeros, and zeros again afterwards, ``(ranks,)``
    of_number : written: the level of each number

    Returns
    -------
    kinds : how many levels occur
    """
    kinds = 0
    for place in range(len(steps)):
        rank = box[steps[place]]
        if rank == 0:
            numbers[place] = 0
            continue
        if of_rank[rank] == 0:
            kinds += 1
            of_rank[rank] = kinds
            of_number[kinds] = levels[rank]
        numbers[place] = of_rank[rank]
    for place in range(len(steps)):
        of_rank[box[steps[place]]] = 0
    return kinds


@compiled
def levels_of_box(
    box: NDArray[np.uint32],
    steps: NDArray[np.uint32],
    voxel: int,
    last_seen: NDArray[np.int64],
    present: NDArray[np.uint32],
) -> tuple[int, int]:
    """Write the ranks of the levels that occur in a box, in the order in which they are met.

    Parameters
    ----------
    box, steps : as in `number_levels`
    voxel : a number that no box before had
    last_seen : that of the last box with a level, ``(ranks,)``
    present : written

    Returns
    -------
    kinds, count : how many levels occur, and how many places count
    """
    kinds, count = 0, 0
    for step in steps:
        rank = box[step]
        if rank > 0:
            count += 1
            if last_seen[rank] != voxel:
                last_seen[rank] = voxel
                present[kinds] = rank
                kinds += 1
    return kinds, count


@compiled
def levels_in_order(
    box: NDArray[np.uint32],
    steps: NDArray[np.uint32],
    voxel: int,
    last_seen: NDArray[np.int64],
    present: NDArray[np.uint32],
) -> int:
    """As `levels_of_box`, in the order of the ranks, for few levels; gives back how many."""
    kinds = 0
    for step in steps:
        last_seen[box[step]] = voxel
    for rank in range(1, len(last_seen)):
        if last_seen[rank] == voxel:
            present[kinds] = rank
            kinds += 1
    return kinds
