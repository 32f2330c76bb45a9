"""Whether regions can be measured, found out without measuring them: files, labels, grids, voxels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, ReadingRoomError
from ..formatting import counted
from ..parallel import map_parallel
from ..progress import Progress
from .cohort import open_row, read_rows, row_name
from .files import Opened, require_one_region
from .needs import NEEDS
from .prepare import prepare
from .regions import region_alone, regions_of
from .settings import Settings
from .textures import refuse_constant


@dataclass(frozen=True)
class Validated:
    """A region or a study: how many voxels would be measured, or the sentence that says why none can be."""

    name: str
    voxels: int = 0
    problem: str = ""


def validate_region(opened: Opened, settings: Settings) -> int:
    """The voxels of a region, after all that is done and checked before anything is filtered or measured.

    Raises
    ------
    InputError : as `measure`, of the region in the image as it is
    """
    require_one_region(opened, settings.label)
    prepared = prepare(opened.image, opened.mask, settings)
    texture = any(NEEDS[each].neighbors for each in settings.features if each in NEEDS)
    if texture and "Original" in settings.image_types:
        refuse_constant(prepared.region())
    return prepared.mask.voxels


def validate_regions(opened: Opened, settings: Settings, progress: Progress) -> Iterator[Validated]:
    """Each region of a mask.

    Raises
    ------
    InputError : it has none
    """
    regions = regions_of(opened, None, {}, settings)
    for number, region in enumerate(regions):
        progress(number / len(regions), f"Looking at {region.name}.")
        try:
            yield Validated(region.name, validate_region(*region_alone(opened, region, settings)))
        except InputError as error:
            yield Validated(region.name, problem=str(error))


def validate_cohort(
    cohort: Path, settings: Settings, processes: int | None = None, progress: Progress | None = None
) -> list[Validated]:
    """Each row of a cohort as `measure_cohort` takes it, in parallel.

    Raises
    ------
    InputError : the cohort lacks a column, or has no rows
    """
    rows, progress = read_rows(cohort), progress or Progress()
    done = 0

    def say(_index: int, _found: Validated) -> None:
        nonlocal done
        done += 1
        progress(done / len(rows), f"Looked at: {done} of {counted(len(rows), 'study', 'studies')}.")

    jobs = [(row, cohort.parent, settings.parameters()) for row in rows]
    return map_parallel(
        _validated_row,
        jobs,
        None,
        progress,
        processes=processes,
        on_result=say,
        if_ended=lambda job, sentence: Validated(row_name(job[0]), problem=sentence),
    )


def _validated_row(job: tuple[Mapping[str, str], Path, dict[str, Any]]) -> Validated:
    """Runs in another process."""
    row, folder, parameters = job
    try:
        return _validated(row_name(row), *open_row(row, folder, parameters))
    except ReadingRoomError as error:
        return Validated(row_name(row), problem=str(error))
    except Exception as error:  # one study must not stop the rest; what we broke is named as such
        return Validated(row_name(row), problem=f"Unforeseen: {type(error).__name__}: {error}")


def _validated(name: str, opened: Opened, settings: Settings) -> Validated:
    try:
        return Validated(name, validate_region(opened, settings))
    except InputError as error:
        return Validated(name, problem=str(error))
