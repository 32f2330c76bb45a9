"""One piece of work at a time in the worker process, as a state that a panel can draw. Knows neither Qt nor a scene."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..engine.client import Advanced, Failed, Finished
from ..errors import EngineError, ReadingRoomError
from ..reading import Reading
from ..study import Study

State = Literal["idle", "working", "done", "failed"]
Work = Literal["read", "report"]


@dataclass(frozen=True)
class ReadRequest:
    """What to read and how. ``force`` overrules a ``stop`` check; ``bundle`` is a name or a path."""

    reader: str
    study: Study
    bundle: str
    device: str = "auto"
    force: bool = False


class Session:
    """The client of the worker process and the state of its current work.

    ``state`` goes from ``idle`` to ``working`` and then to ``done``, ``failed`` or, when canceled, ``idle`` again.
    ``work`` says which work that was. ``progress`` is the fraction and sentence of the work going on;
    ``reading`` and ``folder`` are the last reading and where its files lie, and stay until the next one is done;
    ``files`` are the last reports; ``error`` is what the last work failed with.

    Parameters
    ----------
    client : a `readingroom.engine.client.WorkerClient`, or its in-process twin
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.state: State = "idle"
        self.work: Work = "read"
        self.progress: tuple[float, str] = (0.0, "")
        self.reading: Reading | None = None
        self.folder: Path | None = None
        self.files: list[Path] = []
        self.error: ReadingRoomError | None = None
        self._call: Any = None
        self._warming: Any = None  # a call that loads a network while nobody waits for it
        self._pending: tuple[Work, dict[str, Any]] | None = None  # begins when the network is loaded
        self._folders: list[Path] = []
        self._numbers = itertools.count(1)

    def new_folder(self, name: str) -> Path:
        """A new, empty folder for one piece of work inside the client's private one."""
        folder = Path(self.client.folder) / f"{name}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        self._folders.append(folder)
        return folder

    def warm(self, bundle: str, device: str) -> None:
        """Load a network in the background, so that the first read need not wait for it.

        A read that is asked for meanwhile begins as soon as that is done. What goes wrong is not told here: the read
        will meet it again, and tell it.
        """
        if self.state != "working" and not self._is_warming():
            with contextlib.suppress(ReadingRoomError):
                self._warming = self.client.start("warm", {"bundle": bundle, "device": device})

    def start_read(self, request: ReadRequest) -> None:
        """Begin to read; `poll` follows it."""
        arguments = {
            "reader": request.reader,
            "study": request.study.to_json(),
            "bundle": request.bundle,
            "device": request.device,
            "force": request.force,
            "out": str(self.new_folder("reading")),
        }
        self._start("read", arguments)

    def start_report(
        self, reading: Reading, reading_folder: Path, out: Path, formats: list[str], page_size: str, anonymous: bool
    ) -> None:
        """Begin to write the reports of ``reading`` into a folder of their own in ``out``; `poll` follows it."""
        arguments = {
            "reading": reading.to_json(),
            "reading_folder": str(reading_folder),
            "out": str(out / report_folder_name(reading)),
            "formats": formats,
            "page_size": page_size,
            "anonymous": anonymous,
        }
        self._start("report", arguments)

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        if self._pending is not None:
            return not self._is_warming() and self._begin()
        if self._call is None:
            return False
        events = self._call.poll()
        for event in events:
            self._take(event)
        return bool(events)

    def wait(self, on_progress: Callable[[float, str], None] | None = None) -> None:
        """Wait for the end of the work, for scripts and tests.

        Raises
        ------
        ReadingRoomError : what the work failed with
        """
        if self._pending is not None:
            with contextlib.suppress(ReadingRoomError):
                self._warming.wait()
            self._warming = None
            self._begin()
        if self._call is None:
            return
        try:
            value = self._call.wait(on_progress)
        except ReadingRoomError as error:
            self._take(Failed(error))
            raise
        self._take(Finished(value))

    def cancel(self) -> None:
        """Stop the work at once; the last reading stays."""
        if self._call is None and self._pending is None:
            return
        call, self._call, self._pending = self._call, None, None
        if call is not None:
            call.cancel()
        self.state = "idle"
        self._tidy()

    def forget(self) -> None:
        """Cancel, and drop the last reading: the scene it belongs to is closed."""
        self.cancel()
        self.state, self.reading, self.folder, self.files, self.error = "idle", None, None, [], None
        self._tidy()

    def stop(self) -> None:
        """Cancel, end the worker process and remove the private folder."""
        self.cancel()
        self._warming = None
        self.client.stop()

    def _start(self, work: Work, arguments: dict[str, Any]) -> None:
        if self.state == "working":
            raise EngineError("Another piece of work is still going on.")
        self.work, self.state, self.error, self.progress = work, "working", None, (0.0, "")
        self._pending = work, arguments
        if not self._is_warming():
            self._begin()

    def _begin(self) -> bool:
        """Hand the pending work over."""
        assert self._pending is not None
        (work, arguments), self._pending = self._pending, None
        try:
            self._call = self.client.start(work, arguments)
        except ReadingRoomError as error:
            self._take(Failed(error))
        return True

    def _is_warming(self) -> bool:
        if self._warming is not None and any(isinstance(e, Finished | Failed) for e in self._warming.poll()):
            self._warming = None
        return self._warming is not None

    def _take(self, event: Any) -> None:
        if isinstance(event, Advanced):
            self.progress = (event.fraction, event.sentence)
            return
        self._call = None
        if isinstance(event, Failed):
            self.state, self.error = "failed", event.error
        elif self.work == "read":
            self.state, self.reading = "done", Reading.from_json(event.value["reading"])
            self.folder = Path(event.value["folder"])
        else:
            self.state, self.files = "done", [Path(file) for file in event.value["files"]]
        self._tidy()

    def _tidy(self) -> None:
        """Remove pixels and results that nobody needs any more: a day of reading must not fill the disk."""
        for folder in self._folders:
            if folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)
        self._folders = [folder for folder in self._folders if folder.exists()]


def report_folder_name(reading: Reading) -> str:
    """A folder for each reading, so that no report replaces another patient's: ``chest-xray-20260131T120000Z``."""
    started = "".join(character for character in reading.provenance.started if character.isalnum())
    return f"{reading.reader}-{started}"
