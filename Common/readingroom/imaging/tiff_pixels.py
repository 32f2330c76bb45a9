"""The values of a TIFF page of 8, 16, 32 or 64 bits, in any byte order, arrangement and lossless packing.

Pillow hands out such pages as 8 bits, in the wrong byte order, inverted, or not at all. Source: TIFF revision 6.0, and
Adobe's technical note 3 for the predictor of floating point numbers.
"""

from __future__ import annotations

import io
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from .tiff_directory import TiffDirectory

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES, _FORMAT = 317, 322, 323, 324, 325, 339
_FILL_ORDER = 266
_RAW, _DEFLATE = (1,), (8, 32946)
_BY_LIBTIFF = (5, 32773, 34925, 50000)  # LZW, PackBits, LZMA, Zstandard
_KINDS = {1: "u", 2: "i", 3: "f"}
_GRAY_OR_RGB = (0, 1, 2)
_HORIZONTAL, _FLOATING = 2, 3
_MOST_SAMPLES = 8
_LARGE_TILE = 2**21  # pixels; the usual ones have 2 ** 16 to 2 ** 20
_QUIET = threading.Lock()


def knows(page: TiffDirectory) -> bool:
    """Whether `values_of` reads this page; others have fewer bits, a palette, or a packing that loses something."""
    bits = set(page.numbers(_BITS, 1))
    kinds = set(page.numbers(_FORMAT, 1))
    one_kind = len(bits) == 1 and len(kinds) == 1 and kinds <= set(_KINDS)
    return (
        one_kind
        and (bits <= {8, 16, 32, 64} if kinds != {3} else bits <= {16, 32, 64})
        and page.number(_PHOTOMETRIC, 1) in _GRAY_OR_RGB
        and page.number(_COMPRESSION, 1) in (*_RAW, *_DEFLATE, *_BY_LIBTIFF)
        and page.number(_FILL_ORDER, 1) == 1
        and page.number(_PREDICTOR, 1) in (1, _HORIZONTAL, _FLOATING)
        and 1 <= page.number(_SAMPLES, 1) <= _MOST_SAMPLES
    )


def values_of(page: TiffDirectory) -> NDArray:
    """The values as stored, ``[j, i, samples]``, in the byte order of this computer.

    Raises
    ------
    ValueError, struct.error, zlib.error, OSError : damaged or cut short
    """
    rows, columns, samples = (int(page.number(tag, 1)) for tag in (_LENGTH, _WIDTH, _SAMPLES))
    dtype = np.dtype(f"{_KINDS[int(page.number(_FORMAT, 1))]}{int(page.number(_BITS, 1)) // 8}")
    separate = samples > 1 and page.number(_PLANAR, 1) == 2
    found = np.empty((rows, columns, samples), dtype)
    together = 1 if separate else samples
    for plane, top, left, part in _parts(page, rows, columns, samples if separate else 1, together, dtype):
        height, width = min(part.shape[0], rows - top), min(part.shape[1], columns - left)
        found[top : top + height, left : left + width, plane : plane + together] = part[:height, :width]
    return found


def _parts(
    page: TiffDirectory, rows: int, columns: int, planes: int, samples: int, dtype: np.dtype
) -> Iterator[tuple[int, int, int, NDArray]]:
    """The strips or tiles of all planes: plane, first row, first column, and values ``[j, i, samples]``."""
    if page.number(_TILE_WIDTH, 0):
        height, width = int(page.number(_TILE_LENGTH, 0)), int(page.number(_TILE_WIDTH, 0))
        offsets, counts = page.numbers(_TILE_OFFSETS, 0), page.numbers(_TILE_BYTES, 0)
    else:
        height, width = int(min(page.number(_ROWS_PER_STRIP, rows), rows)), columns
        offsets, counts = page.numbers(_STRIP_OFFSETS, 0), page.numbers(_STRIP_BYTES, 0)
    # A tile is no larger than the image and what it takes to fill the last one: else it is a bomb.
    if not 0 < height <= rows + 2**12 or not 0 < width <= columns + 2**12 or height * width > _most(rows * columns):
        raise ValueError("impossible tiles")
    places = [(top, left) for top in range(0, rows, height) for left in range(0, columns, width)]
    if min(len(offsets), len(counts)) < planes * len(places):
        raise ValueError("too few strips")
    for number in range(planes * len(places)):
        top, left = places[number % len(places)]
        lines = height if page.number(_TILE_WIDTH, 0) else min(height, rows - top)
        start = int(offsets[number])
        packed = page.data[start : start + int(counts[number])]
        data = _unpacked(packed, int(page.number(_COMPRESSION, 1)), lines, width * samples * dtype.itemsize)
        part = _numbers(data, page, (lines, width, samples), dtype)
        yield number // len(places), top, left, part


def _most(pixels: int) -> int:
    """How many pixels a tile of an image of so many may have."""
    return 2 * max(pixels, _LARGE_TILE)


def _unpacked(packed: bytes, compression: int, rows: int, row_bytes: int) -> NDArray[np.uint8]:
    """The bytes of a strip or tile, ``[rows, row_bytes]``."""
    needed = rows * row_bytes
    if compression in _BY_LIBTIFF:
        return _by_libtiff(packed, compression, rows, row_bytes)
    data = zlib.decompressobj().decompress(packed, needed) if compression in _DEFLATE else packed
    return np.frombuffer(data, np.uint8, needed).reshape(rows, row_bytes)


@contextmanager
def quiet_libtiff() -> Iterator[None]:
    """libtiff writes of what it finds damaged to the standard error of the process, past Python."""
    with _QUIET:  # one thread at a time: another would restore what is no longer there
        try:
            before, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        except OSError:  # a program without a standard error, as on Windows
            yield
            return
        try:
            os.dup2(nothing, 2)
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            os.close(nothing)


def _by_libtiff(packed: bytes, compression: int, rows: int, row_bytes: int) -> NDArray[np.uint8]:
    """Unpacked by Pillow's libtiff, as a picture of 8 bits: it then neither swaps nor changes a byte."""
    entries = {_WIDTH: row_bytes, _LENGTH: rows, _BITS: 8, _COMPRESSION: compression, _PHOTOMETRIC: 1}
    entries |= {_STRIP_OFFSETS: 8, _SAMPLES: 1, _ROWS_PER_STRIP: rows, _STRIP_BYTES: len(packed)}
    directory = b"".join(struct.pack("<2H2I", tag, 4, 1, value) for tag, value in entries.items())
    padding = b"\0" * (len(packed) % 2)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(packed) + len(padding))
    data = start + packed + padding + struct.pack("<H", len(entries)) + directory + bytes(4)
    with quiet_libtiff(), Image.open(io.BytesIO(data), formats=["tiff"]) as picture:
        return np.asarray(picture).reshape(rows, row_bytes)


def _numbers(data: NDArray[np.uint8], page: TiffDirectory, shape: tuple[int, int, int], dtype: np.dtype) -> NDArray:
    """The values of unpacked bytes; what was stored as differences is summed up."""
    rows, columns, samples = shape
    predictor = page.number(_PREDICTOR, 1) if page.number(_COMPRESSION, 1) not in _RAW else 1
    if predictor == _FLOATING:  # of each row first the highest bytes, then the next ones
        summed = np.cumsum(data.reshape(rows, -1, samples), axis=1, dtype=np.uint8)
        by_byte = summed.reshape(rows, dtype.itemsize, columns * samples)
        values = np.ascontiguousarray(by_byte.transpose(0, 2, 1)).view(dtype.newbyteorder(">"))
        return values.reshape(shape)
    values = np.ascontiguousarray(data).view(dtype.newbyteorder(page.order)).reshape(shape)
    if predictor == _HORIZONTAL:
        unsigned = np.dtype(f"u{dtype.itemsize}")
        bits = values.view(unsigned.newbyteorder(page.order)).astype(unsigned)
        return np.cumsum(bits, axis=1, dtype=unsigned).view(dtype)
    return values
