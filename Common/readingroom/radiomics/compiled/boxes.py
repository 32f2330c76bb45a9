"""The box around a voxel: which places are neighbors, and its gray levels numbered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .jit import compiled

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
    return found.reshape(len(offsets), -1)


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
def number_levels(
    ranks: NDArray[np.int32],
    levels: NDArray[np.int64],
    center: int,
    steps: NDArray[np.int64],
    numbers: NDArray[np.int64],
    of_rank: NDArray[np.int64],
    of_number: NDArray[np.int64],
) -> int:
    """Number the levels that occur in a box from 1, in the order in which they are met; 0 where a place does not count.

    Parameters
    ----------
    levels : by their ranks, ``levels[0]`` of no place
    numbers : written, ``(places,)``
    of_rank : zeros, and zeros again afterwards, ``(ranks,)``
    of_number : written: the level of each number

    Returns
    -------
    kinds : how many levels occur
    """
    kinds = 0
    for place in range(len(steps)):
        rank = ranks[center + steps[place]]
        if rank == 0:
            numbers[place] = 0
            continue
        if of_rank[rank] == 0:
            kinds += 1
            of_rank[rank] = kinds
            of_number[kinds] = levels[rank]
        numbers[place] = of_rank[rank]
    for place in range(len(steps)):
        of_rank[ranks[center + steps[place]]] = 0
    return kinds
