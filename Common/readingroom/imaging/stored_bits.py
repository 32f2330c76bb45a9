"""The bits of a pixel's cell that hold its value (PS3.5 8.1.1): BitsStored of them, below and with HighBit.

The others may hold anything, overlays of old scanners for instance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def values_in_cells(cells: NDArray, bits: int, shift: int = 0, signed: bool = False, lossy: bool = False) -> NDArray:
    """The values of 8- or 16-bit cells, any shape, in cells of the same size.

    Parameters
    ----------
    bits : BitsStored
    shift : how many bits lie below the value
    signed : PixelRepresentation
    lossy : a compression that changes values may lead a little beyond the range of ``bits``; then the values are
        limited to it, where cutting off the higher bits would make white black
    """
    width = 8 * cells.dtype.itemsize
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if lossy and not shift:
        slack = 2**bits // 16
        least, most = int(cells.min()), int(cells.max())
        if low - slack <= least and most <= high + slack:
            return np.clip(cells, max(low, least), min(high, most)).astype(f"{'i' if signed else 'u'}{width // 8}")
    pattern = cells.view(f"u{width // 8}")
    if shift:  # a large picture is copied for it
        pattern = pattern >> shift
    if not signed:
        return pattern & high if bits < width else pattern
    above = width - bits
    return (pattern << above).view(f"i{width // 8}") >> above


def value_in_bits(value: int, bits: int, signed: bool) -> int:
    """A number of the header, whichever sign its element has, as a value of the pixels."""
    value %= 2**bits
    return value - 2**bits if signed and value >= 2 ** (bits - 1) else value
