"""DICOM's run-length encoding (PS3.5 Annex G), decoded no further than the picture is large."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES, _MOST_SEGMENTS = 64, 15
_PADDING = 64  # bytes behind a segment; one is enough to make it even


def decode_rle(frame: bytes, pixels: int, segments: int) -> NDArray[np.uint8]:
    """The bytes ``[segment, pixel]`` of a frame; of values with two bytes the higher one comes first.

    Raises
    ------
    ValueError : another number of segments or pixels
    """
    numbers = np.frombuffer(frame[:_HEADER_BYTES].ljust(_HEADER_BYTES, b"\0"), "<u4").tolist()
    if numbers[0] != segments or segments > _MOST_SEGMENTS:
        raise ValueError(f"it has {numbers[0]} segments instead of {segments}")
    places = [*numbers[1 : segments + 1], len(frame)]
    if places[0] < _HEADER_BYTES or places != sorted(places):
        raise ValueError("its segments overlap")
    decoded = np.empty((segments, pixels), np.uint8)
    for segment, (start, end) in enumerate(pairwise(places)):
        decoded[segment] = np.frombuffer(_segment(frame[start:end], pixels), np.uint8, pixels)
    return decoded


def _segment(data: bytes, length: int) -> bytearray:
    """At least ``length`` bytes."""
    decoded, place = bytearray(), 0
    while len(decoded) < length:
        if place >= len(data):
            raise ValueError(f"a segment has {len(decoded)} bytes instead of {length}")
        count = data[place]
        if count < 128:
            decoded += data[place + 1 : place + 2 + count]
            place += 2 + count
        else:
            if count > 128:
                decoded += data[place + 1 : place + 2] * (257 - count)
            place += 2 if count > 128 else 1
    if len(data) - place > _PADDING:
        raise ValueError(f"a segment has more than {length} bytes")
    return decoded
