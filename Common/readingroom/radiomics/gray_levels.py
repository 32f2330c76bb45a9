"""Gray values sorted into bins, the input of every texture matrix."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import counted

Offset = tuple[int, int, int]


@dataclass(frozen=True)
class GrayLevels:
    """A region whose gray values are levels 1, 2, ... with a margin of zeros around it.

    The margin makes every neighbor a fixed step away in the flat array, and a level of 0 says "outside" both beyond
    the mask and beyond the box.

    Parameters
    ----------
    padded : ranks of the levels ``[k, j, i]``: 0 outside, otherwise 1 for the lowest level that occurs, 2 for the next
    present : the levels that occur, ascending, ``(levels,)``; ``present[rank - 1]`` is the level
    margin : zeros on each side of the box; no offset may reach further
    """

    padded: NDArray[np.unsignedinteger]
    present: NDArray[np.int64]
    margin: int

    @property
    def highest(self) -> int:
        """The number of levels as PyRadiomics counts them: the highest, also when some below do not occur."""
        return int(self.present.max())

    @cached_property
    def flat(self) -> NDArray[np.unsignedinteger]:
        """The padded ranks in one row."""
        return self.padded.ravel()

    @cached_property
    def inside(self) -> NDArray[np.int64]:
        """Positions of the region's voxels in `flat`, ``(voxels,)``."""
        return np.flatnonzero(self.flat > 0)  # of truth values many times faster

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Voxels of each level that occurs, ``(levels,)``."""
        return np.bincount(self.flat[self.inside], minlength=len(self.present) + 1)[1:]

    def step(self, offset: Offset) -> int:
        """How far the neighbor at ``offset`` (k, j, i) lies in `flat`."""
        if max(map(abs, offset)) > self.margin:
            raise ValueError(f"offset {offset} reaches over the margin of {self.margin}")
        _, rows, columns = self.padded.shape
        return (offset[0] * rows + offset[1]) * columns + offset[2]


def gray_levels(levels: NDArray[np.int64], mask: NDArray[np.bool_], margin: int = 1) -> GrayLevels:
    """Levels of the voxels inside ``mask`` (in the mask's own order) as a padded array of ranks."""
    present, ranks = _ranks(levels)
    kind = np.min_scalar_type(len(present))
    padded = np.zeros([size + 2 * margin for size in mask.shape], dtype=kind)
    box = tuple(slice(margin, margin + size) for size in mask.shape)
    padded[box][mask] = ranks.astype(kind)
    return GrayLevels(padded, present, margin)


def one_behind_another(several: Sequence[GrayLevels]) -> GrayLevels:
    """Several images of one region as one, whose neighbors are those in each and whose ranks tell the images apart.

    The levels that occur are those of the first, then those of the second, and so on.
    """
    if len(several) == 1:
        return several[0]
    counts = [len(each.present) for each in several]
    kind = np.min_scalar_type(sum(counts))
    ranks = [
        each.padded + (each.padded > 0) * kind.type(before)
        for each, before in zip(several, firsts_of(several), strict=True)
    ]
    return GrayLevels(np.concatenate(ranks), np.concatenate([each.present for each in several]), several[0].margin)


def firsts_of(several: Sequence[GrayLevels]) -> list[int]:
    """How many levels come before those of each, one behind another."""
    return [0, *itertools.accumulate(len(each.present) for each in several[:-1])]


def directions(distances: tuple[int, ...] = (1,), flat_axis: int | None = None) -> list[Offset]:
    """Offsets (k, j, i) at the given Chebyshev distances, one of each opposite pair.

    Parameters
    ----------
    distances : in voxels
    flat_axis : the axis along which no offset goes (texture slice by slice); None for all three
    """
    return list(_directions(distances, flat_axis))


@cache
def _directions(distances: tuple[int, ...], flat_axis: int | None) -> tuple[Offset, ...]:
    reach = range(max(distances), -max(distances) - 1, -1)
    everywhere = [(k, j, i) for k in reach for j in reach for i in reach]
    return tuple(
        offset
        for offset in everywhere
        if offset > (0, 0, 0) and max(map(abs, offset)) in distances and (flat_axis is None or offset[flat_axis] == 0)
    )


def direction_weights(
    offsets: list[Offset], spacing: tuple[float, float, float], norm: str | None, near: bool
) -> NDArray[np.float64] | None:
    """A weight for each direction, or None when directions are not added up.

    Parameters
    ----------
    spacing : mm, ``(k, j, i)``
    norm : of the offset in mm: manhattan, euclidean, infinity; ``no_weighting`` gives ones
    near : weigh by ``exp(-length^2)``, as co-occurrences are; otherwise by the length, as runs are
    """
    if norm is None:
        return None
    steps = np.abs(np.array(offsets).reshape(-1, 3)) * np.asarray(spacing)
    if norm == "no_weighting":
        return np.ones(len(offsets))
    if norm == "infinity":
        length = steps.max(axis=1)
    elif norm == "euclidean":
        length = np.sqrt(np.sum(steps**2, axis=1))
    elif norm == "manhattan":
        length = steps.sum(axis=1)
    else:
        raise ValueError(f"no norm named {norm}")
    return np.exp(-(length**2)) if near else length


def fixed_width(values: NDArray, width: float) -> NDArray[np.int64]:
    """Levels of bins of one width whose edges lie at multiples of it: ``floor(x / w) - floor(min / w) + 1``.

    The edges are made by `numpy.arange` as in PyRadiomics, so that values on an edge fall on the same side.
    """
    lowest, highest = values.min(), values.max()
    if np.issubdtype(values.dtype, np.integer):
        lowest, highest = int(lowest), int(highest)
    edges = np.arange(lowest - (lowest % width), highest + 2 * width, width)
    return _digitize(values, edges)


def fixed_width_from(values: NDArray, width: float, start: float) -> NDArray[np.int64]:
    """Levels of bins of one width of which the first begins at ``start`` (IBSI)."""
    return np.floor((values.astype(np.float64) - start) / width).astype(np.int64) + 1


def fixed_count(values: NDArray, count: int) -> NDArray[np.int64]:
    """Levels of ``count`` bins of equal width between minimum and maximum.

    Raises
    ------
    InputError : the values lie too close together for so many
    """
    try:
        edges = np.histogram_bin_edges(values, count)
    except ValueError as error:
        raise InputError(
            f"The values of the region, {values.min():g} to {values.max():g}, cannot be told apart in "
            f"{counted(count, 'bin')}; choose a smaller binCount."
        ) from error
    edges[-1] += 1  # the maximum belongs to the highest bin
    return _digitize(values, edges)


def _digitize(values: NDArray, edges: NDArray) -> NDArray[np.int64]:
    """`numpy.digitize`; whole numbers that repeat are looked up in a table of their range."""
    if np.issubdtype(values.dtype, np.integer):
        lowest, highest = int(values.min()), int(values.max())
        if highest - lowest < len(values):
            table = np.digitize(np.arange(lowest, highest + 1), edges)
            return table[values.astype(np.int64) - lowest]
    return np.digitize(values, edges)


def _ranks(levels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The levels that occur, and for each voxel the rank of its level among them, from 1."""
    lowest, highest = int(levels.min()), int(levels.max())
    if highest - lowest >= 16 * len(levels):  # a table of all levels would dwarf the region
        present, ranks = np.unique(levels, return_inverse=True)
        return present, ranks + 1
    occurs = np.bincount(levels - lowest) > 0
    table = np.cumsum(occurs, dtype=np.int64)
    return (np.flatnonzero(occurs) + lowest).astype(np.int64), table[levels - lowest]
