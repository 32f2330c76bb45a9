"""How large an image may be, decided from its header before a byte of it is decoded."""

from __future__ import annotations

from ..errors import InputError

# The largest detectors give 30 million pixels and a 43 x 35 cm film scanned at 50 micrometers 60 million. At this limit
# decoding, display and the copy for SimpleITK together take about 1.5 GB.
MAXIMUM_PIXELS = 100_000_000
# A chest at 1024 x 1024 and half a millimeter has 700 million voxels; as float32 these are 4 GB.
MAXIMUM_VOXELS = 1_000_000_000


def refuse_impossible_size(columns: int, rows: int, name: str) -> None:
    """Stop before decoding what cannot be a radiograph.

    Raises
    ------
    InputError : no pixels at all, or more than `MAXIMUM_PIXELS`
    """
    if columns < 1 or rows < 1:
        raise InputError(f"'{name}' is an image of {columns} x {rows} pixels: there is nothing in it to read.")
    if columns * rows > MAXIMUM_PIXELS:
        raise InputError(
            f"'{name}' is an image of {columns:,} x {rows:,} pixels, more than any radiograph has "
            f"(the limit is {MAXIMUM_PIXELS // 1_000_000} million pixels)."
        )


def refuse_impossible_volume(size: tuple[int, int, int], name: str) -> None:
    """Stop before decoding what is larger than a volume of a patient can be.

    Raises
    ------
    InputError : more than `MAXIMUM_VOXELS`
    """
    columns, rows, slices = size
    if columns * rows * slices > MAXIMUM_VOXELS:
        raise InputError(
            f"'{name}' is a volume of {columns:,} x {rows:,} x {slices:,} voxels, more than is read "
            f"(the limit is {MAXIMUM_VOXELS // 1_000_000:,} million)."
        )
