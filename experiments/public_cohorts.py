"""Cohorts made of folders of public images, each with its ``labels.csv``.

``python -m experiments.public_cohorts --data FOLDER --out FOLDER`` writes each of them as a table that
``readingroom audit`` and ``readingroom train`` take.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from readingroom.csv_table import read_csv, write_csv
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder
from readingroom.learning.cohorts.clinical_columns import ClinicalValue, typed_columns
from readingroom.learning.cohorts.cohort import Cohort, Row, write_cohort

LESIONS = "mammogram_lesions.csv"
NIH_FOLDERS = ("cxr", "cxr_nih_extra")
_ABNORMALITIES = {  # of mini-MIAS
    "CALC": "calcifications", "CIRC": "well-defined mass", "SPIC": "spiculated mass", "MISC": "other, ill-defined mass",
    "ARCH": "architectural distortion", "ASYM": "asymmetry",
}  # fmt: skip
# Where a file came from says nothing of a study, the rest has a column of its own, and what was found is the answer in
# other words: a model that is given it would only repeat it.
_NOT_CLINICAL = {
    *("file", "label", "source", "patient_id", "view", "age", "sex", "laterality"),
    *("sha256", "source_url", "original_name", "license", "finding", "abnormalities", "survival"),
    *("pneumonia", "mask", "mask_share"),
}


def nih_pneumonia(data: Path) -> Cohort:
    """Pneumonia against no finding: the NIH ChestX-ray14 films of ``cxr`` and ``cxr_nih_extra``.

    The clinical variable ``in_range`` is 1 where the patient number lies within those of the normal films: all normals
    were drawn from a range of numbers, so a fair comparison stays within it (``nih_matched`` in the table of ``cxr``).
    """
    rows = [row for folder in NIH_FOLDERS for row in _rows(data, folder) if row["source"] == "nih"]
    normals = [_nih_number(row) for row in rows if row["label"] == "normal"]
    first, last = min(normals), max(normals)
    return _cohort({**row, "in_range": str(int(first <= _nih_number(row) <= last))} for row in rows)


def chest_radiographs(data: Path) -> Cohort:
    """COVID-19, other pneumonia or normal: all films of ``cxr``, of three sources, which are the sites."""
    return _cohort(_rows(data, "cxr"))


def childrens_pneumonia(data: Path) -> Cohort:
    """Bacterial pneumonia, viral pneumonia or normal: the films of children in ``cxr_kermany``, the official training
    part of their collection."""
    names = {"bacterial": "bacterial-pneumonia", "viral": "viral-pneumonia", "normal": "normal"}
    rows = _rows(data, "cxr_kermany", needed=("file", "label", "patient_id", "mask"))
    return _cohort({**row, "label": names[row["label"]], "source": "Guangzhou"} for row in rows)


def covid_ct(data: Path) -> Cohort:
    """COVID-19 or not: the CT slices of ``covid_ct``, a study each. Its patients are blocks of file numbers."""
    return _cohort(_rows(data, "covid_ct"), "ct")


def mammograms(data: Path) -> Cohort:
    """Normal, benign or malignant: the mini-MIAS films of ``mammo``, one breast a study."""
    return _cohort(_rows(data, "mammo"), "mammogram")


def write_mammogram_lesions(data: Path, path: Path) -> None:
    """The lesions of mini-MIAS in pixels of the films of ``mammo``; a few calcifications have no place.

    Raises
    ------
    InputError : the table is missing
    OutputError : the file cannot be written
    """
    table = data / "mammo" / "lesions.csv"
    columns = {"study_id": "image_id", "x": "x_768", "y": "y_768", "radius": "radius_768", "severity": "severity"}
    rows = read_csv(table).records(needed=(*columns.values(), "abnormality"))
    lines = [[*(row[name] for name in columns.values()), _ABNORMALITIES[row["abnormality"]]] for row in rows]
    write_csv(path, (*columns, "kind"), lines)


COHORTS: Mapping[str, Callable[[Path], Cohort]] = {
    "nih_pneumonia": nih_pneumonia,
    "chest_radiographs": chest_radiographs,
    "childrens_pneumonia": childrens_pneumonia,
    "covid_ct": covid_ct,
    "mammograms": mammograms,
}


def write_all(data: Path, out: Path) -> dict[str, Path]:
    """Write each cohort as ``out/<name>.csv``, and the lesions of the mammograms beside it; paths by name.

    Raises
    ------
    InputError : a folder or a column of ``data`` is missing
    OutputError : ``out`` cannot be written
    """
    make_folder(out)
    paths = {}
    for name, read in COHORTS.items():
        paths[name] = out / f"{name}.csv"
        write_cohort(paths[name], read(data).rows)
    write_mammogram_lesions(data, out / LESIONS)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of the public cohorts.")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds cxr, covid_ct, mammo ...")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        for path in write_all(options.data, options.out).values():
            print(path)
    except ReadingRoomError as error:
        sys.exit(str(error))


def _rows(
    data: Path, folder: str, needed: tuple[str, ...] = ("file", "label", "source", "patient_id")
) -> list[dict[str, str]]:
    """Rows of ``labels.csv``, with the path of the file in ``file``."""
    rows = read_csv(data / folder / "labels.csv").records(needed=needed)
    return [{**row, "file": str(data / folder / row["file"])} for row in rows]


def _cohort(rows: Iterable[Mapping[str, str]], role: str = "frontal") -> Cohort:
    listed = list(rows)
    clinical = typed_columns([{name: row[name] for name in row if name not in _NOT_CLINICAL} for row in listed])
    return Cohort(tuple(_row(row, values, role) for row, values in zip(listed, clinical.rows, strict=True)))


def _row(row: Mapping[str, str], clinical: Mapping[str, ClinicalValue], role: str) -> Row:
    image = Path(row["file"])
    return Row(
        patient_id=row["patient_id"],
        study_id=image.stem,
        images={role: image},
        label=row["label"],
        site=row["source"],
        age=float(row["age"]) if row.get("age") else None,
        sex=row.get("sex", ""),
        view=row.get("view", ""),
        laterality=row.get("laterality", ""),
        clinical=clinical,
    )


def _nih_number(row: Mapping[str, str]) -> int:
    """NIH-00150 is patient number 150."""
    return int(row["patient_id"].rpartition("-")[2])


if __name__ == "__main__":
    main()
