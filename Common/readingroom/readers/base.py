"""The way every read goes: study, checks, network, calibration, explanation, reading on disk.

A reader (one file per paper beside this one) only says how its question is answered; opening the bundle, stopping at
a ``stop`` check, provenance and writing the results whole or not at all is done here, once.
"""

from __future__ import annotations

import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from .. import __version__
from .. import device as device_choice
from ..bundles.bundle import Bundle
from ..errors import OutputError, RefusedError
from ..folders import scratch
from ..imaging.segments import Segment, write_segments
from ..progress import Progress
from ..reading import Check, Finding, HeatMap, PredictionSet, Provenance, Reading, has_stop
from ..reports.pictures import gray_png, map_png
from ..study import Study

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

READING = "reading.json"
HEAT_MAP = "heatmap.nrrd"
SEGMENTS = "segments.seg.nrrd"
_SOFTWARE = ("numpy", "SimpleITK", "pydicom", "torch", "timm")


@dataclass
class ReadSession:
    """One read under way: what the reader works with, and what it collects.

    Parameters
    ----------
    device : where the network runs; a fallback may change it
    anyway : True reads on after a ``stop`` check
    """

    study: Study
    bundle: Bundle
    device: torch.device
    progress: Progress
    force: bool = False
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def check(self, *checks: Check) -> None:
        """Add checks to the reading.

        Raises
        ------
        RefusedError : one of them says ``stop`` and the user did not ask to read anyway
        """
        self.checks += checks
        stops = [check for check in checks if check.status == "stop"]
        if stops and not self.force:
            raise RefusedError(" ".join(check.sentence for check in stops), tuple(self.checks))

    def note(self, sentence: str) -> None:
        """Say that a fallback took over; panel, shell and report show it."""
        self.notes.append(sentence)


@dataclass(frozen=True)
class Layer:
    """A heat map with its pixels.

    ``heat`` is a float array 0 to 1 in the array order and size of ``image``, the picture that it lies on; ``gray``
    is that picture as it was read, ``[j, i]`` (for volumes: the slice to show in the report).
    """

    heat_map: HeatMap
    heat: NDArray[np.float32]
    image: SimpleITK.Image
    gray: NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What a reader found; the first layer is the main one."""

    findings: tuple[Finding, ...]
    prediction_sets: tuple[PredictionSet, ...]
    layers: tuple[Layer, ...]
    settings: Mapping[str, Any]


class Reader(ABC):
    """Answers one question about a study. Stateless: what stays warm is kept by `readingroom.model_cache`."""

    name: str

    @abstractmethod
    def warm(self, bundle: Bundle, device: torch.device) -> None:
        """Load what the first read would wait for."""

    @abstractmethod
    def answer(self, session: ReadSession) -> Answer:
        """Read the study of the session. Checks go through `ReadSession.check`, which may end the read."""


def read(
    reader: Reader,
    study: Study,
    bundle: Bundle,
    out: Path,
    device: device_choice.Wanted = "auto",
    progress: Progress | None = None,
    force: bool = False,
) -> Reading:
    """Read a study and write ``reading.json``, heat maps, segments and pictures into ``out``.

    Raises
    ------
    BundleError : the bundle was made for another reader
    SetupError : the device asked for is not there
    InputError : the study cannot be read
    RefusedError : a ``stop`` check, without ``force``; nothing is written
    OutputError : the results cannot be written; nothing is left half-written
    """
    bundle.require(reader.name)
    progress = progress or Progress()
    started, clock = datetime.now(UTC), time.perf_counter()
    notes: list[str] = []
    session = ReadSession(
        study=study,
        bundle=bundle,
        device=device_choice.choose(device, notes.append),
        progress=progress.part(0.0, 0.9),
        force=force,
        notes=notes,
    )
    answer = reader.answer(session)
    progress(0.92, "Writing the results.")
    layers = answer.layers
    reading = Reading(
        reader=reader.name,
        task=bundle.metadata.task,
        study=study,
        findings=answer.findings,
        checks=tuple(session.checks),
        bundle=bundle.facts,
        provenance=Provenance(
            software=_software(),
            device=str(session.device),
            started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=round(time.perf_counter() - clock, 3),
            settings=answer.settings,
            notes=tuple(session.notes),
        ),
        prediction_sets=answer.prediction_sets,
        heat_maps=tuple(layer.heat_map for layer in layers),
        forced=force and has_stop(session.checks),
    )
    _write(reading, layers, out)
    progress(1.0, "Done.")
    return reading


def heat_map_path(number: int, finding: str) -> Path:
    """File name of the ``number``-th heat map: the main one has the plain name."""
    return Path(HEAT_MAP if number == 0 else f"heatmap-{finding}.nrrd")


def level_segments(layer: Layer, title: str) -> list[Segment]:
    """The regions of a heat map at its named levels; a higher level lies inside a lower one."""
    colors = ((1.0, 0.75, 0.2), (0.9, 0.25, 0.1), (0.6, 0.05, 0.25))
    return [
        Segment(
            id=f"{layer.heat_map.finding}-{round(100 * level)}",
            name=f"{title}: map at least {round(100 * level)} %",
            color=colors[min(number, len(colors) - 1)],
            mask=layer.heat >= level,
        )
        for number, level in enumerate(layer.heat_map.levels)
    ]


def _write(reading: Reading, layers: tuple[Layer, ...], out: Path) -> None:
    """All files go into a hidden folder beside their place and are moved when the last one is complete."""
    with scratch(out) as temporary:
        for layer in layers:
            _write_layer(layer, temporary)
        if layers:
            main = layers[0]
            title = reading.finding(main.heat_map.finding).title
            write_segments(temporary / SEGMENTS, main.image, level_segments(main, title))
            (temporary / "picture-image.png").write_bytes(gray_png(main.gray))
        (temporary / READING).write_bytes(reading.to_bytes())
        outdated = _earlier_files(out) - {path.name for path in temporary.iterdir()}
        for path in sorted(temporary.iterdir(), key=lambda path: path.name == READING):  # the reading comes last
            path.replace(out / path.name)
        for name in outdated:
            (out / name).unlink(missing_ok=True)


def _write_layer(layer: Layer, folder: Path) -> None:
    image = SimpleITK.GetImageFromArray(layer.heat.astype(np.float32))
    image.CopyInformation(layer.image)
    try:
        SimpleITK.WriteImage(image, str(folder / layer.heat_map.path), useCompression=False)
    except RuntimeError as error:  # all that SimpleITK raises
        raise OutputError(f"Cannot write the heat map in {folder.parent}: is the disk full?") from error
    picture_heat = layer.heat if layer.heat.ndim == 2 else layer.heat[layer.heat.shape[0] // 2]
    picture = map_png(layer.gray, picture_heat, layer.heat_map.box)
    (folder / f"picture-map-{layer.heat_map.finding}.png").write_bytes(picture)


def _earlier_files(out: Path) -> set[str]:
    """Names of the maps and pictures that an earlier reading left in the same folder."""
    try:
        earlier = Reading.from_json(json.loads((out / READING).read_text("utf-8")))
    except (OSError, ValueError, RecursionError):  # there is none, or none that we wrote
        return set()
    names = set()
    for number, heat_map in enumerate(earlier.heat_maps):
        names |= {str(heat_map_path(number, heat_map.finding)), f"picture-map-{heat_map.finding}.png"}
    return {name for name in names if Path(name).name == name}  # a reading from elsewhere may say anything


def _software() -> dict[str, str]:
    found = {"readingroom": __version__}
    for package in _SOFTWARE:
        with contextlib.suppress(metadata.PackageNotFoundError):  # applications may carry one without its description
            found[package] = metadata.version(package)
    return found
