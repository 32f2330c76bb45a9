"""The voxels that are measured: gray values and mask, cropped to the smallest box around the mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Region:
    """A region of an image.

    Parameters
    ----------
    image : gray values ``[k, j, i]`` in the type that they were stored in
    mask : True where the region is, ``[k, j, i]``
    spacing : distance of neighboring voxel centers in mm, ``(k, j, i)``
    """

    image: NDArray
    mask: NDArray[np.bool_]
    spacing: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.image.shape != self.mask.shape or self.mask.ndim != 3:
            raise ValueError(f"image {self.image.shape} and mask {self.mask.shape} are not of one 3D shape")

    @cached_property
    def values(self) -> NDArray:
        """Gray values inside the mask, ``(voxels,)``."""
        return self.image[self.mask]


@dataclass(frozen=True)
class MaskInBox:
    """A mask of a whole image of which no more is kept than the box around it, so that a small region costs little.

    Parameters
    ----------
    inside : the mask in its smallest box, ``[k, j, i]``
    box : where that is
    shape : of the whole
    """

    inside: NDArray[np.bool_]
    box: Box
    shape: tuple[int, ...]

    @cached_property
    def voxels(self) -> int:
        return int(np.count_nonzero(self.inside))

    def __getitem__(self, box: Box) -> NDArray[np.bool_]:
        """The mask in any box of the image."""
        if box == self.box:
            return self.inside
        part = np.zeros([each.stop - each.start for each in box], dtype=bool)
        common = overlap(self.box, box)
        part[within(common, box)] = self.inside[within(common, self.box)]
        return part

    def cut_to(self, box: Box) -> MaskInBox:
        """The mask in a part of the image that holds all of it."""
        return MaskInBox(self.inside, within(self.box, box), tuple(part.stop - part.start for part in box))

    def whole(self) -> NDArray[np.bool_]:
        k, j, i = self.shape
        return self[slice(0, k), slice(0, j), slice(0, i)]


def in_box(mask: NDArray[np.bool_], around: Box | None = None, shape: tuple[int, ...] | None = None) -> MaskInBox:
    """A mask ``[k, j, i]``, or one that lies ``around`` in an image of a ``shape``.

    Raises
    ------
    ValueError : no voxel is True
    """
    box = bounding_box(mask)
    if around is None or shape is None:
        return MaskInBox(mask[box], box, mask.shape)
    k, j, i = (slice(a.start + b.start, a.stop + b.start) for a, b in zip(box, around, strict=True))
    return MaskInBox(mask[box], (k, j, i), shape)


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The smallest box that holds every True voxel of ``[k, j, i]``.

    Raises
    ------
    ValueError : no voxel is True
    """
    in_plane = np.any(mask, axis=0)
    profiles = (np.any(mask.reshape(len(mask), -1), axis=1), np.any(in_plane, axis=1), np.any(in_plane, axis=0))
    if not profiles[0].any():
        raise ValueError("an empty mask has no box")
    k, j, i = (np.flatnonzero(profile)[[0, -1]] for profile in profiles)
    return slice(int(k[0]), int(k[1]) + 1), slice(int(j[0]), int(j[1]) + 1), slice(int(i[0]), int(i[1]) + 1)


def widened(box: Box, margin: int | tuple[int, int, int], shape: tuple[int, ...]) -> Box:
    """The box with so many voxels around it (along each axis), as far as the image of this shape reaches."""
    margins = (margin,) * 3 if isinstance(margin, int) else margin
    k, j, i = (
        slice(max(part.start - more, 0), min(part.stop + more, size))
        for part, more, size in zip(box, margins, shape, strict=True)
    )
    return k, j, i


def overlap(one: Box, other: Box) -> Box:
    """What two boxes have in common; sides of no length where they have nothing."""
    k, j, i = (
        slice(start := max(a.start, b.start), max(min(a.stop, b.stop), start)) for a, b in zip(one, other, strict=True)
    )
    return k, j, i


def within(box: Box, wide: Box) -> Box:
    """The box as counted from the start of a wider one."""
    k, j, i = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, wide, strict=True))
    return k, j, i
