"""A frame of a DICOM image as it is stored: how many bytes it may have, and its pieces put together.

A picture that is compressed lies in items, a table of offsets and then its fragments (PS3.5 A.4). Of an image with one
frame all fragments belong to that frame, so that neither that table nor the Extended Offset Table has a say in which
bytes are decoded. Of several frames each has one fragment, or that table tells.
"""

from __future__ import annotations

import numpy as np

from .limits import MAXIMUM_FRAGMENTS

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_HEADER = 8  # bytes: tag and length
_PADDING = 2**16  # bytes behind the pixels that no one minds, and that a tiny picture may need for tables of its own


def most_bytes(values: int, bits_allocated: int, compressed: bool) -> int:
    """How many bytes of pixel data are worth reading for that many values.

    What is compressed into more than it was is no picture. Of what is not compressed twice as much is read as is
    needed, which is enough to see that the header tells of another image.
    """
    plain = values * max(bits_allocated, 8) // 8
    return (plain + plain // 4 if compressed else 2 * plain) + _PADDING


def frame_of(data: bytes, frame: int = 0, frames: int = 1) -> bytes:
    """One of the compressed frames in the value of Pixel Data.

    Raises
    ------
    ValueError : no items, cut short, more than `MAXIMUM_FRAGMENTS`, or nothing tells which of them make the frame
    """
    view = memoryview(data)
    table, *fragments = _items(data)
    if frames == 1:
        return b"".join(view[start:end] for start, end in fragments)
    if len(fragments) == frames:
        start, end = fragments[frame]
        return data[start:end]
    starts = np.frombuffer(data[table[0] : table[1]], "<u4").tolist()
    if len(starts) != frames:
        raise ValueError("nothing tells which fragments belong to which frame")
    first = fragments[0][0] - _HEADER
    low, high = starts[frame], starts[frame + 1] if frame + 1 < frames else len(data)
    return b"".join(view[start:end] for start, end in fragments if low <= start - _HEADER - first < high)


def _items(data: bytes) -> list[tuple[int, int]]:
    """Where the content of each item lies: of the table of offsets, then of the fragments."""
    found: list[tuple[int, int]] = []
    place = 0
    while data[place : place + 4] == _ITEM:
        start = place + _HEADER
        place = start + int.from_bytes(data[place + 4 : start], "little")
        if place > len(data) or len(found) > MAXIMUM_FRAGMENTS:
            raise ValueError("a fragment is cut short, or there are too many of them")
        found.append((start, place))
    if len(found) < 2 or (place < len(data) and data[place : place + 4] != _END):
        raise ValueError("its fragments are damaged")
    return found
