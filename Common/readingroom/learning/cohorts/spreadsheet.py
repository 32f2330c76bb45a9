"""Tables of text as people save them: commas, semicolons or tabs, in UTF-8, UTF-16 or an old Windows code page."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError

_SEPARATORS = (",", ";", "\t")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HINT = "sep="  # a first line that Excel writes and understands: sep=;


@dataclass(frozen=True)
class Line:
    """One record: the number of its (first) line in the file, as an editor counts, and its values without margins."""

    number: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table as it was written.

    Parameters
    ----------
    header : names of the columns
    lines : the records below; those that hold nothing at all are left out
    decimal_comma : numbers may be written as 65,5, because the comma does not separate columns
    notes : what had to be guessed
    """

    header: tuple[str, ...]
    lines: tuple[Line, ...]
    decimal_comma: bool
    notes: tuple[str, ...] = ()


def read_sheet(path: Path) -> Sheet:
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
    return Sheet(header, body, separator != ",", notes)


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        data = path.read_bytes()
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


def _lines(text: str, separator: str, first: int, name: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        for values in reader:
            number, before = first + before, reader.line_num  # a quoted value may go on over several lines
            stripped = tuple(value.strip() for value in values)
            if any(stripped):
                yield Line(number, stripped)
    except csv.Error as error:
        raise InputError(
            f"Line {first + before} of {name} cannot be read ({error}); is a quotation mark open?"
        ) from error


def _without_empty_columns(header: tuple[str, ...], lines: list[Line]) -> tuple[tuple[str, ...], tuple[Line, ...]]:
    """Spreadsheets save columns to the right that hold neither a name nor a value."""
    width = len(header)
    while width and not header[width - 1] and not any("".join(line.values[width - 1 :]) for line in lines):
        width -= 1
    cut = (Line(line.number, line.values[: max(width, _filled(line))]) for line in lines)
    return header[:width], tuple(cut)


def _filled(line: Line) -> int:
    """The number of values up to the last that is not empty."""
    return max(place for place, value in enumerate(line.values, 1) if value)
