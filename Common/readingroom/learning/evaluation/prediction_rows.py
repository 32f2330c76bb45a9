"""What tables of predictions have in common: whose study a line is of, which repeat and fold, and its subgroups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...csv_table import Cell, read_csv

FIXED = ("study_id", "patient_id", "site", "repeat", "fold")
SUBGROUP = "subgroup_"

Lines = Sequence[Mapping[str, str]]


class Rows(Protocol):
    """Predictions of any outcome."""

    @property
    def study_ids(self) -> NDArray[np.str_]: ...
    @property
    def patients(self) -> NDArray[np.str_]: ...
    @property
    def sites(self) -> NDArray[np.str_]: ...
    @property
    def folds(self) -> NDArray[np.int64]: ...


def cells_of(rows: Rows, repeat: int, row: int) -> list[Cell]:
    """The cells of the columns `FIXED`."""
    who = [str(values[row]) for values in (rows.study_ids, rows.patients, rows.sites)]
    return [*who, repeat, int(rows.folds[repeat, row])]


def read_table(path: Path) -> tuple[Lines, Sequence[str]]:
    """Lines by column, and the header.

    Raises
    ------
    InputError : the file is missing, or lacks a column of `FIXED`
    """
    table = read_csv(path)
    return table.records(needed=FIXED), table.header


def repeats_of(lines: Lines) -> tuple[Lines, int]:
    """The lines of the first repeat, and how many repeats there are.

    Raises
    ------
    ValueError : repeats that differ in their rows or do not follow each other
    """
    repeats = 1 + max(int(line["repeat"]) for line in lines)
    if len(lines) % repeats:
        raise ValueError("its repeats differ in length.")
    count = len(lines) // repeats
    if any(int(line["repeat"]) != number // count for number, line in enumerate(lines)):
        raise ValueError("its repeats do not follow each other.")
    if any(line["study_id"] != lines[number % count]["study_id"] for number, line in enumerate(lines)):
        raise ValueError("its repeats list other studies or another order.")
    return lines[:count], repeats


def subgroups_of(lines: Lines, header: Sequence[str]) -> dict[str, NDArray[np.str_]]:
    """(lines,) by the name of each subgroup."""
    names = [name for name in header if name.startswith(SUBGROUP)]
    return {name.removeprefix(SUBGROUP): np.array([line[name] for line in lines]) for name in names}
