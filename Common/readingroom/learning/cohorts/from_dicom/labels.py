"""Labels from a spreadsheet, joined to images by a key that both know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ....csv_table import CsvRow, CsvTable, read_csv
from ....errors import InputError
from ..cohort_line import IMAGE, TIMES, is_known
from .scan import DicomImage, LeftOut

# What a spreadsheet may call each key, letters and digits alone; the first key that it has is taken.
KEYS: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "filename", "image", "path"),
    "series_uid": ("seriesuid", "seriesinstanceuid"),
    "accession": ("accession", "accessionnumber", "accessionno"),
    "study_uid": ("studyuid", "studyinstanceuid"),
    "patient_id": ("patientid", "patid"),
}


@dataclass(frozen=True)
class Labels:
    """A spreadsheet whose lines can be found by a key.

    Parameters
    ----------
    folder : that of the spreadsheet, from which masks count
    on, key : what it is joined by, one of `KEYS`, and the column that holds it
    columns : what is taken over: the column of the spreadsheet by its name in the cohort
    ignored : columns that are not taken over, because they may name the patient or give the answer away
    """

    name: str
    folder: Path
    sheet: CsvTable
    on: str
    key: str
    columns: Mapping[str, str]
    ignored: tuple[str, ...]

    def cells(self, line: CsvRow) -> dict[str, str]:
        """What a line says, by the cohort's names of the columns."""
        values = dict(zip(self.sheet.header, line.values, strict=False))
        return {name: values.get(column, "") for name, column in self.columns.items()}


@dataclass(frozen=True)
class Joined:
    """The line of each image (None where there is none), what could not be joined, and what had to be guessed."""

    lines: tuple[CsvRow | None, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = field(default=())


def read_labels(path: Path, on: str = "", key: str = "", label: str = "", keep: Collection[str] = ()) -> Labels:
    """The spreadsheet, with its columns understood.

    Parameters
    ----------
    on : what it is joined by, one of `KEYS`; when empty the first of them that the spreadsheet has a column for
    key, label : the columns of the key and of the class; found by their names when empty
    keep : further columns to take over. Columns with the cohort's own names (``site``, ``split`` ...) are taken anyway

    Raises
    ------
    InputError : it cannot be read, or a column is not there
    """
    sheet = read_csv(path)
    on, key = _key(sheet, path.name, on, key)
    given = {name.lower(): name for name in sheet.header if _is_taken(name.lower())}
    given |= {name: _column(sheet, path.name, name) for name in keep}
    if label:
        given["label"] = _column(sheet, path.name, label)
    if not ("label" in given or ("event" in given and TIMES.keys() & given)):
        raise InputError(
            f"{path.name} has no column 'label'; say with --label-column which one holds the classes: "
            f"{', '.join(sheet.header)}."
        )
    ignored = tuple(name for name in sheet.header if name not in (*given.values(), key))
    return Labels(path.name, path.parent, sheet, on, key, given, ignored)


def join(images: Sequence[DicomImage], labels: Labels) -> Joined:
    """Find the line of each image. Values of the spreadsheet are never quoted: a key column may hold names.

    Lines of one key that say different things are left out with their images. Keys that a spreadsheet program took for
    numbers are found without their leading zeros where that is unmistakable, and a note says so.
    """
    index, contradicting, left_out = _index(labels)
    lines: list[CsvRow | None] = []
    used: set[int] = set()
    without_zeros = 0
    keys_of = _keys(images, labels.on)
    short = _without_zeros(key for keys in keys_of for key in keys)
    for image, keys in zip(images, keys_of, strict=True):
        found = next((index[key] for key in keys if key in index), None)
        if found is None:
            found = next((index[short[key]] for key in keys if short.get(key) in index), None)
            without_zeros += found is not None
        lines.append(found)
        if found is not None:
            used.add(found.number)
        elif contradicting & set(keys):
            left_out.append(LeftOut(image.place, f"The lines of {labels.name} for it contradict each other."))
        elif not keys:
            left_out.append(LeftOut(image.place, f"Its header has no {labels.on}."))
        else:
            left_out.append(LeftOut(image.place, f"No line of {labels.name} has its {labels.on}."))
    first = {line.number: line for line in index.values()}
    reason = f"No image has its {labels.on} ('{labels.key}')."
    left_out += [LeftOut(_line(labels, line), reason) for line in first.values() if line.number not in used]
    notes = [f"{labels.name} was joined by {labels.on}, its column '{labels.key}'."]
    if without_zeros:
        images_were = "image was" if without_zeros == 1 else "images were"
        notes.append(f"{without_zeros} {images_were} found without the leading zeros of the {labels.on}.")
    return Joined(tuple(lines), tuple(left_out), tuple(notes))


def _index(labels: Labels) -> tuple[dict[str, CsvRow], set[str], list[LeftOut]]:
    """The line of each key, the keys whose lines contradict each other, and what is left out for that."""
    groups: dict[str, list[CsvRow]] = defaultdict(list)
    left_out = []
    place = labels.sheet.header.index(labels.key)
    for line in labels.sheet.rows:
        key = line.values[place] if place < len(line.values) else ""
        if labels.on == "file":
            key = key.replace("\\", "/").removeprefix("./")
        if key:
            groups[key].append(line)
        else:
            left_out.append(LeftOut(_line(labels, line), f"Its '{labels.key}' is empty."))
    index, contradicting = {}, set()
    for key, lines in groups.items():
        if all(labels.cells(line) == labels.cells(lines[0]) for line in lines):
            index[key] = lines[0]
            continue
        contradicting.add(key)
        numbers = ", ".join(str(line.number) for line in lines)
        reason = f"Lines {numbers} have one '{labels.key}' and say different things."
        left_out += [LeftOut(_line(labels, line), reason) for line in lines]
    return index, contradicting, left_out


def _keys(images: Sequence[DicomImage], on: str) -> list[list[str]]:
    """What each image may be called; the name of its file alone only where no other file has it."""
    if on != "file":
        return [[value] if (value := str(getattr(image, on))) else [] for image in images]
    paths = [PurePosixPath(image.place) for image in images]
    known = Counter(name for path in paths for name in {path.name, path.stem})
    return [[str(path), *(name for name in (path.name, path.stem) if known[name] == 1)] for path in paths]


def _without_zeros(keys: Iterable[str]) -> dict[str, str]:
    """Keys without their leading zeros, where no other key becomes the same."""
    groups: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        groups[key.lstrip("0")].add(key)
    return {whole.pop(): short for short, whole in groups.items() if len(whole) == 1}


def _line(labels: Labels, line: CsvRow) -> str:
    return f"{labels.name}, line {line.number}"


def _key(sheet: CsvTable, name: str, on: str, key: str) -> tuple[str, str]:
    """What the spreadsheet is joined by, and its column."""
    if key and not on:
        raise InputError(f"Say with --on what the column '{key}' of {name} holds: {', '.join(KEYS)}.")
    if key:
        return on, _column(sheet, name, key)
    for kind in (on,) if on else KEYS:
        for column in sheet.header:
            if "".join(letter for letter in column.lower() if letter.isalnum()) in KEYS[kind]:
                return kind, column
    wanted = f"for {on}" if on else f"to join by ({', '.join(KEYS)})"
    raise InputError(
        f"{name} has no column {wanted}; say which one it is with --key-column: {', '.join(sheet.header)}."
    )


def _column(sheet: CsvTable, name: str, wanted: str) -> str:
    for column in sheet.header:
        if column.lower() == wanted.lower():
            return column
    raise InputError(f"{name} has no column '{wanted}'; it has {', '.join(sheet.header)}.")


def spelled_differently(labels: Collection[str]) -> tuple[str, ...]:
    """Labels that differ in nothing but capital letters and spaces."""
    counts = Counter(" ".join(label.casefold().split()) for label in set(labels))
    return tuple(sorted(label for label in set(labels) if counts[" ".join(label.casefold().split())] > 1))


def _is_taken(column: str) -> bool:
    """Whether a column is taken over under its own name; the images are those of the folder."""
    return is_known(column) and not column.startswith(IMAGE)
