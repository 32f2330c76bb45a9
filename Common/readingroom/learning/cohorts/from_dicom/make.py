"""The rows of a cohort from scanned images and their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .... import dicom_terms
from ....csv_table import CsvRow, csv_text
from ....errors import InputError
from ....formatting import counted
from ....progress import Progress
from ..clinical_columns import typed_columns
from ..cohort import Row
from ..cohort_line import IMAGE, MASK, NEEDED, TIMES, LineReader
from .labels import Labels, join, spelled_differently
from .scan import DicomImage, LeftOut, holds_any, scan

_FEW_REASONS = 3
_ROLES = {"CT": "ct", "MR": "mr", "PT": "pet", "MG": "mammogram"}  # by modality; all others are radiographs
_RADIOGRAPH = "frontal"


@dataclass(frozen=True)
class Made:
    """Rows of a cohort, all that takes no part in it, and what people should know of it."""

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def make_cohort(
    folder: Path,
    labels: Labels | None = None,
    modalities: Collection[str] = (),
    views: Collection[str] = (),
    role: str = "",
    progress: Progress | None = None,
) -> Made:
    """One row for each radiograph and each series in a folder of DICOM files.

    The patient is known by PatientID, a study by its accession number, else its StudyInstanceUID; further images of a
    study get a number. PatientName is not read into the table. What a spreadsheet says wins over the header.

    Parameters
    ----------
    labels : the spreadsheet; without one the rows have no outcome
    modalities, views : only these, in any spelling (``DX``, ``PA``); all when empty
    role : what the images are for; by their modality when empty: ``frontal``, ``ct``, ``mr``, ``pet``, ``mammogram``

    Raises
    ------
    InputError : the folder does not exist, or nothing in it can be a row
    CancelledError : the user canceled
    """
    found = scan(folder, progress)
    left_out = list(found.left_out)
    notes: list[str] = []
    images = _wanted(found.images, modalities, views, left_out)
    made: list[dict[str, Any]] = []
    if labels is None:
        pairs: list[tuple[DicomImage, CsvRow | None]] = [(image, None) for image in images]
    else:
        joined = join(images, labels)
        left_out += joined.left_out
        notes += [*labels.sheet.notes, *joined.notes]
        pairs = [pair for pair in zip(images, joined.lines, strict=True) if pair[1] is not None]
    numbers: Counter[tuple[str, str]] = Counter()
    for image, line in pairs:
        fields, problems = _fields(image, labels, line, role, notes)
        if problems:
            left_out.append(LeftOut(image.place, _sentence(problems)))
            continue
        study = fields["patient_id"], fields["study_id"]
        numbers[study] += 1
        if numbers[study] > 1:
            fields["study_id"] += f"-{numbers[study]}"
        made.append(fields)
    if not made:
        reasons = "; ".join(f"{each.what}: {each.reason}" for each in left_out[:_FEW_REASONS]) or "it holds no files."
        raise InputError(f"Nothing in the folder {folder.name} can be a study of a cohort: {reasons}")
    comma = labels is not None and labels.sheet.decimal_comma
    clinical = typed_columns([fields["clinical"] for fields in made], decimal_comma=comma)
    rows = [Row(**{**fields, "clinical": values}) for fields, values in zip(made, clinical.rows, strict=True)]
    notes += [*clinical.notes, *_header_notes(image for image, _ in pairs), *_notes(rows, labels, found.named)]
    return Made(tuple(rows), tuple(left_out), tuple(dict.fromkeys(notes)))


def left_out_table(left_out: Sequence[LeftOut]) -> str:
    """What takes no part as the text of a table of two columns."""
    return csv_text(("what", "reason"), ((each.what, each.reason) for each in left_out))


def _wanted(
    images: Sequence[DicomImage], modalities: Collection[str], views: Collection[str], left_out: list[LeftOut]
) -> list[DicomImage]:
    wanted = []
    modalities = {modality.strip().upper() for modality in modalities}
    views = {dicom_terms.view(view) for view in views}
    for image in images:
        if modalities and image.modality not in modalities:
            left_out.append(LeftOut(image.place, f"Its modality is '{image.modality}'."))
        elif views and image.view not in views:
            left_out.append(LeftOut(image.place, f"Its view is '{image.view}'." if image.view else "It has no view."))
        else:
            wanted.append(image)
    return wanted


def _fields(
    image: DicomImage, labels: Labels | None, line: CsvRow | None, role: str, notes: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """The arguments of the image's `Row`, ``clinical`` as written, and what is wrong with them."""
    fields: dict[str, Any] = {
        "patient_id": image.patient_id,
        "study_id": image.accession or image.study_uid or image.place,
        "images": {role or _ROLES.get(image.modality, _RADIOGRAPH): image.path},
        **{name: getattr(image, name) for name in ("site", "scanner", "age", "sex", "view", "laterality")},
        "clinical": {"modality": image.modality},
    }
    problems: list[str] = []
    if labels is not None and line is not None:
        said, problems = _said(fields, labels, line, notes)
        fields |= {name: value for name, value in said.items() if value not in (None, "", {})}
        fields["clinical"] = {"modality": image.modality, **said.get("clinical", {})}
    if not fields["patient_id"]:
        problems.append("its header has no PatientID; give a column patient_id in the spreadsheet")
    return fields, problems


def _said(fields: dict[str, Any], labels: Labels, line: CsvRow, notes: list[str]) -> tuple[dict[str, Any], list[str]]:
    """What the line of the spreadsheet says, checked as a line of a cohort is."""
    cells = {name: cell for name, cell in labels.cells(line).items() if cell}
    needed = {name: str(fields[name]) or "unknown" for name in NEEDED}
    written = {**needed, f"{IMAGE}{_RADIOGRAPH}": "the header's", **cells}
    line = replace(line, values=tuple(written.values()))
    reader = LineReader(tuple(written), line, labels.folder, labels.sheet.decimal_comma)
    said = dict(reader.fields())
    names = {"masks" if name.startswith(MASK) else "time" if name in TIMES else name for name in cells} | {"clinical"}
    problems = [f"in line {line.number} of {labels.name} {problem}" for problem in reader.problems]
    notes += [f"In line {line.number} of {labels.name} {note}; it is left out." for note in reader.notes]
    return {name: value for name, value in said.items() if name in names}, problems


def _sentence(problems: Sequence[str]) -> str:
    text = "; ".join(problems)
    return f"{text[:1].upper()}{text[1:]}."


def _header_notes(images: Iterable[DicomImage]) -> list[str]:
    """What could not be used in headers, each thing once, with the number of its files and one of them."""
    places: dict[str, list[str]] = {}
    for image in images:
        for note in image.notes:
            places.setdefault(note, []).append(image.place)
    return [
        f"{note.rstrip('.')} ({counted(len(where), 'image')}, such as {where[0]})." for note, where in places.items()
    ]


def _notes(rows: Sequence[Row], labels: Labels | None, named: int) -> list[str]:
    notes = []
    patients = Counter(row.patient_id for row in rows)
    if labels is not None and labels.ignored:
        names = ", ".join(labels.ignored)
        notes.append(f"Columns of {labels.name} that were not taken over (--keep does): {names}.")
    if labels is not None and labels.on == "patient_id" and (several := sum(n > 1 for n in patients.values())):
        notes.append(
            f"{counted(several, 'patient has', 'patients have')} several images; each got the label of its patient."
        )
    if alike := spelled_differently([row.label for row in rows if row.label]):
        notes.append(f"Labels that differ in capitals or spaces alone are different classes: {', '.join(alike)}.")
    if len(patients) == 1 < len(rows):
        notes.append(
            f"All {len(rows)} studies have one PatientID. If it was put there to hide the patients, give the "
            "spreadsheet a column patient_id: patients must not be in two parts of a split."
        )
    files = [(row.patient_id, path) for row in rows for path in (*row.images.values(), *row.masks.values())]
    given = sum(holds_any(path, (patient,)) for patient, path in files)
    if named := max(named, given):
        notes.append(
            f"The paths of {counted(named, 'file')} tell who the patient is, by a name, an ID, a date of birth or a "
            "UID, and so does a table with these paths; rename them before you pass it on."
        )
    return notes
