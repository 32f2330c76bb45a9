"""A cohort: a table of studies with outcomes, read from ``cohort.csv``.

Columns: ``patient_id``, ``study_id``, one or several ``image_<role>`` such as ``image_frontal`` or ``image_ct`` and
``image_prior-ct`` (a file or a DICOM folder; paths count from the table's folder), any ``mask_<role>``, then ``label``
or ``time`` (months; else ``time_days``, ``time_years``) and ``event``, and if known ``site``, ``scanner``, ``origin``
(real or synthetic), ``generator`` (of a synthetic study: the file that says what made it), ``age``, ``sex``, ``view``,
``laterality``, ``split`` (train, validation, test). Every further column is a clinical one: numbers, yes and no, or
text. A row that cannot be used is never dropped in silence: it becomes a line in `Cohort.problems`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...bundles.metadata import BundleMetadata
from ...csv_table import csv_text, read_csv
from ...errors import InputError, OutputError
from ...folders import atomic_files
from ...readers.base import Reader
from ...readers.description import ClinicalField
from ...readers.opening import open_study
from ...records import frozen
from ...study import Study
from .clinical_columns import ClinicalValue, clinical_text, typed_columns
from .cohort_line import (
    IMAGE,
    KNOWN,
    MASK,
    NEEDED,
    ORIGINS,
    SPLIT_PARTS,
    TIMES,
    LineReader,
    Origin,
    SplitPart,
    is_known,
)


@dataclass(frozen=True)
class Row:
    """One study of a cohort.

    Parameters
    ----------
    patient_id, study_id : who, and which of the patient's studies; the pair is unique within a cohort
    images : by role a file or a folder of DICOM files; the first one stands for the study where studies are compared
    masks : files by role (``mask_liver`` is ``liver``)
    label : the class; None where the outcome is a time
    time, event : months until the event or the end of follow-up, and whether the event was seen; None beside a label
    age : in years
    split : the part of the split that the table itself states; empty where it does not say
    generator : of a synthetic study the file that tells what its generator learned from, see `generator_record`
    clinical : all other columns that the row fills

    Raises
    ------
    ValueError : no patient, study or image, a time without an event, a label beside a time, an unknown origin or
        split, a real study with a generator
    """

    patient_id: str
    study_id: str
    images: Mapping[str, Path]
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
    split: SplitPart = ""
    generator: Path | None = None
    clinical: Mapping[str, ClinicalValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.patient_id or not self.study_id or not self.images:
            raise ValueError("A row needs a patient, a study and an image.")
        if (self.time is None) != (self.event is None):
            raise ValueError("A time needs to know whether the event was seen, and an event when.")
        if self.label is not None and self.time is not None:
            raise ValueError("An outcome is a label or a time with its event, not both.")
        if self.origin not in ORIGINS or self.split not in SPLIT_PARTS:
            raise ValueError(f"A row of origin '{self.origin}' in the part '{self.split}' is not known.")
        if self.generator is not None and self.origin == "real":
            raise ValueError("A real study has no generator.")
        object.__setattr__(self, "images", frozen(self.images))
        object.__setattr__(self, "masks", frozen(self.masks))
        object.__setattr__(self, "clinical", frozen(self.clinical))

    @property
    def synthetic(self) -> bool:
        return self.origin == "synthetic"

    @property
    def image(self) -> Path:
        """The first image, by which the study is compared with others."""
        return next(iter(self.images.values()))

    def study(self, reader: Reader, metadata: BundleMetadata | None = None) -> Study:
        """The study as this reader reads it: its images, masks and clinical facts, without decoding any pixels.

        What the table has beyond the reader's roles and fields is left out.

        Parameters
        ----------
        metadata : of the bundle that will read it

        Raises
        ------
        InputError : an image that the reader needs is missing or cannot be opened, or a fact does not fit its form
        """
        facts = {name: clinical_text(value) for name, value in self.clinical.items()}
        form = {item.name: item for item in reader.clinical}
        for name, value in (("age", self.age), ("sex", self.sex)):
            # The table may write them as it likes; what the form does not know is no reason to refuse the study.
            if value not in (None, "") and name in form and form[name].takes(clinical_text(value)):
                facts[name] = clinical_text(value)
        return open_study(
            reader,
            {role.name: self.images[role.name] for role in reader.images if role.name in self.images},
            {role.name: self.masks[role.name] for role in reader.masks if role.name in self.masks},
            {name: facts[name] for name in form if name in facts},
            metadata=metadata,
        )


@dataclass(frozen=True)
class Cohort:
    """Studies in the order of the table. Arrays have one entry for each row.

    Parameters
    ----------
    rows : the usable ones
    problems : one sentence for each row that is not, with its line number
    notes : what had to be guessed when the table was read
    positive, negative : labels, as the table writes them, that somebody stated to be a finding, or to mean that
        nothing was found, see `stating`
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

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
        known = name in Row.__dataclass_fields__
        values = [getattr(row, name) if known else row.clinical.get(name) for row in self.rows]
        texts = [
            "" if value is None else value.as_posix() if isinstance(value, Path) else clinical_text(value)
            for value in values
        ]
        return np.array(texts, dtype=np.str_)

    @property
    def pictures(self) -> Cohort:
        """A row for each image, in the order of the rows; of several images each is named by its role as well."""
        rows = []
        for row in self.rows:
            several = len(row.images) > 1
            for role, path in row.images.items():
                name = f"{row.study_id}, {role}" if several else row.study_id
                rows.append(replace(row, study_id=name, images={role: path}))
        return replace(self, rows=tuple(rows))

    def take(self, rows: Iterable[int] | NDArray[np.intp] | NDArray[np.bool_]) -> Cohort:
        """The cohort of these rows, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        numbers = np.flatnonzero(wanted) if wanted.dtype == bool else wanted.astype(np.intp)
        return replace(self, rows=tuple(self.rows[int(number)] for number in numbers))

    def without(self, problems: Mapping[int, str]) -> Cohort:
        """The cohort without these rows, whose sentences join `problems`.

        Raises
        ------
        InputError : no row is left; the sentence is that of the first
        """
        kept = [number for number in range(len(self.rows)) if number not in problems]
        if not kept:
            raise InputError(f"Not one study of the table can be used. {next(iter(problems.values()))}")
        return replace(self.take(kept), problems=(*self.problems, *problems.values()))


def read_cohort(path: Path, fields: Sequence[ClinicalField] = ()) -> Cohort:
    """The studies of a table; those that cannot be used are `Cohort.problems`, a sentence each.

    Commas, semicolons (then 65,5 is a number) or tabs; UTF-8 with or without a mark, UTF-16, or Windows-1252, which a
    note says. Known columns are found whatever the case of their names. Paths count from the table's folder; whether
    there is a file is for the audit and the training to say. An empty origin is real.

    Parameters
    ----------
    fields : the clinical fields of the reader that will read the studies; columns of their names hold what they say

    Raises
    ------
    InputError : the table cannot be read, a needed column is missing, it has no rows or none that can be used, or its
        events have several causes
    """
    sheet = read_csv(path)
    header = tuple(name.lower() if is_known(name.lower()) else name for name in sheet.header)
    _refuse_header(header, path.name)
    if not sheet.rows:
        raise InputError(f"The cohort {path.name} has no rows.")
    lines = [LineReader(header, line, path.parent, sheet.decimal_comma) for line in sheet.rows]
    _refuse_causes(header, lines, path.name)
    read = [line.fields() for line in lines]
    clinical = typed_columns([each.get("clinical", {}) for each in read], fields, sheet.decimal_comma)
    rows: list[Row] = []
    problems: list[str] = []
    left_out: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for number, (line, each) in enumerate(zip(lines, read, strict=True)):
        key = (each.get("patient_id", ""), each.get("study_id", ""))
        wrong = [*line.problems, *clinical.problems[number]]
        if earlier := seen.get(key):
            wrong.append(f"study '{key[1]}' of patient '{key[0]}' is in line {earlier} already")
        if wrong:
            problems.append(f"Line {line.number}: {'; '.join(wrong)}.")
        else:
            rows.append(Row(**{**each, "clinical": clinical.rows[number]}))
            left_out += [f"Line {line.number}: {note}; it is left out." for note in line.notes]
            seen[key] = line.number
    if not rows:
        raise InputError(f"No row of the cohort {path.name} can be used. {problems[0]}")
    return Cohort(tuple(rows), tuple(problems), (*sheet.notes, *clinical.notes, *_time_note(header, rows), *left_out))


def write_cohort(path: Path, rows: Iterable[Row], beside: Mapping[str, str] | None = None) -> None:
    """Write rows as a table that `read_cohort` reads back.

    Images and masks beneath the table's folder are written relative to it, others in full. Columns that no row fills
    are left out.

    Parameters
    ----------
    beside : the texts of further files by name, which take their place together with the table

    Raises
    ------
    ValueError : two rows of one patient and study
    OutputError : the folder is missing or read-only, or the disk is full
    """
    rows = list(rows)
    if len({(row.patient_id, row.study_id) for row in rows}) < len(rows):
        raise ValueError("Two rows of a cohort have the same patient and study.")
    lines = [_cells(row, path.absolute().parent) for row in rows]
    filled = dict.fromkeys(name for line in lines for name, cell in line.items() if cell)
    images = [name for name in filled if name.startswith(IMAGE)]
    masks = sorted(name for name in filled if name.startswith(MASK))
    clinical = [name for name in filled if not is_known(name)]
    optional = [name for name in KNOWN if name in filled and name not in NEEDED]
    if not path.parent.is_dir():
        raise OutputError(f"Cannot write {path.name}: there is no folder {path.parent}.")
    header = (*NEEDED, *images, *masks, *optional, *clinical)
    table = csv_text(header, ([line.get(name) for name in header] for line in lines))
    with atomic_files(path.parent, last=path.name) as folder:
        for name, text in {**(beside or {}), path.name: table}.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _time_note(header: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """In which unit times were taken to be, with the longest, by which people see whether that is right."""
    times = [row.time for row in rows if row.time is not None]
    if not times:
        return ()
    column = next(name for name in header if name in TIMES)
    unit = column.removeprefix("time_") if column != "time" else "months"
    longest = f"{max(times):.1f} months ({max(times) / 12:.1f} years)"
    return (f"The column {column} was read as {unit}; the longest follow-up is {longest}.",)


def _refuse_header(header: tuple[str, ...], name: str) -> None:
    if missing := [column for column in NEEDED if column not in header]:
        raise InputError(f"The cohort {name} has no column {', '.join(missing)}.")
    if not any(column.startswith(IMAGE) and is_known(column) for column in header):
        old = "The column 'image'" if "image" in header else "A column of images"
        raise InputError(
            f"{old} of the cohort {name} must say what the images are for: name it image_frontal for radiographs, "
            "image_ct for CT."
        )
    times = [column for column in header if column in TIMES]
    if "label" not in header and {"label_left", "label_right"} & set(header):
        raise InputError(
            f"The cohort {name} has a row for each exam, with a label for each breast. Give each breast a row: its own "
            "views, a study_id such as 'exam 1, left', and its label in the column label."
        )
    if "label" not in header and not (times and "event" in header):
        raise InputError(f"The cohort {name} has neither a column label nor the columns time and event.")
    if len(set(times)) > 1:
        raise InputError(f"The cohort {name} has a time in each of {', '.join(times)}; keep one of them.")
    if repeated := sorted({column for column in header if header.count(column) > 1}):
        raise InputError(f"The cohort {name} has two columns named {', '.join(repeated)}.")


def _refuse_causes(header: tuple[str, ...], lines: Sequence[LineReader], name: str) -> None:
    """To leave out who died of another cause would change the risk, and a column of causes would tell the outcome."""
    advice = "give who had another one the event 0, followed until then, or 1 where any of them counts"
    if found := next((line for line in lines if line.another_cause), None):
        raise InputError(
            f"The cohort {name} has events of several causes (line {found.number}: '{found.another_cause}'), and a "
            f"table can have one: {advice}."
        )
    causes = [column for column in header if column.lower().replace(" ", "_") in ("cause", "cause_of_death")]
    if causes and "event" in header:
        raise InputError(
            f"The column '{causes[0]}' of the cohort {name} tells the outcome, and events can have one cause: "
            f"{advice}, and leave the column out."
        )


def _cells(row: Row, folder: Path) -> dict[str, str]:
    def path(found: Path) -> str:
        absolute = found.absolute()
        return (absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute).as_posix()

    def number(found: float | None) -> str:
        return "" if found is None else f"{found:.10g}"

    cells = {name: str(getattr(row, name)) for name in ("patient_id", "study_id", "site", "scanner", "sex", "view")}
    cells |= {"laterality": row.laterality, "split": row.split, "label": row.label or ""}
    cells |= {"time": number(row.time), "event": "" if row.event is None else str(int(row.event))}
    cells |= {"age": number(row.age), "origin": row.origin}
    cells |= {"generator": path(row.generator) if row.generator is not None else ""}
    cells |= {f"{IMAGE}{role}": path(image) for role, image in row.images.items()}
    cells |= {f"{MASK}{role}": path(mask) for role, mask in row.masks.items()}
    return cells | {name: clinical_text(value) for name, value in row.clinical.items()}
