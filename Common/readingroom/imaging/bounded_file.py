"""A file that stops a parser which would read too much of it."""

from __future__ import annotations

from typing import BinaryIO, NoReturn

from .limits import HeaderLimits


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
        return self._file.read(size)

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
