"""The first page of a TIFF or BigTIFF file, as its directory describes it, and how many pages there are.

Source: TIFF revision 6.0. Libraries that follow the chain of directories may follow it for ever; here it has an end.
"""

from __future__ import annotations

import struct
from typing import Literal

from ..errors import InputError

_MOST_PAGES = 1000
_REDUCED = 1  # bit of NewSubfileType: a smaller copy of another page
_SHORT, _LONG, _LONG8 = 3, 4, 16
_FORMATS = {1: "B", _SHORT: "H", _LONG: "I", 5: "II", 6: "b", 8: "h", 9: "i", _LONG8: "Q", 13: "I"}
_NEW_SUBFILE_TYPE, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION = 254, 256, 257, 258, 259, 262, 274
_SAMPLES, _EXTRA_SAMPLES = 277, 338
_OPACITIES = (1, 2)  # kinds of extra samples
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _SAMPLE_FORMAT = 282, 283, 296, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_DAMAGES = (struct.error, IndexError, KeyError, OverflowError, ValueError)
_MILLIMETERS = {2: 25.4, 3: 10.0}  # of an inch and a centimeter
# What libtiff, as Pillow brings it, unpacks; JPEG 2000, JPEG XL, LERC and the like are not among them.
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32946, 34925, 50000, 50001}


def tiff_page(data: bytes, name: str) -> TiffDirectory:
    """The one page of a TIFF file.

    Raises
    ------
    InputError : damaged, several pages, a compression that is not known
    """
    try:
        page = TiffDirectory(data)
        pages = page.pages(name)
        compression = page.number(_COMPRESSION, 1)
    except _DAMAGES as error:
        raise InputError(f"'{name}' is damaged or cut short.") from error
    if pages > 1:
        count = f"more than {_MOST_PAGES:,}" if pages > _MOST_PAGES else f"{pages:,}"
        raise InputError(f"'{name}' holds {count} pictures; a single radiograph was expected.")
    if compression not in _COMPRESSIONS:
        raise InputError(f"'{name}' is a TIFF picture compressed in a way that is not supported ({compression:.0f}).")
    return page


class TiffDirectory:
    """The first directory of a file: numbers by their tag.

    Parameters
    ----------
    data : the file

    Raises
    ------
    struct.error : cut short
    """

    def __init__(self, data: bytes):
        self.data = data
        self.order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
        self._big = self._at("H", 2) == 43
        self._first = self._at("Q", 8) if self._big else self._at("I", 4)
        self._entries = self._read(self._first)

    def pages(self, name: str) -> int:
        """How many there are, smaller copies of others left out; no more are counted than `_MOST_PAGES` and one."""
        place, seen, pages = self._next(self._first), {self._first}, 1
        while place and pages <= _MOST_PAGES and len(seen) < 10 * _MOST_PAGES:
            if place in seen:
                raise InputError(f"'{name}' is damaged: its list of pages leads back to its beginning.")
            seen.add(place)
            subfile = self._read(place, most=1).get(_NEW_SUBFILE_TYPE)
            pages += subfile is None or not int(self._numbers(subfile, 1)[0]) & _REDUCED
            place = self._next(place)
        return pages

    def number(self, tag: int, default: float) -> float:
        """The first number of an entry."""
        return self.numbers(tag, default, most=1)[0]

    def numbers(self, tag: int, default: float, most: int = 2**24) -> tuple[float, ...]:
        """The numbers of an entry; the default alone where there is none."""
        entry = self._entries.get(tag)
        return self._numbers(entry, most) if entry is not None and entry[1] else (default,)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return int(self.number(_WIDTH, 0)), int(self.number(_LENGTH, 0))

    @property
    def samples(self) -> int:
        """Of each pixel, those beside its colors included."""
        return int(self.number(_SAMPLES, 1))

    @property
    def bits(self) -> int:
        """Of a sample."""
        return int(self.number(_BITS, 1))

    @property
    def signed(self) -> bool:
        """Whether samples may be below 0."""
        return self.number(_SAMPLE_FORMAT, 1) != 1

    @property
    def white_is_zero(self) -> bool:
        """Whether low values are bright."""
        return self.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO

    @property
    def alpha(self) -> int:
        """Which sample is the opacity; 0 where there is none."""
        extra = self.numbers(_EXTRA_SAMPLES, 0)
        colors = self.samples - len(extra)
        return next((colors + place for place, kind in enumerate(extra) if kind in _OPACITIES and colors > 0), 0)

    @property
    def orientation(self) -> int:
        """1 to 8, as EXIF counts."""
        found = int(self.number(_ORIENTATION, 1))
        return found if 1 <= found <= 8 else 1

    @property
    def spacing(self) -> tuple[float, float]:
        """By the printed resolution, mm; 1 where there is none."""
        unit = _MILLIMETERS.get(int(self.number(_RESOLUTION_UNIT, 1)))
        across, down = self.number(_X_RESOLUTION, 0), self.number(_Y_RESOLUTION, 0)
        return (unit / across, unit / down) if unit and across > 0 and down > 0 else (1.0, 1.0)

    def as_stored(self, black_is_zero: bool) -> bytes:
        """The file without its orientation, by which Pillow would turn it; with ``black_is_zero`` said to be so."""
        data = bytearray(self.data)
        for tag, value in {_ORIENTATION: 1, **({_PHOTOMETRIC: _BLACK_IS_ZERO} if black_is_zero else {})}.items():
            if tag in self._entries:
                kind, _, place = self._entries[tag]
                struct.pack_into(self.order + _FORMATS[kind], data, place, value)
        return bytes(data)

    def _numbers(self, entry: tuple[int, int, int], most: int) -> tuple[float, ...]:
        kind, count, place = entry
        layout = _FORMATS[kind]
        found = struct.unpack_from(f"{self.order}{len(layout) * min(count, most)}{layout[0]}", self.data, place)
        if len(layout) == 1:
            return found
        return tuple(above / below if below else 0.0 for above, below in zip(found[::2], found[1::2], strict=True))

    def _read(self, directory: int, most: int = 65_535) -> dict[int, tuple[int, int, int]]:
        count, place, step = self._count(directory)
        entries: dict[int, tuple[int, int, int]] = {}
        for at in range(place, place + step * min(count, most), step):
            tag, kind = self._at("H", at), self._at("H", at + 2)
            if kind not in _FORMATS:
                continue
            number = self._at("Q" if self._big else "I", at + 4)
            length = struct.calcsize("=" + _FORMATS[kind]) * number
            value, inline = at + (12 if self._big else 8), 8 if self._big else 4
            if length > inline:
                value = self._at("Q" if self._big else "I", value)
            entries.setdefault(tag, (kind, number, value))
        return entries

    def _next(self, directory: int) -> int:
        count, place, step = self._count(directory)
        return self._at("Q" if self._big else "I", place + step * count)

    def _count(self, directory: int) -> tuple[int, int, int]:
        """How many entries, where the first lies, and how long each is."""
        if self._big:
            return min(self._at("Q", directory), len(self.data)), directory + 8, 20
        return self._at("H", directory), directory + 2, 12

    def _at(self, layout: str, place: int) -> int:
        (number,) = struct.unpack_from(self.order + layout, self.data, place)
        return int(number)
