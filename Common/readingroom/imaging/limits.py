"""How large an image and its header may be, decided before a byte of the pixels is decoded.

With these limits a read of one DICOM radiograph takes less than `MOST_MEMORY` beyond what Python and its libraries take
when they are loaded, whatever the file says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

# The largest detectors give 30 million pixels and a 43 x 35 cm film scanned at 50 micrometers 60 million.
MAXIMUM_PIXELS = 100_000_000  # values, so that a picture in color may have a third of them
# A chest at 1024 x 1024 and half a millimeter has 700 million voxels; as float32 these are 4 GB.
MAXIMUM_VOXELS = 1_000_000_000
MOST_MEMORY = 2 * 2**30  # bytes, for a radiograph

MAXIMUM_TEXT_BYTES = 2**16  # of an element that is asked for as text or numbers
MAXIMUM_FRAMES = 10_000  # of a volume in one file
MAXIMUM_FRAGMENTS = 65_536  # pieces in which a compressed picture may be stored


@dataclass(frozen=True)
class HeaderLimits:
    """What a DICOM header may cost.

    Parameters
    ----------
    size : bytes that are read
    reads : two or three for each element, one or two for each item of a sequence
    value : bytes of an element that are read; longer ones are passed over
    """

    size: int
    reads: int
    value: int


# A radiograph has a few hundred elements. Private ones and icons of real files take less than 4 MB, the longest that is
# used is a lookup table of 128 KB.
HEADER = HeaderLimits(size=32 * 2**20, reads=100_000, value=2**20)
# A volume in one file has about 150 reads for each of up to some thousand frames, and so have contours.
LONG_HEADER = HeaderLimits(size=256 * 2**20, reads=1_000_000, value=64 * 2**20)


def refuse_impossible_size(columns: int, rows: int, name: str, values: int = 1) -> None:
    """Stop before decoding what cannot be a radiograph.

    Parameters
    ----------
    values : of each pixel, 3 for red, green and blue

    Raises
    ------
    InputError : no pixels at all, or more than `MAXIMUM_PIXELS` values
    """
    if columns < 1 or rows < 1:
        raise InputError(f"'{name}' is an image of {columns} x {rows} pixels: there is nothing in it to read.")
    if columns * rows * max(values, 1) > MAXIMUM_PIXELS:
        of_each = f" of {values} values" if values > 1 else ""
        raise InputError(
            f"'{name}' is an image of {columns:,} x {rows:,} pixels{of_each}, more than any radiograph has "
            f"(the limit is {MAXIMUM_PIXELS // 1_000_000} million values)."
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
