"""Features of one or many cases as JSON or text, in the way of PyRadiomics' command; tables are made elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..csv_table import Cell
from ..files import write_text

JSON, TEXT = ".json", ".txt"


def write_cases(path: Path, cases: Sequence[Mapping[str, Cell]], csv: Callable[[], str]) -> None:
    """Write cases in the format that the file's name ends in: ``.json``, ``.txt``, or CSV for every other ending.

    Parameters
    ----------
    cases : names with values of each case, such as ``Image``, ``Mask``, ``original_glcm_Contrast``
    csv : the same as a table

    Raises
    ------
    OutputError : the folder is missing or read-only, or the disk is full
    """
    kind = path.suffix.lower()
    write_text(path, json_text(cases) if kind == JSON else lines_text(cases) if kind == TEXT else csv())


def json_text(cases: Sequence[Mapping[str, Cell]]) -> str:
    """A list with an object for each case; what is not a finite number is null.

    Example
    -------
    >>> print(json_text([{"Image": "ct.nrrd", "original_firstorder_Mean": 40.5}]))
    [
      {
        "Image": "ct.nrrd",
        "original_firstorder_Mean": 40.5
      }
    ]
    <BLANKLINE>
    """
    return json.dumps([{name: _json(value) for name, value in case.items()} for case in cases], indent=2) + "\n"


def lines_text(cases: Sequence[Mapping[str, Cell]]) -> str:
    """A line for each value of each case.

    Example
    -------
    >>> print(lines_text([{"Image": "ct.nrrd", "original_firstorder_Mean": 40.5}]), end="")
    Case-1_Image: ct.nrrd
    Case-1_original_firstorder_Mean: 40.5
    """
    return "".join(
        f"Case-{number}_{name}: {_line(value)}\n"
        for number, case in enumerate(cases, start=1)
        for name, value in case.items()
    )


def _json(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(value: Cell) -> str:
    return "" if value is None else " ".join(str(value).split())
