"""All regions of one mask, measured in parallel."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from ..csv_table import Cell, csv_text
from ..errors import CancelledError, InputError, ReadingRoomError
from ..imaging.structure_names import named_structures
from ..parallel import map_parallel
from ..progress import Progress
from . import image_names
from .features import Features
from .files import Opened, measure_opened, open_files
from .once import images_unchanged
from .prepare import label_image
from .settings import Settings, from_parameters

# A process needs about a second to start and to open a chest CT; this many voxels are measured in about four.
WORTH_PROCESSES = 4_000_000
SLOWER = {"readingroom": 1, "pyradiomics": 20}  # how many times as long an engine takes

_Plain = tuple[dict[str, float], dict[str, str], tuple[str, ...], str]  # values, provenance, notes, problem


@dataclass(frozen=True)
class MeasuredRegion:
    """One region of a mask: ``features``, or a sentence that says why there are none."""

    label: int
    name: str
    features: Features | None = None
    problem: str = ""

    def __post_init__(self) -> None:
        if (self.features is None) != bool(self.problem):
            raise ValueError(f"The region {self.label} needs either features or a problem.")

    def defined(self) -> MeasuredRegion:
        """Without the features that are not defined."""
        return self if self.features is None else dataclasses.replace(self, features=self.features.defined())


@dataclass(frozen=True)
class WantedRegion:
    """A region that can be measured: ``value`` in the mask's ``channel``, of so many ``voxels`` about.

    One that was ``drawn``, a structure of DICOM, has notes of its own, or the ``problem`` for which it has no voxels.
    """

    label: int
    name: str
    value: int
    channel: int
    voxels: int
    drawn: bool = False
    notes: tuple[str, ...] = ()
    problem: str = ""


def labels_of(mask: SimpleITK.Image, channel: int = 0) -> dict[int, int]:
    """Voxels of each label that a mask has, in the order of the labels; background is left out.

    Raises
    ------
    InputError : what the mask holds are no labels
    """
    labels = label_image(mask, channel)  # has to live as long as its view
    values = SimpleITK.GetArrayViewFromImage(labels)
    found, counts = np.unique(values[values > 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def images(settings: Settings) -> int:
    """How many images are looked at: the original and its filtered versions."""
    return sum(len(image_names.names(kind, settings.of_image_type(kind))) for kind in settings.image_types)


def measure_regions(
    image: Path,
    mask: Path,
    labels: Sequence[int] | None = None,
    names: Mapping[int, str] | None = None,
    settings: Settings | None = None,
    engine: str = "readingroom",
    processes: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    opening: Callable[[Path, Path], Opened] | None = None,
) -> tuple[MeasuredRegion, ...]:
    """Measure several regions of one mask. One that cannot be measured says so and does not stop the others.

    Parameters
    ----------
    image, mask : files or DICOM folders, on one grid unless the settings resample the mask
    labels : which; all that the mask has when left out. Of a ``.seg.nrrd``, DICOM SEG or RTSTRUCT, whose segments may
        overlap, its segments, numbered from 1
    names : of labels, for progress and tables; ``label 2`` where none is given
    processes : at most this many at once; when left out, as many as processors, or one where the regions are small
    executor : measures in place of processes that are started here, see `map_parallel`; it must see the same files
    opening : of the files, `open_files` when left out; outside the worker process one that guards this process, as on
        the shell

    Raises
    ------
    InputError : a file cannot be read, or the mask has no label at all
    CancelledError : the user canceled
    """
    settings, progress = settings or Settings(), progress or Progress()
    progress(0.0, "Opening image and mask.")
    opened = open_files(image, mask, each=labels is None) if opening is None else opening(image, mask)
    with images_unchanged():
        wanted = regions_of(opened, labels, names or {}, settings)
        largest_first = sorted(wanted, key=lambda region: -region.voxels)  # the last process to end ends soon then
        if processes is None:
            work = sum(region.voxels for region in wanted) * images(settings) * SLOWER.get(engine, 1)
            processes = None if work > WORTH_PROCESSES else 1
        if executor is None and (processes == 1 or len(wanted) == 1):
            found = list(_one_by_one(opened, largest_first, settings, engine, progress))
        else:
            found = _in_parallel(image, mask, largest_first, settings, engine, processes, progress, executor)
    by_label = {region.label: region for region in found}
    progress(1.0, f"{len(wanted)} regions are measured." if len(wanted) > 1 else "The region is measured.")
    return tuple(by_label[region.label] for region in wanted)


def regions_of(
    opened: Opened, labels: Sequence[int] | None, names: Mapping[int, str], settings: Settings
) -> list[WantedRegion]:
    """The segments of the mask, or the labels that are wanted of it.

    Raises
    ------
    InputError : it has none
    """
    if opened.segments and labels is None:
        counts = [labels_of(opened.mask, layer) for layer in range(opened.mask.GetNumberOfComponentsPerPixel())]
        return [
            WantedRegion(
                number,
                one.name,
                one.value,
                one.layer,
                counts[one.layer].get(one.value, 0),
                opened.drawn,
                one.notes,
                one.problem,
            )
            for number, one in enumerate(opened.segments, start=1)
        ]
    voxels = labels_of(opened.mask, settings.label_channel)
    if not voxels:
        raise InputError("The mask is empty: it marks no voxel.")
    return [
        WantedRegion(label, names.get(label) or f"label {label}", label, settings.label_channel, voxels.get(label, 0))
        for label in (voxels if labels is None else labels)
    ]


def region_alone(opened: Opened, region: WantedRegion, settings: Settings) -> tuple[Opened, Settings]:
    """The files and the settings with which this region is measured; a structure of DICOM as if it had been named.

    Raises
    ------
    InputError : there is a problem with the region
    """
    if region.problem:
        raise InputError(region.problem)
    if region.drawn:
        alone = opened.only(region.value, region.channel, region.notes)
        return alone, dataclasses.replace(settings, label=1, label_channel=0)
    return opened, dataclasses.replace(settings, label=region.value, label_channel=region.channel)


def _one_by_one(
    opened: Opened, regions: Sequence[WantedRegion], settings: Settings, engine: str, progress: Progress
) -> Iterator[MeasuredRegion]:
    for number, region in enumerate(regions):
        part = progress.part(number / len(regions), (number + 1) / len(regions))
        yield _measured(opened, region, settings, engine, part)


def _in_parallel(
    image: Path,
    mask: Path,
    regions: Sequence[WantedRegion],
    settings: Settings,
    engine: str,
    processes: int | None,
    progress: Progress,
    executor: Executor | None,
) -> list[MeasuredRegion]:
    parameters = settings.parameters()
    done = 0

    def say(index: int, found: _Plain) -> None:
        nonlocal done
        done += 1
        progress(done / len(regions), f"{regions[index].name} is measured, {done} of {len(regions)}.")

    results = map_parallel(
        _measured_in_child,
        [(str(image), str(mask), region, parameters, engine) for region in regions],
        executor,
        progress,
        processes=processes,
        on_result=say,
        if_ended=lambda _, sentence: ({}, {}, (), sentence),
    )
    return [_from_child(region, found) for region, found in zip(regions, results, strict=True)]


def _measured_in_child(job: tuple[str, str, WantedRegion, dict[str, Any], str]) -> _Plain:
    """What a `MeasuredRegion` holds, as plain values that can be handed from process to process."""
    image, mask, wanted, parameters, engine = job
    if wanted.problem:
        return {}, {}, (), wanted.problem
    settings = from_parameters(parameters)
    if wanted.drawn and not named_structures(wanted.name)[1]:  # the others are not drawn again
        mask, wanted = f"{mask}::{wanted.name}", dataclasses.replace(wanted, value=1, channel=0, notes=())
    opened = open_files(Path(image), Path(mask), each=wanted.drawn)
    region = _measured(opened, wanted, settings, engine, Progress())
    if region.features is None:
        return {}, {}, (), region.problem
    return dict(region.features.values), dict(region.features.provenance), region.features.notes, ""


def _from_child(region: WantedRegion, found: _Plain) -> MeasuredRegion:
    values, provenance, notes, problem = found
    return MeasuredRegion(region.label, region.name, None if problem else Features(values, provenance, notes), problem)


def _measured(
    opened: Opened, region: WantedRegion, settings: Settings, engine: str, progress: Progress
) -> MeasuredRegion:
    try:
        return MeasuredRegion(
            region.label, region.name, measure_opened(*region_alone(opened, region, settings), engine, progress)
        )
    except CancelledError:
        raise
    except ReadingRoomError as error:
        return MeasuredRegion(region.label, region.name, problem=str(error))


def table(regions: Sequence[MeasuredRegion]) -> str:
    """CSV with the column ``feature`` and one for each region that was measured, provenance first."""
    measured = [(region.name, region.features) for region in regions if region.features is not None]
    rows: dict[str, None] = {}
    for part in ("provenance", "values"):
        for _, features in measured:
            rows |= dict.fromkeys(getattr(features, part))
    lines = [(row, *(_cell(features, row) for _, features in measured)) for row in rows]
    return csv_text(("feature", *(name for name, _ in measured)), lines)


def _cell(features: Features, row: str) -> Cell:
    return features.values[row] if row in features.values else features.provenance.get(row)
