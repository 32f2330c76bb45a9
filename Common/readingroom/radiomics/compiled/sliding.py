"""A box that slides along rows of voxels: what leaves it with a step, and what enters it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .boxes import Sizes, neighbor_places, places_behind

Places = NDArray[np.int64]
Steps = NDArray[np.uint32]
Pairs = tuple[Steps, Steps, Places]  # one place and the other of each, and where each direction begins


@dataclass(frozen=True)
class Slice:
    """Pairs of neighboring places of a box: all of them, or those that a step along a row changes.

    Parameters
    ----------
    one, other : places in the flat box, ``(pairs,)``
    first : where each direction begins, and the end of the last, ``(directions + 1,)``
    """

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    first: Places

    def steps(self, steps: Steps) -> Pairs:
        """The pairs by their steps from the first place of the box, given those of all places of the box."""
        return steps[self.one], steps[self.other], self.first


@lru_cache(maxsize=16)
def slices(sizes: Sizes, offsets: tuple[Offset, ...]) -> tuple[Slice, Slice, Slice]:
    """Pairs of the whole box, those that a step leaves behind, and those that were not there a step before."""
    pairs = neighbor_places(sizes, offsets)
    columns = np.stack([pairs.one, pairs.other]) % sizes[2]

    def part(chosen: NDArray[np.bool_]) -> Slice:
        counts = np.bincount(pairs.direction[chosen], minlength=len(offsets))
        return Slice(pairs.one[chosen], pairs.other[chosen], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    return part(columns[0] >= 0), part((columns == 0).any(axis=0)), part((columns == sizes[2] - 1).any(axis=0))


@lru_cache(maxsize=16)
def first_and_last(sizes: Sizes) -> tuple[Steps, Steps]:
    """Places of the flat box that a step leaves behind, and those that were not there a step before."""
    places = np.arange(np.prod(sizes), dtype=np.uint32)
    return places[:: sizes[2]].copy(), places[sizes[2] - 1 :: sizes[2]].copy()


@lru_cache(maxsize=16)
def room_along(sizes: Sizes, offsets: tuple[Offset, ...]) -> tuple[NDArray, NDArray]:
    """Places of the box from each place on, itself among them, in each direction and against it.

    Directions are taken so that they go along the row, not against it. ``(places, directions)``, the first against it.
    """
    behind = places_behind(sizes, offsets)
    back = np.ones(behind.shape, dtype=np.min_scalar_type(max(sizes)))
    for of_direction, room in zip(behind, back, strict=True):
        for place in np.flatnonzero(of_direction >= 0):
            room[place] = room[of_direction[place]] + 1
    forth = back[:, ::-1]
    turned = np.array([offset[2] < 0 for offset in offsets], dtype=bool).reshape(-1, 1)
    return np.where(turned, forth, back).T.copy(), np.where(turned, back, forth).T.copy()
