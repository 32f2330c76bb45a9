"""A large picture on fewer pixels: each block of n x n of them becomes one.

What is laid over a film (maps, outlines) needs no calcifications: a mammogram has 12 million pixels.
"""

from __future__ import annotations

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from .geometry import Geometry

LONGEST_SIDE = 1024  # blocks


def block_side(shape: tuple[int, ...]) -> int:
    """How many pixels wide the blocks of a picture (rows, columns) are: no side has more than `LONGEST_SIDE`."""
    return -(-max(shape) // LONGEST_SIDE)


def block_means(gray: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean of each block of a picture ``[j, i]``; those at its end may be smaller."""
    if side == 1:
        return gray
    from PIL import Image  # which Slicer has not before it is set up

    return np.asarray(Image.fromarray(np.ascontiguousarray(gray, dtype=np.float32)).reduce(side), dtype=np.float32)


def block_middles(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """What a mask ``[j, i]`` is in the middle of each block."""
    rows, columns = (np.minimum(np.arange(0, size, side) + side // 2, size - 1) for size in mask.shape)
    return np.asarray(mask[np.ix_(rows, columns)])


def side_between(size: tuple[int, ...], of_blocks: tuple[int, ...]) -> int:
    """How wide the blocks are when a picture of that size has so many along each axis; 0 where none are.

    Axes of length 1, such as the third one of a picture from DICOM, do not count.
    """
    if len(size) != len(of_blocks):
        return 0
    pairs = [pair for pair in zip(size, of_blocks, strict=True) if pair != (1, 1)]
    side = max((round(whole / max(blocks, 1)) for whole, blocks in pairs), default=1)
    return side if all(blocks == -(-whole // max(side, 1)) for whole, blocks in pairs) else 0


def grid_of_blocks(image: SimpleITK.Image, size: tuple[int, ...]) -> SimpleITK.Image:
    """Where the blocks of a picture lie: an empty image of that size (i, j) or (i, j, 1); the image itself where alike.

    Raises
    ------
    ValueError : the picture has no blocks of that number
    """
    if tuple(image.GetSize()) == tuple(size):
        return image
    side = side_between(image.GetSize(), size)
    if side < 1:
        raise ValueError(f"An image of {image.GetSize()} has no {size} blocks.")
    geometry = Geometry.of(image)
    grid = SimpleITK.Image(list(size), SimpleITK.sitkUInt8)
    flat = (side, side, 1)[: len(size)]
    grid.SetSpacing([step * count for step, count in zip(geometry.spacing, flat, strict=True)])
    grid.SetDirection(geometry.direction)
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint([(count - 1) / 2 for count in flat]))
    return grid
