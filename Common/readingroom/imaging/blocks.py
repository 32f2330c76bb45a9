"""A large picture on fewer pixels: each block of n x n of them becomes one.

What is laid over a film (maps, outlines) needs no calcifications: a mammogram has 12 million pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from .geometry import Geometry

if TYPE_CHECKING:
    from PIL.Image import Resampling

LONGEST_SIDE = 1024  # blocks
_BAND = 2**18  # pixels that Pillow, which copies what it is given, has at once

Padding = tuple[tuple[int, int], tuple[int, int]]  # rows above and below, columns to the left and to the right
NO_PADDING: Padding = ((0, 0), (0, 0))


def block_side(shape: tuple[int, ...]) -> int:
    """How many pixels wide the blocks of a picture (rows, columns) are: no side has more than `LONGEST_SIDE`."""
    return -(-max(shape) // LONGEST_SIDE)


def block_means(gray: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean of each block of a picture ``[j, i]``; those at its end may be smaller."""
    if side == 1:
        return gray
    from PIL import Image  # which Slicer has not before it is set up

    return np.concatenate([np.asarray(Image.fromarray(band).reduce(side)) for band in _bands(gray, side)])


def resampled(
    gray: NDArray[np.float32], size: tuple[int, int], resampling: Resampling, around: Padding = NO_PADDING
) -> NDArray[np.float32]:
    """A picture ``[j, i]``, padded with black, of (rows, columns): to the last bit as Pillow resizes it.

    Pillow resizes rows first and then columns: the rows can be given to it in bands.
    """
    from PIL import Image

    rows, columns = size
    across = np.concatenate(
        [
            np.asarray(Image.fromarray(band).resize((columns, len(band)), resampling))
            for band in _bands(gray, 1, around[1])
        ]
    )
    across = np.pad(across, (around[0], (0, 0)))
    return np.asarray(Image.fromarray(across).resize((columns, rows), resampling))


def _bands(gray: NDArray[np.float32], side: int, beside: tuple[int, int] = (0, 0)) -> Iterator[NDArray[np.float32]]:
    """The rows of a picture in their order, whole blocks of them; with so many black columns on either side."""
    step = side * max(1, _BAND // (side * gray.shape[1]))
    for first in range(0, len(gray), step):
        yield np.pad(gray[first : first + step].astype(np.float32, copy=False), ((0, 0), beside))


def block_middles(shape: tuple[int, int], side: int) -> list[NDArray[np.intp]]:
    """The rows and the columns in the middle of the blocks of a picture (rows, columns)."""
    return [np.minimum(np.arange(0, size, side) + side // 2, size - 1) for size in shape]


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
    flat = (side, side, 1)[: len(size)]
    spacing = tuple(step * count for step, count in zip(geometry.spacing, flat, strict=True))
    origin = image.TransformContinuousIndexToPhysicalPoint([(count - 1) / 2 for count in flat])
    grid = SimpleITK.Image(list(size), SimpleITK.sitkUInt8)
    return Geometry(spacing, origin, geometry.direction).given_to(grid)
