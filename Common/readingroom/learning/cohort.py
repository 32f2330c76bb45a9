"""A cohort: a table of studies with outcomes, read from ``cohort.csv``.

Columns: ``patient_id``, ``study_id``, ``image`` (a file or a DICOM folder; paths count from the table's folder), any
``mask_<name>``, then ``label`` or ``time`` and ``event``, and if known ``site``, ``scanner``, ``origin`` (real or
synthetic), ``age``, ``sex``, ``view``, ``laterality``, ``split`` (train, validation, test). Every further column is
kept as a clinical variable. A row that cannot be used is never dropped in silence: it becomes a line in
`Cohort.problems`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..records import frozen

Origin = Literal["real", "synthetic"]
Side = Literal["", "train", "validation", "test"]
ORIGINS: tuple[str, ...] = get_args(Origin)
SIDES: tuple[str, ...] = get_args(Side)


@dataclass(frozen=True)
class Row:
    """One study of a cohort.

    Parameters
    ----------
    patient_id, study_id : who, and which of the patient's studies; the pair is unique within a cohort
    image : a file or a folder of DICOM files
    masks : further files by name (``mask_liver`` is ``liver``)
    label : the class; None where the outcome is a time
    time, event : months until the event or the end of follow-up, and whether the event was seen; None beside a label
    age : in years
    split : the side the table itself puts the study on; empty where it does not say
    clinical : all other columns, as written
    """

    patient_id: str
    study_id: str
    image: Path
    label: str | None = None
    time: float | None = None
    event: bool | None = None
    masks: Mapping[str, Path] = field(default_factory=dict)
    site: str = ""
    scanner: str = ""
    origin: Origin = "real"
    age: float | None = None
    sex: str = ""
    view: str = ""
    laterality: str = ""
    split: Side = ""
    clinical: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "masks", frozen(self.masks))
        object.__setattr__(self, "clinical", frozen(self.clinical))

    @property
    def synthetic(self) -> bool:
        return self.origin == "synthetic"


@dataclass(frozen=True)
class Cohort:
    """Studies in the order of the table. Arrays have one entry for each row.

    Parameters
    ----------
    rows : the usable ones
    problems : one sentence for each row that is not, with its line number
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({row.label for row in self.rows if row.label is not None}))

    @property
    def labels(self) -> NDArray[np.int64]:
        """(rows,) place of each label in `classes`; -1 where a row has none."""
        place = {label: number for number, label in enumerate(self.classes)}
        return np.array([-1 if row.label is None else place[row.label] for row in self.rows], dtype=np.int64)

    @property
    def patients(self) -> NDArray[np.str_]:
        return self.column("patient_id")

    @property
    def sites(self) -> NDArray[np.str_]:
        return self.column("site")

    @property
    def synthetic(self) -> NDArray[np.bool_]:
        return np.array([row.synthetic for row in self.rows], dtype=bool)

    def column(self, name: str) -> NDArray[np.str_]:
        """(rows,) a column of text, be it one of `Row` or a clinical variable (empty where missing)."""
        known = Row.__dataclass_fields__
        return np.array([str(getattr(row, name) if name in known else row.clinical.get(name, "")) for row in self.rows])

    def take(self, rows: Iterable[int] | NDArray[np.intp] | NDArray[np.bool_]) -> Cohort:
        """The cohort of these rows, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        numbers = np.flatnonzero(wanted) if wanted.dtype == bool else wanted.astype(np.intp)
        return Cohort(tuple(self.rows[int(number)] for number in numbers), self.problems)
