"""The measuring that goes on in the worker process, as a state that can be drawn. Knows neither Qt nor a scene."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...engine.client import Advanced, Failed
from ...errors import EngineError, ReadingRoomError
from .results import Region

State = Literal["idle", "working", "done", "failed"]


@dataclass(frozen=True)
class LabelFile:
    """A file of labels on the image's grid, and the key of the segment that each label is."""

    path: Path
    segments: Mapping[int, str]


@dataclass(frozen=True)
class MeasureRequest:
    """What to measure and how.

    Parameters
    ----------
    image : file of the gray values
    masks : label files; segments that overlap are in different ones
    names : of the segments, by key
    parameters : PyRadiomics' parameters; a signature has its own
    engine : one of `readingroom.radiomics.engines.ENGINES`
    bundle : name or folder of a signature; empty for none
    begin : starts a call with the arguments of the worker's call ``radiomics``; None for the worker itself
    """

    image: Path
    masks: tuple[LabelFile, ...]
    names: Mapping[str, str]
    parameters: Mapping[str, Any]
    engine: str = "readingroom"
    bundle: str = ""
    begin: Callable[[dict[str, Any]], Any] | None = None


class Measurement:
    """The client of a worker process and the state of the measuring going on.

    ``state`` goes from ``idle`` to ``working`` and then to ``done``, ``failed`` or, when canceled, ``idle`` again.
    ``progress`` is the fraction and sentence of the work going on; ``regions`` what it has measured so far, by the key
    of the segment; ``error`` what it failed with.

    Parameters
    ----------
    client : a `readingroom.engine.client.WorkerClient`, or its in-process twin. Not one that reads: both at a time
        must be possible
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.state: State = "idle"
        self.progress: tuple[float, str] = (0.0, "")
        self.regions: dict[str, Region] = {}
        self.error: ReadingRoomError | None = None
        self._call: Any = None
        self._begin: Callable[[dict[str, Any]], Any]
        self._calls: list[tuple[dict[str, Any], Mapping[int, str]]] = []
        self._count = 0
        self._folders: dict[str, Path] = {}
        self._numbers = itertools.count(1)

    def folder(self, purpose: str) -> Path:
        """A new, empty folder inside the client's private one; the last one for the same purpose goes."""
        earlier = self._folders.pop(purpose, None)
        if earlier is not None:
            shutil.rmtree(earlier, ignore_errors=True)
        folder = Path(self.client.folder) / f"{purpose}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        self._folders[purpose] = folder
        return folder

    def start(self, request: MeasureRequest) -> None:
        """Begin to measure; `poll` follows it. Without any mask it is done at once."""
        if self.state == "working":
            raise EngineError("Another measurement is still going on.")
        self._calls = [
            (
                {
                    "image": str(request.image),
                    "mask": str(mask.path),
                    "labels": list(mask.segments),
                    "names": {str(label): request.names[key] for label, key in mask.segments.items()},
                    "settings": dict(request.parameters),
                    "engine": request.engine,
                    "processes": None,
                    "bundle": request.bundle,
                },
                mask.segments,
            )
            for mask in request.masks
        ]
        self._begin = request.begin or (lambda arguments: self.client.start("radiomics", arguments))
        self._count = len(self._calls)
        self.state, self.error, self.regions, self.progress = "working", None, {}, (0.0, "")
        self._next()

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        if self._call is None:
            return False
        events = self._call.poll()
        for event in events:
            self._take(event)
        return bool(events)

    def cancel(self) -> None:
        """Stop the work at once."""
        if self._call is not None:
            call, self._call = self._call, None
            call.cancel()
        self._calls = []
        self.state, self.error = "idle", None

    def stop(self) -> None:
        """Cancel, end the worker process and remove its files."""
        self.cancel()
        self._folders.clear()
        self.client.stop()

    def _next(self) -> None:
        if not self._calls:
            self.state = "done"
            return
        try:
            self._call = self._begin(self._calls[0][0])
        except ReadingRoomError as error:
            self._take(Failed(error))

    def _take(self, event: Any) -> None:
        if isinstance(event, Advanced):
            done = self._count - len(self._calls)
            self.progress = ((done + event.fraction) / self._count, event.sentence)
            return
        self._call = None
        if isinstance(event, Failed):
            self._calls = []
            self.state, self.error = "failed", event.error
            return
        _arguments, segments = self._calls.pop(0)
        for region in event.value["regions"]:
            self.regions[segments[int(region["label"])]] = Region.from_json(region)
        self._next()
