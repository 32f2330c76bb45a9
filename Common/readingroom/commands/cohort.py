"""``readingroom cohort``: from a folder of DICOM files and a spreadsheet of labels to the table of a cohort."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..formatting import counted
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import say

if TYPE_CHECKING:
    from ..learning.cohorts.cohort import Row
    from ..learning.cohorts.from_dicom.make import Made

_KEYS = ("file", "series_uid", "accession", "study_uid", "patient_id")
_COUNTED = ("label", "site", "scanner", "view", "sex")
_SHOWN = 10  # values of a column, and things that take no part


def add(commands: Any) -> None:
    cohort = commands.add_parser(
        "cohort",
        help="make the table of a cohort from a folder of DICOM files",
        description="Writes the table and, beside it, <name>-left-out.csv: what takes no part, and why. Patients are "
        "known by their PatientID; their names are not written.",
    )
    cohort.add_argument("folder", type=_path, metavar="FOLDER", help="DICOM files, in subfolders or not")
    cohort.add_argument("--out", type=_path, required=True, metavar="COHORT.csv", help="the table to write")
    cohort.add_argument("--labels", type=Path, metavar="SHEET.csv", help="spreadsheet with the class of each study")
    cohort.add_argument("--on", choices=_KEYS, default="", help="what joins both; found in the spreadsheet if left out")
    cohort.add_argument("--key-column", default="", metavar="NAME", help="of the spreadsheet, that holds it")
    cohort.add_argument("--label-column", default="", metavar="NAME", help="of the spreadsheet (default: label)")
    cohort.add_argument("--keep", nargs="+", default=[], metavar="NAME", help="further columns of the spreadsheet")
    cohort.add_argument("--modality", nargs="+", default=[], metavar="M", help="only these, such as DX CR")
    cohort.add_argument("--view", nargs="+", default=[], metavar="V", help="only these, such as PA AP")
    cohort.add_argument("--role", default="", metavar="ROLE", help="of the images, such as frontal; by their modality")
    cohort.add_argument(
        "--pseudonyms",
        type=Path,
        metavar="SECRET.csv",
        help="write P0001 for patients and P0001-1 for studies; this table tells who they are: keep it to yourself",
    )
    cohort.set_defaults(run=lambda options: _run(options, cohort))


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    from ..learning.cohorts.cohort import write_cohort
    from ..learning.cohorts.from_dicom.labels import read_labels
    from ..learning.cohorts.from_dicom.make import left_out_table, make_cohort
    from ..learning.cohorts.from_dicom.pseudonyms import pseudonymized

    if options.labels is None and (options.on or options.key_column or options.label_column or options.keep):
        parser.error("--on, --key-column, --label-column and --keep need --labels")
    labels = None
    if options.labels is not None:
        labels = read_labels(options.labels, options.on, options.key_column, options.label_column, tuple(options.keep))
    if options.out.is_dir():
        raise InputError(f"{options.out} is a folder; give the name of the table, such as cohort.csv.")
    with ProgressLine() as line:
        made = make_cohort(options.folder, labels, options.modality, options.view, options.role, Progress(line.show))
    rows = made.rows if options.pseudonyms is None else pseudonymized(made.rows, options.pseudonyms)
    rest = options.out.with_name(f"{options.out.stem}-left-out.csv")
    write_cohort(options.out, rows, {rest.name: left_out_table(made.left_out)})
    _print(options.out, rows, made, rest)
    if labels is None:
        say("It has no labels yet: fill in a column 'label', or make it again with --labels SPREADSHEET.csv.")


def _path(text: str) -> Path:
    """From the root and without ``..``, so that the folder is found to lie beneath the table's where it does."""
    return Path(os.path.abspath(text))


def _print(out: Path, rows: tuple[Row, ...], made: Made, rest: Path) -> None:
    patients = counted(len({row.patient_id for row in rows}), "patient")
    say(f"{out.name}: {counted(len(rows), 'study', 'studies')} of {patients}")
    for name in _COUNTED:
        values = Counter(str(getattr(row, name) or "not known") for row in rows).most_common()
        shown = ", ".join(f"{value} {count}" for value, count in values[:_SHOWN])
        more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
        if values[0][0] != "not known" or len(values) > 1:
            say(f"  {name}: {shown}{more}")
    for note in made.notes:
        say(f"note: {note}")
    for each in made.left_out[:_SHOWN]:
        say(f"left out: {each.what}: {each.reason}")
    if made.left_out:
        say(f"Left out in all: {len(made.left_out)}, listed in {rest.name} beside it.")
