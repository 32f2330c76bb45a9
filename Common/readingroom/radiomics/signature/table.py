"""The table that a signature learns from: a row for each region, a column for each feature, an outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import records
from ...csv_table import CsvTable, read_csv
from ...errors import InputError
from ...formatting import counted
from .. import feature_classes
from ..units import feature_class_of
from .measured_with import PROVENANCE, parameters_of
from .preparation import Floats

_YES_AND_NO = (("1", "0"), ("1.0", "0.0"), ("true", "false"), ("yes", "no"))


@dataclass(frozen=True)
class FeatureTable:
    """Features with an outcome.

    Parameters
    ----------
    patients : (rows,) whose region it is
    names : of the features
    values : (rows, features), all finite
    outcome : (rows,) 0 or 1
    clinical : further columns (rows,) for baselines, as text
    notes : sentences about what was left out
    region : whose features they are, by its mask role: ``lungs`` of a column ``mask_lungs``; empty where none says so
    measured_with : PyRadiomics' parameters that rows were measured with, as their ``diagnostics_...`` tell
    """

    patients: NDArray[np.str_]
    names: tuple[str, ...]
    values: Floats
    outcome: NDArray[np.int64]
    clinical: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    region: str = ""
    measured_with: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "clinical", records.frozen(self.clinical))
        rows = len(self.patients)
        if self.values.shape != (rows, len(self.names)) or self.outcome.shape != (rows,):
            raise ValueError(
                f"{rows} patients, features {self.values.shape} and {len(self.outcome)} outcomes do not fit."
            )
        if not np.isfinite(self.values).all():
            raise ValueError("A feature of the table is not a finite number.")
        if not np.isin(self.outcome, (0, 1)).all():
            raise ValueError("An outcome is neither 0 nor 1.")

    def of(self, names: Sequence[str]) -> FeatureTable:
        """The same rows with these features only.

        Raises
        ------
        InputError : the table lacks one
        """
        if missing := [name for name in names if name not in self.names]:
            raise InputError(f"The table has no feature {_some(missing)}.")
        places = {name: place for place, name in enumerate(self.names)}
        values = self.values[:, [places[name] for name in names]]
        return dataclasses.replace(self, names=tuple(names), values=values)


def read_table(
    path: Path,
    outcome: str,
    positive: str | None = None,
    patient: str = "patient_id",
    features: Sequence[str] = (),
    clinical: Sequence[str] = (),
) -> FeatureTable:
    """A table such as ``readingroom radiomics --cohort`` writes, with an outcome column added.

    Rows that could not be measured (column ``problem``) or have no outcome are left out, and so are features that are
    not a number in some row; the table's notes say so.

    Parameters
    ----------
    outcome : column with two values
    positive : the value that is asked for; can be left out where the column says yes and no: 1 and 0, true and false,
        yes and no. Other words are not guessed at: of 1 and 2, or of alive and dead, either may be meant
    features : how the names of feature columns begin; all that are named like measured features when left out
    clinical : columns for a baseline, numbers or categories; empty cells are allowed

    Raises
    ------
    InputError : the file or a column is missing, the outcome has not two values, or no feature is left
    """
    table = read_csv(path)
    rows = table.records(needed=[patient, outcome, *clinical])
    notes = list(table.notes)
    measured = [row for row in rows if not row.get("problem") and row[outcome].strip()]
    if len(measured) < len(rows):
        notes.append(
            f"Left out, for want of a measurement or an outcome: {len(rows) - len(measured)} of "
            f"{counted(len(rows), 'row')}."
        )
    truth = _outcome(path, [row[outcome].strip() for row in measured], outcome, positive)
    names = [name for name in rows[0] if _is_feature(name, features) and name not in (outcome, *clinical)]
    if not names:
        sought = f"that begins with {' or '.join(features)}" if features else "such as original_shape_MeshVolume"
        raise InputError(f"{path.name} has no feature column {sought}.")
    values = np.array([[_number(table, row[name]) for name in names] for row in measured])
    whole = np.isfinite(values).all(axis=0)
    if not whole.all():
        lacking = [name for name, there in zip(names, whole, strict=True) if not there]
        notes.append(f"Left out, because they are not a number in some row: {_some(lacking)}.")
        names, values = [name for name, there in zip(names, whole, strict=True) if there], values[:, whole]
    if not names:
        raise InputError(f"No feature of {path.name} is a number in every row.")
    return FeatureTable(
        np.array([row[patient] for row in measured]),
        tuple(names),
        values,
        truth,
        {name: np.array([row[name].strip() for row in measured]) for name in clinical},
        tuple(notes),
        _region(rows[0]),
        _measured_with(measured),
    )


def _is_feature(name: str, begins: Sequence[str]) -> bool:
    return name.startswith(tuple(begins)) if begins else feature_class_of(name) in feature_classes.NAMES


def _measured_with(rows: Sequence[Mapping[str, str]]) -> tuple[Mapping[str, Any], ...]:
    told = {tuple(row.get(name, "") for name in PROVENANCE): row for row in rows}  # many rows tell the same
    return tuple(found for row in told.values() if (found := parameters_of(row)) is not None)


def _region(columns: Mapping[str, str]) -> str:
    """The mask role of the one column that names masks, where there is one."""
    roles = [name.removeprefix("mask_") for name in columns if name.startswith("mask_") and name != "mask_label"]
    return roles[0] if len(roles) == 1 else ""


def _outcome(path: Path, found: list[str], column: str, positive: str | None) -> NDArray[np.int64]:
    kinds = sorted(set(found))
    if len(kinds) != 2:
        raise InputError(f"The column {column} of {path.name} has {len(kinds)} different values; an outcome has two.")
    if positive is None:
        yes = [yes for yes, no in _YES_AND_NO if {kind.lower() for kind in kinds} == {yes, no}]
        if not yes:
            raise InputError(
                f"Which value of {column} is asked for, '{kinds[0]}' or '{kinds[1]}'? Say it with --positive."
            )
        positive = next(kind for kind in kinds if kind.lower() == yes[0])
    if positive not in kinds:
        raise InputError(f"The column {column} has the values {kinds[0]} and {kinds[1]}, not {positive}.")
    return np.array([value == positive for value in found], dtype=np.int64)


def _number(table: CsvTable, text: str) -> float:
    try:
        return table.number(text)
    except ValueError:
        return float("nan")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
