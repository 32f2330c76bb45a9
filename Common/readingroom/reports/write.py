"""Reports on disk: each file is there whole or not at all."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ..errors import InputError, SetupError
from ..files import make_folder, write_bytes
from ..reading import Reading
from ..regular_file import read_regular
from . import csv_file, html
from .content import ReaderTitles, build

Format = Literal["html", "pdf", "json", "csv"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "json", "csv")


def write_reports(
    reading: Reading,
    pictures_folder: Path,
    out: Path,
    formats: Iterable[Format] = FORMATS,
    page_size: Literal["A4", "Letter"] = "A4",
    anonymous: bool = False,
    titles: ReaderTitles | None = None,
) -> list[Path]:
    """Write ``report.html``, ``report.pdf``, ``report.json`` and ``report.csv`` into ``out``.

    Parameters
    ----------
    reading : with the reader's verdicts and comments
    pictures_folder : the folder of the reading, with its key pictures
    anonymous : leave out everything that names the patient
    titles : of the reader that answered and of what it takes

    Raises
    ------
    OutputError : the folder cannot be written to
    SetupError : a PDF is wanted and reportlab is not installed
    ValueError : there is no such format
    """
    if anonymous:
        reading = reading.anonymous
    document = build(reading, load_pictures(reading, pictures_folder), titles)
    contents: dict[Format, bytes] = {}
    for wanted in formats:
        match wanted:
            case "html":
                contents["html"] = html.render(document).encode("utf-8")
            case "pdf":
                if importlib.util.find_spec("reportlab") is None:
                    raise SetupError("PDF reports need the package reportlab; set it up in the module Reading Room.")
                from . import pdf  # reportlab is loaded when a PDF is wanted, not when Slicer starts

                contents["pdf"] = pdf.render(document, page_size)
            case "json":
                contents["json"] = reading.to_bytes()
            case "csv":
                contents["csv"] = csv_file.render(reading).encode("utf-8-sig")  # spreadsheets then see UTF-8
            case _:
                raise ValueError(f"There is no report format named {wanted!r}; there are {', '.join(FORMATS)}.")
    make_folder(out)
    written = []
    for wanted, content in contents.items():
        write_bytes(out / f"report.{wanted}", content)
        written.append(out / f"report.{wanted}")
    return written


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
