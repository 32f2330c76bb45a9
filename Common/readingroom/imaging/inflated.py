"""The bytes of a gzip file, one after the other, without ever holding more of them than were asked for."""

from __future__ import annotations

import io
import zlib
from typing import Any, BinaryIO

GZIP = b"\x1f\x8b"
_CHUNK = 2**14  # what is left of it is copied at the end of each stream, and a stream may have 20 bytes
_GZIP_FORMAT = 16 + zlib.MAX_WBITS


class Inflated(io.RawIOBase):
    """What a gzip stream unpacks to.

    Several streams that follow one another are one, as pigz writes them; what follows and is none is left. Unlike
    Python's own reader it leaves the header of the stream to zlib: a file name of 50 MB in it costs nothing.

    Parameters
    ----------
    file : stands at the first packed byte
    first : the format of the first stream, as zlib's ``wbits``

    Raises
    ------
    EOFError : the stream is cut short (when it is read)
    zlib.error : it is damaged, its checksum included (when it is read)
    """

    def __init__(self, file: BinaryIO, first: int = _GZIP_FORMAT):
        self._file = file
        self._stream = zlib.decompressobj(first)
        self._packed = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the start of ``buffer`` and say how many bytes that were; 0 at the end."""
        while len(buffer):
            if self._stream.eof:
                self._packed = self._stream.unused_data
                if len(self._packed) < len(GZIP):
                    self._packed += self._file.read(_CHUNK)
                if not self._packed.startswith(GZIP):
                    return 0
                self._stream = zlib.decompressobj(_GZIP_FORMAT)
            packed = self._packed or self._file.read(_CHUNK)
            found = self._stream.decompress(packed, len(buffer))
            self._packed = self._stream.unconsumed_tail
            if found:
                buffer[: len(found)] = found
                return len(found)
            if not packed and not self._stream.eof:
                raise EOFError("The gzip stream is cut short.")
        return 0
