"""Numbers instead of patient IDs, and the private table that tells who they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ....csv_table import csv_text, read_csv
from ....errors import InputError
from ....files import write_text
from ..cohort import Row

COLUMNS = ("patient_id", "study_id", "pseudonym", "study_pseudonym")

_Name = TypeVar("_Name")


def pseudonymized(rows: Sequence[Row], table: Path) -> tuple[Row, ...]:
    """Rows with ``P0001`` for the patient and ``P0001-1`` for the study; the table holds both names of each.

    A table that is there already is read and added to: who has a number keeps it. New patients, and new studies of a
    patient, are numbered at random: any order that follows from the IDs gives them back to whoever has a list of them.
    Only the owner may read the table.

    Raises
    ------
    InputError : the table is there and is none of pseudonyms
    OutputError : it cannot be written
    """
    known = _read(table) if table.exists() else {}
    patients = {patient: name.rpartition("-")[0] for (patient, _), name in known.items()}
    studies = {patient: sum(who == patient for who, _ in known) for patient in patients}
    for patient in _shuffled({row.patient_id for row in rows} - patients.keys()):
        patients[patient], studies[patient] = f"P{len(patients) + 1:04d}", 0
    for patient, study in _shuffled({(row.patient_id, row.study_id) for row in rows} - known.keys()):
        studies[patient] += 1
        known[patient, study] = f"{patients[patient]}-{studies[patient]}"
    _write(table, ((*who, patients[who[0]], name) for who, name in known.items()))
    return tuple(
        replace(row, patient_id=patients[row.patient_id], study_id=known[row.patient_id, row.study_id]) for row in rows
    )


def _shuffled(names: Iterable[_Name]) -> list[_Name]:
    """In an order that nobody can tell."""
    found = list(names)
    secrets.SystemRandom().shuffle(found)
    return found


def _read(table: Path) -> dict[tuple[str, str], str]:
    sheet = read_csv(table)
    if sheet.header != COLUMNS or any(len(line.values) != len(COLUMNS) for line in sheet.rows):
        raise InputError(f"{table.name} is there already and is no table of pseudonyms; choose another name.")
    return {(line.values[0], line.values[1]): line.values[3] for line in sheet.rows}


def _write(table: Path, lines: Iterable[tuple[str, ...]]) -> None:
    write_text(table, csv_text(COLUMNS, lines), private=True)
