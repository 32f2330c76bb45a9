"""The work of one panel in its worker process: reads, one report at a time, and the folders that they need.

Knows neither Qt nor a scene.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import ReadingRoomError
from ..reading import Reading
from ..records import to_json
from ..study import Study, StudyImage
from .job import Job, State

Work = Literal["read", "grow", "report"]


@dataclass(frozen=True)
class ReadRequest:
    """What to read and how. ``force`` overrules a ``stop`` check; ``bundle`` is a name or a path.

    ``options`` are names of the reader's.
    """

    reader: str
    study: Study
    bundle: str
    device: str = "auto"
    force: bool = False
    options: tuple[str, ...] = ()


class Session:
    """The client of the worker process, its `Job`, and what came of it.

    ``work`` says what the job is or was. ``reading`` and ``folder`` are the last reading and where its files lie, and
    stay until there is another: while a read goes on it may be the answer that is still being tested
    (``reading.pending``). ``files`` are the last reports, ``grown`` is the file of the mask that was grown last.

    Parameters
    ----------
    client : a `readingroom.engine.client.WorkerClient`, or its in-process twin
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.work: Work = "read"
        self.reading: Reading | None = None
        self.folder: Path | None = None
        self.files: list[Path] = []
        self.grown: Path | None = None
        self._job = Job()
        self._answer: Any = None  # what `reading` was made of
        self._folders: list[Path] = []
        self._numbers = itertools.count(1)

    @property
    def state(self) -> State:
        """``idle``, ``working``, ``done`` or ``failed``."""
        return self._job.state

    @property
    def progress(self) -> tuple[float, str]:
        """How far the work is, from 0 to 1, and what is done now."""
        return self._job.progress

    @property
    def error(self) -> ReadingRoomError | None:
        """What the last work failed with."""
        return self._job.error

    @property
    def is_testing(self) -> bool:
        """The answer of the read that goes on is there already, and is being tested."""
        return self.state == "working" and self.work == "read" and self._job.interim is not None

    def new_folder(self, name: str) -> Path:
        """A new, empty folder for one piece of work inside the client's private one."""
        folder = Path(self.client.folder) / f"{name}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        self._folders.append(folder)
        return folder

    def warm(self, bundle: str, device: str) -> None:
        """Load a network in the background, so that the first read need not wait for it."""
        self._job.prepare(lambda: self.client.start("warm", {"bundle": bundle, "device": device}))

    def start_read(self, request: ReadRequest) -> None:
        """Begin to read; `poll` follows it."""
        arguments = {
            "reader": request.reader,
            "study": request.study.to_json(),
            "bundle": request.bundle,
            "device": request.device,
            "force": request.force,
            "options": list(request.options),
            "answer_first": True,
            "out": str(self.new_folder("reading")),
        }
        self._start("read", arguments)

    def start_grow(self, reader: str, mask: str, image: StudyImage, point: tuple[float, float, float]) -> None:
        """Begin to grow a mask from a point, mm to the patient's left, back and head; `poll` follows it."""
        arguments = {
            "reader": reader,
            "mask": mask,
            "image": to_json(image),
            "point": list(point),
            "out": str(self.new_folder("grown") / f"{mask}.seg.nrrd"),
        }
        self._start("grow", arguments)

    def start_report(
        self,
        reading: Reading,
        reading_folder: Path,
        out: Path,
        formats: list[str],
        page_size: str,
        anonymous: bool,
        prevalence: float | None = None,
    ) -> None:
        """Begin to write the reports of ``reading`` into a folder of their own in ``out``; `poll` follows it."""
        arguments = {
            "reading": reading.to_json(),
            "reading_folder": str(reading_folder),
            "out": str(out / report_folder_name(reading)),
            "formats": formats,
            "page_size": page_size,
            "anonymous": anonymous,
            "prevalence": prevalence,
        }
        self._start("report", arguments)

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        changed = self._job.poll()
        if changed:
            self._look()
        return changed

    def wait(self, on_progress: Callable[[float, str], None] | None = None) -> None:
        """Wait for the end of the work, for scripts and tests.

        Raises
        ------
        ReadingRoomError : what the work failed with
        """
        try:
            self._job.wait(on_progress)
        finally:
            self._look()

    def cancel(self) -> None:
        """Stop the work at once; the last reading stays, and an answer that is being tested is one."""
        self._job.cancel()
        self._tidy()

    def forget(self) -> None:
        """Cancel, and drop the last reading: the scene it belongs to is closed."""
        self._job.forget()
        self.reading, self.folder, self.files, self._answer = None, None, [], None
        self.grown = None
        self._tidy()

    def stop(self) -> None:
        """Cancel, end the worker process and remove the private folder."""
        self._job.cancel()
        self._job = Job()
        self.client.stop()

    def _start(self, work: Work, arguments: dict[str, Any]) -> None:
        self._job.start([lambda: self.client.start(work, arguments)])
        self.work = work

    def _look(self) -> None:
        value = self._job.values[-1] if self.state == "done" else self._job.interim
        if self.work == "read" and value is not None and value is not self._answer:
            self._answer = value
            self.reading, self.folder = Reading.from_json(value["reading"]), Path(value["folder"])
        elif self.work == "grow" and self.state == "done":
            self.grown = Path(value["file"])
        elif self.work == "report" and self.state == "done":
            self.files = [Path(file) for file in value["files"]]
        if self.state != "working":
            self._tidy()

    def _tidy(self) -> None:
        """Remove pixels and results that nobody needs any more: a day of reading must not fill the disk."""
        for folder in self._folders:
            if folder != self.folder and (self.grown is None or folder != self.grown.parent):
                shutil.rmtree(folder, ignore_errors=True)
        self._folders = [folder for folder in self._folders if folder.exists()]


def report_folder_name(reading: Reading) -> str:
    """A folder for each reading, so that no report replaces another patient's: ``chest-xray-20260131T120000Z``."""
    started = "".join(character for character in reading.provenance.started if character.isalnum())
    return f"{reading.reader}-{started}"
