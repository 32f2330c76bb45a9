"""CSV files that a signature reads: the features of one region, and how stable features are."""

from __future__ import annotations

import csv
from pathlib import Path

from ...errors import InputError
from ..features import Features


def read_features(path: Path) -> Features:
    """What ``readingroom radiomics`` wrote for one region: columns ``feature,value``, provenance rows among them.

    Raises
    ------
    InputError : the file is missing or is no such table
    """
    rows = _read(path, ("feature", "value"))
    provenance = {row["feature"]: row["value"] for row in rows if row["feature"].startswith("diagnostics_")}
    values = {row["feature"]: _number(path, row, "value") for row in rows if row["feature"] not in provenance}
    return Features(values, provenance)


def read_stability(path: Path) -> dict[str, float]:
    """Lower bounds of ICC(A,1) by feature: columns ``feature,icc_low``.

    Raises
    ------
    InputError : the file is missing or is no such table
    """
    return {row["feature"]: _number(path, row, "icc_low") for row in _read(path, ("feature", "icc_low"))}


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table {path.name} cannot be read.") from error
    if not rows or any(column not in rows[0] for column in columns):
        raise InputError(f"{path.name} is no table with the columns {' and '.join(columns)}.")
    return rows


def _number(path: Path, row: dict[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise InputError(f"In {path.name} the {column} of {row['feature']} is no number: {row[column]!r}.") from error
