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


def within(box: Box, wide: Box) -> Box:
    """The box as counted from the start of a wider one."""
    k, j, i = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, wide, strict=True))
    return k, j, i
