"""CSV files that a signature reads: the features of one region, and how stable features are."""

from __future__ import annotations

from pathlib import Path

from ...csv_table import CsvTable, read_csv
from ...errors import InputError
from ..features import Features


def read_features(path: Path) -> Features:
    """What ``readingroom radiomics`` wrote for one region: columns ``feature,value``, provenance rows among them.

    Raises
    ------
    InputError : the file is missing or is no such table
    """
    table = read_csv(path)
    rows = table.records(needed=("feature", "value"))
    provenance = {row["feature"]: row["value"] for row in rows if row["feature"].startswith("diagnostics_")}
    values = {row["feature"]: _number(table, row, "value") for row in rows if row["feature"] not in provenance}
    return Features(values, provenance)


def read_stability(path: Path) -> dict[str, float]:
    """Lower bounds of ICC(A,1) by feature: columns ``feature,icc_low``.

    Raises
    ------
    InputError : the file is missing or is no such table
    """
    table = read_csv(path)
    return {row["feature"]: _number(table, row, "icc_low") for row in table.records(needed=("feature", "icc_low"))}


def _number(table: CsvTable, row: dict[str, str], column: str) -> float:
    try:
        return table.number(row[column])
    except ValueError as error:
        raise InputError(f"In {table.name} the {column} of {row['feature']} is no number: {row[column]!r}.") from error
