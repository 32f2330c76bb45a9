"""Reports on disk: each file is there whole or not at all."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ..anonymity import is_anonymous
from ..errors import InputError, OutputError, SetupError
from ..files import PRIVATE
from ..folders import atomic_files
from ..reading import Reading
from ..regular_file import read_regular
from . import csv_file, html
from .content import ReaderTitles, build
from .document import Table

_LARGEST_REPORT = 2**28  # bytes
Format = Literal["html", "pdf", "json", "csv"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "json", "csv")
_FEATURES = "report-features.csv"
# What a report that we wrote holds; other files of these names are somebody else's and stay.
_MARKS = {
    "report.html": html.GENERATOR.encode(),
    "report.pdf": b"/Author (ReadingRoom)",
    "report.json": b'{\n "format": ',
    "report.csv": ",".join(csv_file.COLUMNS).encode(),
    _FEATURES: ",".join(csv_file.FEATURE_COLUMNS).encode(),
}


def write_reports(
    reading: Reading,
    pictures_folder: Path,
    out: Path,
    formats: Iterable[Format] = FORMATS,
    page_size: Literal["A4", "Letter"] = "A4",
    titles: ReaderTitles | None = None,
    worth: Table | None = None,
) -> list[Path]:
    """Write ``report.html``, ``report.pdf``, ``report.json`` and ``report.csv`` into ``out``, together or not at all.

    Where features are explained, ``report-features.csv`` comes with ``report.csv``. Earlier reports in ``out`` are gone
    before the first new one is there. Reports that name the patient can be read by the files' owner alone.

    Parameters
    ----------
    reading : with the reader's verdicts and comments; `anonymity.anonymous_reading` where the patient must not be named
    pictures_folder : the folder of the reading, with its key pictures
    titles : of the reader that answered and of what it takes
    worth : what positive and negative answers are worth

    Raises
    ------
    OutputError : the folder cannot be written to, or holds another reading
    SetupError : a PDF is wanted and reportlab is not installed
    ValueError : there is no such format
    """
    contents = _contents(reading, pictures_folder, formats, page_size, titles, worth)
    with atomic_files(out, lambda: _earlier_reports(reading, out)) as folder:
        _write(contents, reading, folder)
    return [out / name for name in contents]


def add_reports(
    reading: Reading,
    folder: Path,
    formats: Iterable[Format] = FORMATS,
    page_size: Literal["A4", "Letter"] = "A4",
    titles: ReaderTitles | None = None,
    worth: Table | None = None,
) -> None:
    """The same beside the files of a reading that takes its place together with them."""
    _write(_contents(reading, folder, formats, page_size, titles, worth), reading, folder)


def _contents(
    reading: Reading,
    pictures_folder: Path,
    formats: Iterable[Format],
    page_size: Literal["A4", "Letter"],
    titles: ReaderTitles | None,
    worth: Table | None,
) -> dict[str, bytes]:
    """The reports by file name."""
    document = build(reading, load_pictures(reading, pictures_folder), titles, worth)
    contents: dict[str, bytes] = {}
    for wanted in formats:
        match wanted:
            case "html":
                content = html.render(document).encode("utf-8")
            case "pdf":
                if importlib.util.find_spec("reportlab") is None:
                    raise SetupError("PDF reports need the package reportlab; set it up in the module Reading Room.")
                from . import pdf  # reportlab is loaded when a PDF is wanted, not when Slicer starts

                content = pdf.render(document, page_size)
            case "json":
                content = reading.to_bytes()
            case "csv":
                content = _spreadsheet(csv_file.render(reading))
            case _:
                raise ValueError(f"There is no report format named {wanted!r}; there are {', '.join(FORMATS)}.")
        contents[f"report.{wanted}"] = content
        if wanted == "csv" and reading.explained is not None:
            contents[_FEATURES] = _spreadsheet(csv_file.render_features(reading))
    return contents


def _spreadsheet(text: str) -> bytes:
    """With a mark of byte order, by which spreadsheet programs see UTF-8."""
    return text.encode("utf-8-sig", "backslashreplace")


def _write(contents: dict[str, bytes], reading: Reading, folder: Path) -> None:
    for name, content in contents.items():
        (folder / name).touch(0o666 if is_anonymous(reading) else PRIVATE)
        (folder / name).write_bytes(content)


def _earlier_reports(reading: Reading, out: Path) -> list[str]:
    """Names of earlier reports, which go; beside another reading none is written, so that no two patients share it."""
    try:
        other = json.loads(read_regular(out / "reading.json"))
        same = other["provenance"]["started"] == reading.provenance.started
        same = same and other["provenance"]["seconds"] == reading.provenance.seconds
    except (OSError, ValueError, LookupError, TypeError, RecursionError):  # there is none, or none of ours
        same = True
    if not same:
        raise OutputError(f"{out} holds another reading; choose another folder for the report.")
    return own_reports(out)


def own_reports(folder: Path) -> list[str]:
    """Names of the reports in a folder, as far as they were written here."""
    found = []
    for name, mark in _MARKS.items():
        with contextlib.suppress(OSError):  # there is none, or no file of ours
            if mark in read_regular(folder / name, _LARGEST_REPORT):
                found.append(name)
    return found


def load_pictures(reading: Reading, folder: Path) -> dict[str, bytes]:
    """The key pictures of a reading that are there, by file name.

    Raises
    ------
    InputError : a picture cannot be read
    """
    try:
        paths = [picture.path for picture in reading.key_pictures]
        return {str(path): read_regular(folder / path, 2**28) for path in paths if (folder / path).is_file()}
    except OSError as error:
        raise InputError(f"The pictures in {folder} cannot be read: {error.strerror}.") from error
