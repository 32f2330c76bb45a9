"""A file that stops a parser which would read too much of it."""

from __future__ import annotations

from typing import BinaryIO, NoReturn

from .limits import HeaderLimits

_TAG_AND_LENGTH = 8  # bytes that pydicom reads at once in front of each value
_CHARACTER_SET = (b"\x08\x00\x05\x00", b"\x00\x08\x00\x05")  # which pydicom takes apart at once, however long it is
_LONGEST_CHARACTER_SETS = 256  # bytes; the longest in use have 50


class TooMuchToReadError(Exception):
    """The parser asked for more than a header may have."""


class BoundedFile:
    """What pydicom uses of a binary file, with a limit on what is read through it.

    pydicom's work, and the objects that it makes, grow with the elements and items that it reads. Bounding the reads
    bounds both in the parser itself; a second parser in front of it could be shown other bytes.
    """

    def __init__(self, file: BinaryIO, limits: HeaderLimits):
        self._file = file
        self._limits, self._size, self._reads = limits, 0, 0
        self._names_character_sets = False  # what is read next
        self.refusal = ""  # kept, because pydicom turns some errors into others

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes.

        Raises
        ------
        TooMuchToReadError : more than the limits allow; or all that is left, which pydicom asks for to inflate it,
            however large it becomes
        """
        if size < 0:
            self._refuse("is a deflated DICOM file, which is not supported; export it in another form")
        self._size += size
        self._reads += 1
        if self._size > self._limits.size or self._reads > self._limits.reads:
            self._refuse("has a longer header than any image")
        if self._names_character_sets and size > _TAG_AND_LENGTH:
            self._reads += size  # each of these bytes may cost as much as an element
            if size > _LONGEST_CHARACTER_SETS:
                self._refuse("names more character sets than any image")
        data = self._file.read(size)
        if size >= _TAG_AND_LENGTH:
            self._names_character_sets = size == _TAG_AND_LENGTH and data[:4] in _CHARACTER_SET
        return data

    def allow(self, limits: HeaderLimits) -> None:
        """Go on with other limits."""
        self._limits = limits

    def seek(self, place: int, whence: int = 0) -> int:
        """As of any file."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()

    def _refuse(self, reason: str) -> NoReturn:
        self.refusal = reason
        raise TooMuchToReadError(reason)
