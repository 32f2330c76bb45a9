"""The boxes around many voxels at once: their gray levels, which of them count, and pairs of neighbors within.

Arrays have the places of the box first and the voxels last, ``(places, voxels)``, so that each step of the work is one
pass over voxels that lie side by side in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset

MOST_NUMBERS = 1 << 19  # places times voxels that are worked on at once: what fits a processor's cache, many times over
MOST_NUMBERS_IN_A_LOOP = 1 << 22  # places times voxels, from one sign of progress to the next
FEWEST_AT_ONCE = 256  # voxels, below which the steps themselves cost more than the work

Places = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Surroundings:
    """Gray levels around the voxels of a region, with a margin of zeros as wide as the box reaches.

    Parameters
    ----------
    ranks : of the levels ``[k, j, i]``: 0 where a voxel does not count, 1 for the lowest level that occurs
    present : the levels that occur, ascending
    values : gray values ``[k, j, i]``
    centers : positions of the region's voxels in the flat arrays, ``(voxels,)``
    reach : of the box from its center along each axis, 0 across slices that are looked at one by one
    """

    ranks: NDArray[np.signedinteger]
    present: NDArray[np.int64]
    values: NDArray
    centers: NDArray[np.int64]
    reach: tuple[int, int, int]

    @cached_property
    def flat_ranks(self) -> NDArray[np.uint32]:
        """``ranks`` in one row, without a sign, which compiled loops need not look at then."""
        return self.ranks.ravel().astype(np.uint32)

    @cached_property
    def flat_values(self) -> NDArray[np.float64]:
        """``values`` in one row."""
        return self.values.ravel().astype(np.float64)

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """By their ranks, 0 where a place does not count, ``(levels + 1,)``."""
        return np.concatenate([[0], self.present]).astype(np.int64)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Places of the box along each axis."""
        k, j, i = self.reach
        return 2 * k + 1, 2 * j + 1, 2 * i + 1

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """From a center to each place of its box in the flat arrays, ``(places,)``."""
        _, rows, columns = self.ranks.shape
        k, j, i = np.ogrid[tuple(slice(-reach, reach + 1) for reach in self.reach)]
        return np.asarray((k * rows + j) * columns + i).ravel()

    @cached_property
    def from_corner(self) -> NDArray[np.uint32]:
        """From the first place of a box to each in the flat arrays, ``(places,)``."""
        return (self.steps - self.steps[0]).astype(np.uint32)

    def with_room(self, offsets: list[Offset]) -> list[Offset]:
        """The offsets at which a place of the box can have a neighbor within it.

        A step to any other may lead back along the flat arrays, or nowhere.
        """
        return [
            offset for offset in offsets if all(abs(step) < size for step, size in zip(offset, self.sizes, strict=True))
        ]

    def steps_to(self, offsets: list[Offset]) -> NDArray[np.int64]:
        """From a voxel to its neighbors at the offsets in the flat arrays, ``(offsets,)``."""
        _, rows, columns = self.ranks.shape
        return np.array(offsets, dtype=np.int64).reshape(-1, 3) @ np.array([rows * columns, columns, 1])

    def rows(self) -> Iterator[tuple[NDArray[np.int64], Neighborhoods]]:
        """Numbers of voxels and their boxes, in the order of ``centers``, for loops that take one after another."""
        at_once = max(FEWEST_AT_ONCE, MOST_NUMBERS_IN_A_LOOP // len(self.steps))
        for start in range(0, len(self.centers), at_once):
            numbers = np.arange(start, min(start + at_once, len(self.centers)))
            yield numbers, Neighborhoods(self, self.centers[numbers], whole=False)

    def batches(self, most: int | None = None) -> Iterator[tuple[NDArray[np.int64], Neighborhoods]]:
        """Numbers of voxels (in the order of ``centers``) and their boxes, whole boxes before those with gaps.

        Parameters
        ----------
        most : voxels at once
        """
        whole = np.ones(len(self.centers), dtype=bool)
        flat = self.ranks.ravel() > 0
        for step in self.steps:
            whole &= flat[self.centers + step]
        at_once = max(FEWEST_AT_ONCE, MOST_NUMBERS // len(self.steps))
        at_once = min(at_once, most) if most else at_once
        for numbers, are_whole in ((np.flatnonzero(whole), True), (np.flatnonzero(~whole), False)):
            for start in range(0, len(numbers), at_once):
                part = numbers[start : start + at_once]
                yield part, Neighborhoods(self, self.centers[part], are_whole)


@dataclass(frozen=True)
class Neighborhoods:
    """Boxes of some voxels; ``whole`` where every place of every one of them counts."""

    around: Surroundings
    centers: NDArray[np.int64]
    whole: bool

    @property
    def corners(self) -> NDArray[np.int64]:
        """The first place of each box in the flat arrays, ``(voxels,)``."""
        return self.centers + self.around.steps[0]

    def _gathered(self, flat: NDArray) -> NDArray:
        found = np.empty((len(self.around.steps), len(self.centers)), dtype=flat.dtype)
        for place, step in zip(found, self.around.steps, strict=True):
            np.take(flat, self.centers + step, out=place)
        return found

    @cached_property
    def ranks(self) -> NDArray[np.signedinteger]:
        """Of the levels, 0 where a place does not count, ``(places, voxels)``."""
        return self._gathered(self.around.ranks.ravel())

    @cached_property
    def levels(self) -> NDArray[np.signedinteger]:
        """0 where a place does not count, ``(places, voxels)``."""
        present = self.around.present
        if len(present) == present[-1]:
            return self.ranks
        kind = np.int16 if present[-1] < 1 << 14 else np.int32
        return np.concatenate([[0], present]).astype(kind)[self.ranks]

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which places count, ``(places, voxels)``."""
        return self.ranks > 0

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Gray values, whatever they are where a place does not count, ``(places, voxels)``."""
        return self._gathered(self.around.values.ravel()).astype(np.float64)

    def in_box(self, array: NDArray) -> NDArray:
        """``(places, voxels)`` as ``[k, j, i, voxel]``."""
        return array.reshape(*self.around.sizes, len(self.centers))

    def pairs_of(self, offset: Offset) -> tuple[Places, Places] | None:
        """The places that have a neighbor at ``offset`` in the box, and those of the neighbors; None where none has."""
        if any(abs(step) >= size for step, size in zip(offset, self.around.sizes, strict=True)):
            return None
        here = tuple(slice(max(0, -o), size - max(0, o)) for o, size in zip(offset, self.around.sizes, strict=True))
        there = tuple(slice(max(0, o), size - max(0, -o)) for o, size in zip(offset, self.around.sizes, strict=True))
        return (here[0], here[1], here[2]), (there[0], there[1], there[2])
