"""Masks at which a read would stop: of another organ, of a piece of it, or of another study."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import ReadingRoomError
from ...formatting import check_text, counted
from ...parallel import map_parallel
from ...progress import Progress
from ...readers.base import Reader
from ...readers.registry import find_reader, readers
from ...time_limit import time_limit
from ..cohorts.cohort import Cohort, Row
from .issue import AuditIssue, some


def mask_issues(cohort: Cohort, processes: int | None = None, progress: Progress | None = None) -> Iterator[AuditIssue]:
    """An issue for each reader that checks masks which the table has, and would stop at some of them.

    Raises
    ------
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    for reader in readers().values():
        rows = [row for row in cohort.rows if _checks(reader, row)]
        if not rows:
            continue
        done = 0

        def tell(index: int, found: str, rows: list[Row] = rows) -> None:
            nonlocal done
            done += 1
            progress(done / len(rows), f"Looking at the masks of {done} of {counted(len(rows), 'study', 'studies')}.")

        found = map_parallel(
            _stopped,
            [(row, reader.name) for row in rows],
            progress=progress,
            processes=processes,
            on_result=tell,
            if_ended=lambda item, sentence: sentence,
        )
        stops = [f"{row.patient_id}/{row.study_id}: {why}" for row, why in zip(rows, found, strict=True) if why]
        if stops:
            studies = counted(len(rows), "study", "studies")
            sentence = f"{reader.title} would not read {len(stops)} of {studies} with the masks of this table."
            yield AuditIssue("stop", "masks of something else", sentence, some(stops))


def _checks(reader: Reader, row: Row) -> bool:
    """Whether the reader would look at a mask of this row."""
    return any(
        role.name in reader.masks_checked and role.name in row.masks and role.image in row.images
        for role in reader.masks
    )


def _stopped(item: tuple[Row, str]) -> str:
    """Why a read would stop; empty where it would not. Runs in a child process."""
    row, name = item
    reader = find_reader(name)
    try:
        with time_limit():
            case = reader.load(row.study(reader))
    except ReadingRoomError as error:
        return str(error)
    return " ".join(check_text(check) for check in reader.mask_checks(case) if check.status == "stop")
