"""A PNG file without all that does not belong to its pixels, in one piece.

Source: PNG specification, third edition. Texts, profiles and thumbnails may be of any size and number; libraries unpack
them or refuse the whole picture for them.
"""

from __future__ import annotations

import struct
import zlib

from ..errors import InputError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"eXIf")
_MOST_CHUNKS = 1_000_000
_LARGEST_EXIF = 2**20


def png_pixels(data: bytes, name: str) -> bytes:
    """The file again with what its pixels need alone, its chunks checked, its header first.

    Raises
    ------
    InputError : damaged or cut short, or an animation
    """
    damaged = InputError(f"'{name}' is damaged or cut short.")
    kept: dict[bytes, bytes] = {}
    packed: list[bytes] = []
    place = len(_SIGNATURE)
    view = memoryview(data)
    for _ in range(_MOST_CHUNKS):
        if place + 12 > len(data):
            raise damaged
        length, kind = struct.unpack_from(">I4s", data, place)
        body = view[place + 8 : place + 8 + length]
        end = place + 12 + length
        if end > len(data):
            raise damaged
        known = kind in _KEPT or kind == b"IDAT"
        if known and zlib.crc32(body, zlib.crc32(kind)) != struct.unpack_from(">I", data, end - 4)[0]:
            raise damaged
        if kind == b"IDAT":
            packed.append(bytes(body))
        elif known and not (kind == b"eXIf" and length > _LARGEST_EXIF):
            kept.setdefault(kind, bytes(body))
        elif kind == b"acTL" and length >= 4 and struct.unpack_from(">I", body)[0] > 1:
            raise InputError(f"'{name}' is an animation; a single radiograph was expected.")
        elif kind == b"IEND":
            break
        elif not kind[0] & 0x20 and kind not in _KEPT:  # a capital letter: without it the picture cannot be read
            raise damaged
        place = end
    else:
        raise InputError(f"'{name}' is in more pieces than any picture ({_MOST_CHUNKS:,}).")
    header = kept.get(b"IHDR", b"")
    if len(header) != 13 or not packed:
        raise damaged
    pieces = [_chunk(kind, kept[kind]) for kind in _KEPT if kind in kept]
    return b"".join([_SIGNATURE, *pieces, _chunk(b"IDAT", b"".join(packed)), _chunk(b"IEND", b"")])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
