"""Many studies, measured in parallel.

What is done is kept beside the table until the table is written, so that a broken run goes on where it stopped; a study
that cannot be measured becomes a row that says why, and the others go on.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK

from ..csv_table import Cell, csv_text, read_csv
from ..errors import InputError, OutputError, ReadingRoomError
from ..files import cannot_write
from ..formatting import counted
from ..guarded_processes import guarded
from ..parallel import map_parallel
from ..progress import Progress
from ..regular_file import read_regular
from .files import Opened, measure_opened, open_files, require_one_region
from .prepare import chosen_label, label_image
from .settings import Settings, from_parameters
from .table_formats import write_cases

PATIENT, MASK_LABEL = "patient_id", "mask_label"
IMAGE, MASK, LABEL, CHANNEL = "Image", "Mask", "Label", "Label_channel"  # of PyRadiomics' batch tables
_BEGIN = b'{"key": "'  # of what is kept beside the table; a file that begins otherwise is somebody else's
_LARGEST_UNFINISHED = 2**31  # bytes; a study with all its features takes 100 KB


@dataclass(frozen=True)
class Summary:
    """How a run over a cohort ended."""

    measured: int
    failed: int
    resumed: int


def measure_cohort(
    cohort: Path,
    out: Path,
    settings: Settings | None = None,
    engine: str = "readingroom",
    processes: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    skip_nans: bool = False,
) -> Summary:
    """Measure each row of a cohort and write one table.

    Parameters
    ----------
    cohort : CSV with the columns patient_id, one ``image_<role>``, one ``mask_<role>`` and, if wanted, ``mask_label``,
        the value of the region in its mask; or a batch table of PyRadiomics, with the columns Image, Mask and, if
        wanted, Label and Label_channel; paths count from the cohort's folder
    out : CSV with the cohort's columns, ``problem``, ``notes``, one column for each ``diagnostics_...`` (unless the
        settings leave these out) and one for each feature; JSON or text where the name ends so, see `table_formats`
    processes : at most this many at once; as many as processors when left out
    executor : measures in place of processes that are started here, see `map_parallel`
    skip_nans : leave out features that are not defined

    Raises
    ------
    InputError : the cohort lacks a column, or has no rows
    OutputError : the table cannot be written, or what lies beside it as what was done so far is something else
    CancelledError : the user canceled; what is done is kept for the next run
    """
    settings, progress = settings or Settings(), progress or Progress()
    rows = read_rows(cohort)
    names = [_row_key(row, cohort.absolute().parent) for row in rows]
    done = _Done(out, _key(settings, engine))
    left = [number for number, name in enumerate(names) if "values" not in done.results.get(name, {})]
    resumed = len(rows) - len(left)
    progress(resumed / len(rows), f"Measured before: {resumed} of {counted(len(rows), 'study', 'studies')}.")
    count = resumed

    def keep(index: int, result: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        done.add(names[left[index]], result)
        progress(count / len(rows), f"Measured: {count} of {counted(len(rows), 'study', 'studies')}.")

    parameters = settings.parameters()
    jobs = [(rows[number], str(cohort.parent), parameters, engine) for number in left]
    map_parallel(
        _measure_row,
        jobs,
        executor,
        progress,
        processes=processes,
        on_result=keep,
        if_ended=lambda _, sentence: {"problem": sentence},
    )
    cases = [_case(row, done.results[name], skip_nans) for row, name in zip(rows, names, strict=True)]
    write_cases(out, cases, lambda: _table(cases, len(rows[0]) + 2))
    done.forget()
    failed = sum(bool(case["problem"]) for case in cases)
    return Summary(len(rows) - failed, failed, resumed)


def cohort_regions(cohort: Path, settings: Settings) -> Iterator[tuple[SimpleITK.Image, SimpleITK.Image]]:
    """Image and mask of each row, one after the other; the mask is 1 in the row's region and 0 elsewhere.

    Raises
    ------
    InputError : the cohort or one of its files cannot be read, or a mask lacks its label
    """
    for row in read_rows(cohort):
        try:
            opened, own = open_row(row, cohort.parent, settings.parameters(), functools.partial(guarded, open_files))
            labels = label_image(opened.mask, own.label_channel)
            region = SimpleITK.Cast(labels == chosen_label(labels, own.label), SimpleITK.sitkUInt8)
        except InputError as error:
            raise InputError(f"{row_name(row)}: {error}") from error
        yield opened.image, region


def cohort_names(cohort: Path) -> list[str]:
    """What each row is called in a sentence: its patient, or the image's file where the table names no patients.

    Raises
    ------
    InputError : as `cohort_regions`
    """
    return [row_name(row) for row in read_rows(cohort)]


def row_name(row: Mapping[str, str]) -> str:
    """The patient of a row, or its image's file."""
    return row.get(PATIENT) or Path(row[_files(row)[0]]).name


def _measure_row(job: tuple[dict[str, str], str, dict[str, Any], str]) -> dict[str, Any]:
    """Runs in another process: the features of a row in this folder, by these parameters and this engine."""
    row, folder, parameters, engine = job
    try:
        opened, settings = open_row(row, Path(folder), parameters)
        features = measure_opened(opened, settings, engine)
    except ReadingRoomError as error:
        return {"problem": str(error)}
    except Exception as error:  # one study must not stop the rest; what we broke is named as such
        return {"problem": f"Unforeseen: {type(error).__name__}: {error}"}
    return {
        "values": dict(features.values),
        "provenance": dict(features.provenance),
        "notes": " ".join(features.notes),
    }


def open_row(
    row: Mapping[str, str],
    folder: Path,
    parameters: Mapping[str, Any],
    opening: Callable[[Path, Path], Opened] = open_files,
) -> tuple[Opened, Settings]:
    """Image and mask of a row in this folder, and these parameters with the region that the row names.

    Raises
    ------
    InputError : a file cannot be read, or the region that is meant is not named
    """
    settings = from_parameters(parameters, _own_options(row))
    image, mask = (folder / row[column] for column in _files(row))
    opened = opening(image, mask)
    require_one_region(opened, settings.label)
    return opened, settings


def _own_options(row: Mapping[str, str]) -> dict[str, int]:
    """Which region of its mask the row names, as options of the settings."""
    columns = {MASK_LABEL: "label", LABEL: "label", CHANNEL: "label_channel"}
    return {option: whole(row[column]) for column, option in columns.items() if row.get(column)}


def whole(text: str) -> int:
    """A label as tables write it, ``1`` or ``1.0``.

    Raises
    ------
    InputError : it is no whole number
    """
    try:
        number = float(text)
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise InputError(f"The mask label '{text}' is no whole number.")


def read_rows(cohort: Path) -> list[dict[str, str]]:
    """The rows of a cohort.

    Raises
    ------
    InputError : it lacks a column, or has no rows
    """
    table = read_csv(cohort)
    rows = table.records(needed=() if {IMAGE, MASK} <= set(table.header) else (PATIENT,))
    _files(rows[0])
    return rows


def _files(row: Mapping[str, str]) -> tuple[str, str]:
    """The columns of image and mask.

    Raises
    ------
    InputError : there is none of them, or several that could be meant
    """
    if IMAGE in row and MASK in row:
        return IMAGE, MASK
    found = []
    for kind in ("image", "mask"):
        columns = [name for name in row if name.startswith(f"{kind}_") and name != MASK_LABEL]
        if len(columns) != 1:
            said = f"the columns {', '.join(columns)}; keep one" if columns else f"no column {kind}_ and its role"
            raise InputError(f"The cohort has {said}, such as image_ct and mask_tumor.")
        found.append(columns[0])
    return found[0], found[1]


def _case(row: Mapping[str, str], result: Mapping[str, Any], skip_nans: bool) -> dict[str, Cell]:
    """A row with what was found: a problem, or notes, provenance and features."""
    known = {"problem": result.get("problem", ""), "notes": result.get("notes", "")}
    values = {name: v for name, v in result.get("values", {}).items() if not (skip_nans and math.isnan(v))}
    return {**row, **known, **result.get("provenance", {}), **values}


def _table(cases: Sequence[Mapping[str, Cell]], fixed: int) -> str:
    """The cases below one another: the ``fixed`` columns that all have, then provenance, then features."""
    names = list(dict.fromkeys(name for case in cases for name in case))
    header = [*names[:fixed], *sorted(names[fixed:], key=lambda name: not name.startswith("diagnostics_"))]
    return csv_text(header, [[case.get(name) for name in header] for case in cases])


def _key(settings: Settings, engine: str) -> str:
    return hashlib.sha256(json.dumps([settings.parameters(), engine], sort_keys=True).encode()).hexdigest()


def _row_key(row: dict[str, str], folder: Path) -> str:
    """The row with what its files are now: the same row of another cohort, or other files there, are measured anew."""
    return json.dumps([row, [_state(folder, row[column]) for column in _files(row)]], sort_keys=True)


def _state(folder: Path, written: str) -> list[str]:
    """A file, or all files of a folder, by what changes with their content; the last time is the system's own."""
    file = written.partition("::")[0]  # behind it a region of a DICOM file may be named
    path = folder / file
    found = [str(path)]
    for each in sorted(path.rglob("*")) if file and path.is_dir() else [path]:
        with contextlib.suppress(OSError, ValueError):
            facts = each.stat()
            found.append(f"{each.name} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}")
    return found


def unfinished(out: Path) -> Path:
    """Where the studies that are measured are kept until the table ``out`` is written."""
    return out.with_name(f"{out.name}.unfinished")


class _Done:
    """Results so far, a line each in a file beside the table; those of other settings do not count.

    Raises
    ------
    OutputError : a file of this name is there and is something else
    """

    def __init__(self, out: Path, key: str):
        self._path = unfinished(out)
        self._key = key
        self.results: dict[str, dict[str, Any]] = {}
        if not os.path.lexists(self._path):
            return
        try:
            data = read_regular(self._path, _LARGEST_UNFINISHED)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        if data[: len(_BEGIN)] != _BEGIN[: len(data)]:
            raise OutputError(f"{self._path} is none of our files; choose another name for the table.")
        for line in data.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        with contextlib.suppress(ValueError, LookupError, TypeError):  # the last line of a run that was killed
            entry = json.loads(line)
            if entry["key"] == self._key:
                self.results[entry["row"]] = dict(entry["result"])

    def add(self, row: str, result: dict[str, Any]) -> None:
        self.results[row] = result
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": self._key, "row": row, "result": result}) + "\n")
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
