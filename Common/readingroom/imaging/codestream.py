"""The size that a compressed picture gives itself, read before it is decoded.

A header that says 512 x 512 around a JPEG of 60,000 x 60,000 would otherwise fill the memory first and fail after.
"""

from __future__ import annotations

_START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # JPEG baseline to lossless, and JPEG-LS
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Columns and rows of a JPEG, JPEG-LS or JPEG 2000 frame; None when it is none of these or damaged."""
    if frame.startswith(b"\xff\xd8"):
        return _jpeg_size(frame)
    start = frame.find(b"\xff\x4f\xff\x51", 0, 1024)  # at 0, or after the boxes of a JP2 file
    return _jpeg_2000_size(frame[start:]) if start >= 0 else None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(frame):
        if frame[place] != 0xFF:
            return None
        marker = frame[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
        elif marker in _START_OF_FRAME:
            rows, columns = _number(frame, place + 5, 2), _number(frame, place + 7, 2)
            return columns, rows
        elif marker in _WITHOUT_LENGTH:
            place += 2
        else:
            place += 2 + _number(frame, place + 2, 2)
    return None


def _jpeg_2000_size(frame: bytes) -> tuple[int, int] | None:
    if len(frame) < 24:
        return None
    right, bottom, left, top = (_number(frame, place, 4) for place in (8, 12, 16, 20))
    return right - left, bottom - top


def _number(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "big")
