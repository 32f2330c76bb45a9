"""Clinical columns of a cohort as numbers, yes and no, or text: by the reader's own form, else by what they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...readers.description import ClinicalField

ClinicalValue = float | str | bool

_WORDS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True)
class ClinicalColumns:
    """Typed cells.

    Parameters
    ----------
    rows : of each row the values by column; empty cells are left out
    problems : of each row the cells that do not fit the reader's form
    notes : a sentence on types other than text that were inferred
    """

    rows: tuple[dict[str, ClinicalValue], ...]
    problems: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def typed_columns(
    rows: Sequence[Mapping[str, str]], fields: Sequence[ClinicalField] = (), decimal_comma: bool = False
) -> ClinicalColumns:
    """Type the clinical cells of a table.

    A column that the form of a reader has a field for holds what that field says. Any other holds numbers where all
    its cells are numbers, yes and no where all are (``true`` and ``false`` too), and text else.

    Parameters
    ----------
    rows : of each row the cells by column, as written
    fields : of the reader's form
    decimal_comma : 65,5 is a number
    """
    form = {item.name: item for item in fields}
    values: list[dict[str, ClinicalValue]] = [{} for _ in rows]
    problems: list[list[str]] = [[] for _ in rows]
    inferred = []
    for column in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(column, "") for row in rows]
        if column in form:
            _by_form(form[column], [_with_point(cell) if decimal_comma else cell for cell in cells], values, problems)
            continue
        kind, found = _inferred(cells, decimal_comma)
        if kind != "text":
            inferred.append(f"{column} ({kind})")
        for row, value in zip(values, found, strict=True):
            if value != "":
                row[column] = value
    notes = (f"What clinical columns hold was inferred: {', '.join(inferred)}.",) if inferred else ()
    return ClinicalColumns(tuple(values), tuple(map(tuple, problems)), notes)


def clinical_text(value: ClinicalValue) -> str:
    """A value as a table writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.10g}"


def _by_form(
    item: ClinicalField, cells: Sequence[str], values: list[dict[str, ClinicalValue]], problems: list[list[str]]
) -> None:
    for number, cell in enumerate(cells):
        if not cell:
            continue
        try:
            values[number][item.name] = item.parse(cell)
        except InputError as error:
            problems[number].append(str(error).removesuffix("."))


def _inferred(cells: Sequence[str], decimal_comma: bool) -> tuple[str, list[ClinicalValue]]:
    """What a column holds, and its values; empty text where a cell is empty."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return "text", list(cells)
    if all(cell.lower() in _WORDS for cell in filled):
        return "yes or no", [_WORDS[cell.lower()] if cell else "" for cell in cells]
    numbers = [_number(_with_point(cell) if decimal_comma else cell) for cell in cells]
    if all(math.isfinite(number) for number, cell in zip(numbers, cells, strict=True) if cell):
        return "number", [number if cell else "" for number, cell in zip(numbers, cells, strict=True)]
    return "text", list(cells)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _with_point(text: str) -> str:
    return text.replace(",", ".")
