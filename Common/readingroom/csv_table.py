"""Tables in CSV: read as people save them, written so that no spreadsheet program runs a cell.

Reading takes commas, semicolons or tabs, in UTF-8, UTF-16 or an old Windows code page. Writing puts an apostrophe
before what a spreadsheet would take for a formula (an identifier of a DICOM header may be one); reading removes it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .files import write_text
from .formatting import counted
from .regular_file import read_regular

Cell = str | float | None  # True and False are written as 1 and 0, None as an empty cell

_LARGEST = 2**28  # bytes; a million studies with all their features
_SEPARATORS = (",", ";", "\t")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SPECIAL = frozenset('",;\t\r\n')  # a cell that holds one of these is quoted
_HINT = "sep="  # a first line that Excel writes and understands: sep=;

_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋﬩\u2212"  # some programs take wide, small and raised forms for the others
_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_ENDS = ";；\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029"  # what another program may take for the end of a cell or a line
_INVISIBLE = (  # characters that stand before a sign and hide it: controls, formats, fillers, marks of byte order
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_HIDING = rf"(?:(?![{_ENDS}])[\s\"'“”„«»‘’`{_INVISIBLE}])*"
_SIGN = rf"{_HIDING}[{_SIGNS}]"
_AT_START = rf"\A{{}}(?={_SIGN}|'*[{_ENDS}])"
_LATER = rf"(?<=[{_ENDS}]){{}}(?={_SIGN})"
_NOT_A_NUMBER = rf"(?!\s*{_NUMBER}\s*(?:;|\Z))"
_TO_PROTECT = re.compile(f"{_AT_START.format(_NOT_A_NUMBER)}|{_LATER.format(_NOT_A_NUMBER)}")
_PROTECTED = re.compile(f"{_AT_START.format(chr(39))}|{_LATER.format(chr(39))}")


@dataclass(frozen=True)
class CsvRow:
    """One record: the number of its (first) line in the file, as an editor counts, and its values without margins."""

    number: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class CsvTable:
    """A table as it was written.

    Parameters
    ----------
    name : of the file
    header : names of the columns, each once
    rows : the records below; those that hold nothing at all are left out
    decimal_comma : numbers may be written as 65,5, because the comma does not separate columns
    notes : what had to be guessed
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[CsvRow, ...]
    decimal_comma: bool
    notes: tuple[str, ...] = ()

    def records(self, needed: Sequence[str] = ()) -> list[dict[str, str]]:
        """Each row by the names of its columns; what is missing at its end is empty.

        Raises
        ------
        InputError : there are no rows, a ``needed`` column is missing, or a row has more values than there are columns
        """
        if missing := [column for column in needed if column not in self.header]:
            raise InputError(f"The table {self.name} has no column {', '.join(missing)}.")
        if not self.rows:
            raise InputError(f"The table {self.name} has no rows.")
        width = len(self.header)
        for row in self.rows:
            if len(row.values) > width:
                values = counted(len(row.values), "value")
                raise InputError(f"Line {row.number} of {self.name} has {values} for {counted(width, 'column')}.")
        empty = dict.fromkeys(self.header, "")
        return [empty | dict(zip(self.header, row.values, strict=False)) for row in self.rows]

    def number(self, text: str) -> float:
        """A cell as a number.

        Raises
        ------
        ValueError : it is none
        """
        return float(text.replace(",", ".") if self.decimal_comma else text)


def read_csv(path: Path) -> CsvTable:
    """The table in a text file.

    Raises
    ------
    InputError : missing, no text, empty, an open quotation mark, a column without a name, two columns of one name
    """
    text, notes = _text(path)
    separator, text, first = _separator(text)
    lines = list(_lines(text, separator, first, path.name))
    if not lines:
        raise InputError(f"The table {path.name} is empty.")
    header, body = _without_empty_columns(lines[0].values, lines[1:])
    if "" in header:
        raise InputError(f"Column {header.index('') + 1} of {path.name} has values but no name.")
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise InputError(f"The table {path.name} has two columns named {', '.join(repeated)}.")
    return CsvTable(path.name, header, body, separator != ",", notes)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]], separator: str = ",") -> str:
    """A table as text that `read_csv` reads back.

    Example
    -------
    >>> csv_text(("study", "value"), [("=1+1", -1.5)])
    "study,value\\n'=1+1,-1.5\\n"
    """
    lines = (header, *rows)
    return "".join(f"{separator.join(map(_written, line))}\n" for line in lines)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table.

    Raises
    ------
    OutputError : the folder is missing or read-only, or the disk is full
    """
    write_text(path, csv_text(header, rows))


def write_records(path: Path, header: Sequence[str], records: Iterable[Mapping[str, Cell]]) -> None:
    """Write a table whose rows are given by the names of columns; what a row lacks is an empty cell.

    Raises
    ------
    OutputError : as `write_csv`
    """
    write_csv(path, header, ([record.get(name) for name in header] for record in records))


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return repr(float(cell)) if isinstance(cell, float) else str(int(cell))
    text = _TO_PROTECT.sub("'", cell)
    if not _SPECIAL.intersection(text):
        return text
    quoted = text.replace('"', '""')
    return f'"{quoted}"'


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        data = read_regular(path, _LARGEST)
    except OSError as error:
        raise InputError(f"The table {path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if data.startswith(b"PK\x03\x04"):
        raise InputError(f"{path.name} is an Excel workbook; save it as CSV (UTF-8).")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError:
        pass  # what Excel's plain "CSV" holds in western Europe is tried next, and said
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text in UTF-8; save it as CSV (UTF-8).") from error
    return text, (f"{path.name} is not UTF-8; it was read as Windows-1252, so look at its names with accents.",)


def _separator(text: str) -> tuple[str, str, int]:
    """The separator, the text from its header on, and the number of the header's line."""
    head, _, rest = text.partition("\n")
    if head.lower().startswith(_HINT) and len(head.rstrip("\r")) == len(_HINT) + 1:
        return head[len(_HINT)], rest, 2
    return max(_SEPARATORS, key=head.count), text, 1


def _lines(text: str, separator: str, first: int, name: str) -> Iterator[CsvRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        for values in reader:
            number, before = first + before, reader.line_num  # a quoted value may go on over several lines
            stripped = tuple(_PROTECTED.sub("", value.strip()) for value in values)
            if any(stripped):
                yield CsvRow(number, stripped)
    except csv.Error as error:
        raise InputError(
            f"Line {first + before} of {name} cannot be read ({error}); is a quotation mark open?"
        ) from error


def _without_empty_columns(header: tuple[str, ...], rows: list[CsvRow]) -> tuple[tuple[str, ...], tuple[CsvRow, ...]]:
    """Spreadsheets save columns to the right that hold neither a name nor a value."""
    width = len(header)
    while width and not header[width - 1] and not any("".join(row.values[width - 1 :]) for row in rows):
        width -= 1
    cut = (CsvRow(row.number, row.values[: max(width, _filled(row))]) for row in rows)
    return header[:width], tuple(cut)


def _filled(row: CsvRow) -> int:
    """The number of values up to the last that is not empty."""
    return max(place for place, value in enumerate(row.values, 1) if value)
