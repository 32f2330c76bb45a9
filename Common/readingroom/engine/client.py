"""Work handed to a worker process, from an application that must not wait for it.

Example
-------
>>> client = WorkerClient()
>>> call = client.start("describe", {})
>>> facts = call.wait()          # on the shell; in an application a timer asks call.poll() each 50 to 100 ms
>>> sorted(facts)
['device', 'software']
>>> client.stop()

A worker that crashed, hung or was canceled is replaced at the next ``start``. Nothing here knows Qt or torch.
"""

from __future__ import annotations

import itertools
import queue
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import CancelledError, EngineError, ReadingRoomError
from . import dispatch, protocol
from .events import Advanced, Event, Failed, Finished, Partial
from .in_process import InProcessCall, InProcessClient
from .private_folder import PrivateFolder
from .worker_process import WorkerProcess, how_it_ended

__all__ = [
    "Advanced",
    "Event",
    "Failed",
    "Finished",
    "InProcessCall",
    "InProcessClient",
    "Partial",
    "WorkerCall",
    "WorkerClient",
]

_WAIT_SECONDS = 0.005  # between two looks of wait()
_LONGEST_TICK = 1.0  # seconds between two looks that count at most: this process may have slept itself


class WorkerClient:
    """Starts a worker process at the first call, keeps it for the next ones, and ends it with all that it started.

    Parameters
    ----------
    python : the interpreter; None for the one that runs this (in Slicer ``sys.executable``, which is PythonSlicer)
    silence_seconds : a worker that shows no sign of life for so long has hung and is ended
    stall_seconds : a call that reports no progress for so long has hung; None when calls may be silent for ever
    calls : where the registry of calls is, ``package.module:NAME``
    """

    def __init__(
        self,
        python: Path | None = None,
        silence_seconds: float = 60.0,
        stall_seconds: float | None = None,
        calls: str = dispatch.OUR_CALLS,
    ):
        self.silence_seconds = silence_seconds
        self.stall_seconds = stall_seconds
        self._python = str(python or sys.executable)
        self._calls = calls
        self._numbers = itertools.count(1)
        self._current: WorkerCall | None = None
        self._held = _Held()
        self._finalizer = weakref.finalize(self, self._held.release)  # when forgotten, or when Python ends

    @property
    def folder(self) -> Path:
        """The private temporary folder for files to and from calls, made at the first use and removed by `stop`.

        It outlives canceled and crashed workers, so that results of earlier calls stay; what a worker itself put into
        the system's temporary folder is in a folder of its own, which goes when the worker does.

        Raises
        ------
        OutputError : it cannot be made
        """
        return self._held.folder.path

    def start(self, name: str, arguments: dict[str, Any]) -> WorkerCall:
        """Hand over a call and return at once. Paths in the arguments must be absolute.

        Raises
        ------
        EngineError : an earlier call is still running, or no worker can be started
        OutputError : the private folder cannot be made
        TypeError, ValueError : the arguments are no JSON values, or too large for the pipe
        """
        if self._current is not None and not self._current.done:
            raise EngineError("Earlier work is still running: wait for it or cancel it.")
        number = next(self._numbers)
        line = protocol.encode({"id": number, "call": name, "arguments": arguments})
        worker = self._worker(number)
        self._current = WorkerCall(self, worker, number)
        worker.send(line)
        return self._current

    def stop(self) -> None:
        """End the worker and remove the folder. The client can be used again afterwards."""
        if self._current is not None:
            self._current.cancel()
        self._held.release()

    def _worker(self, number: int) -> WorkerProcess:
        """The living worker, or a new one."""
        if self._held.worker is not None:
            if self._held.worker.alive:
                return self._held.worker
            self._held.worker.kill()
        heartbeat = min(1.0, self.silence_seconds / 5)
        command = [self._python, "-m", "readingroom.engine.worker", "--calls", self._calls]
        command += [
            "--heartbeat",
            str(heartbeat),
            "--silence",
            str(self.silence_seconds),
            "--client-folder",
            str(self.folder),
        ]
        # A short name: the sockets of multiprocessing live in there, and macOS allows them 104 bytes.
        temporary = self._held.folder.new_subfolder(f"w{number}")
        try:
            self._held.worker = WorkerProcess(command, temporary)
        except OSError as error:
            sentence = "The reading process could not be started: is the Python of Reading Room still in its place?"
            raise EngineError(sentence, f"{self._python}: {error}") from error
        return self._held.worker


class _Held:
    """What must be given back when the client goes. Apart from it, so that holding it does not keep the client."""

    def __init__(self) -> None:
        self.worker: WorkerProcess | None = None
        self.folder = PrivateFolder()

    def release(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker = None
        self.folder.remove()


class WorkerCall:
    """One call of a `WorkerClient`."""

    def __init__(self, client: WorkerClient, worker: WorkerProcess, number: int):
        self._client: WorkerClient | None = client  # a forgotten client ends its worker; until the end we need both
        self._silence_seconds, self._stall_seconds = client.silence_seconds, client.stall_seconds
        self._worker = worker
        self._number = number
        self._end: Finished | Failed | None = None
        self._told = False
        self._heartbeats = worker.heartbeats
        self._looked = time.monotonic()
        self._silent = 0.0  # seconds without a sign of life, as far as this process was awake to notice
        self._stalled = 0.0  # seconds without progress
        self._acknowledged = False  # the worker has the request
        self._unacknowledged = 0.0  # seconds in which the worker lived and did not have it

    @property
    def done(self) -> bool:
        """True when the work has ended, well or not, as far as `poll`, `wait` and `cancel` know."""
        return self._end is not None

    def poll(self) -> list[Event]:
        """What happened since the last look. Does not wait for the work; the last event is Finished or Failed, once."""
        events = self._look() if self._end is None else []
        if self._end is not None and not self._told:
            self._told = True
            events.append(self._end)
        return events

    def wait(self, on_progress: Callable[[float, str], None] | None = None) -> Any:
        """Wait for the work and give its value; first values are passed over. Control-C cancels it.

        Raises
        ------
        ReadingRoomError : it ended without a value (`CancelledError` when it was canceled)
        """
        try:
            while self._end is None:
                for event in self.poll():
                    if isinstance(event, Advanced) and on_progress is not None:
                        on_progress(event.fraction, event.sentence)
                if self._end is None:
                    time.sleep(_WAIT_SECONDS)
        except KeyboardInterrupt:
            self.cancel()
        except BaseException:
            self.cancel()  # on_progress failed: nobody would ever look at this call again
            raise
        self._told = True
        assert self._end is not None
        if isinstance(self._end, Failed):
            raise self._end.error
        return self._end.value

    def cancel(self) -> None:
        """End the work now, with the worker and everything that it started; without effect when it has ended."""
        self._give_up(CancelledError("The work was canceled."))

    def _look(self) -> list[Event]:
        ended = self._worker.ended  # asked before the queue is emptied: then the queue held its last words
        events: list[Event] = []
        while self._end is None:
            try:
                message = self._worker.messages.get_nowait()
            except queue.Empty:
                break
            if isinstance(message, protocol.ProtocolError):
                self._misunderstood(message)
            elif message.get("id") is None or (type(message["id"]) is int and message["id"] == self._number):
                events += self._hear(message)
        if self._end is None and ended:
            self._finish(Failed(self._crash()))
        if self._end is None:
            self._watch(bool(events))
        return events

    def _hear(self, message: dict[str, Any]) -> list[Event]:
        """Take in one message; what it says of the progress."""
        try:
            if "error" in message:
                error = protocol.error_from_json(message["error"])
                self._give_up(error) if message.get("hung") else self._finish(Failed(error))
            elif "value" in message:
                self._finish(Finished(message["value"]))
            elif "partial" in message:
                return [Partial(message["partial"])]
            elif "acknowledged" in message:
                self._acknowledged = True
            else:
                fraction, sentence = message["fraction"], message["sentence"]
                if not (isinstance(fraction, int | float) and 0 <= fraction <= 1 and isinstance(sentence, str)):
                    raise protocol.ProtocolError("A progress is none.")
                return [Advanced(float(fraction), sentence)]
        except (KeyError, TypeError, ValueError) as problem:
            self._misunderstood(problem)
        return []

    def _watch(self, advanced: bool) -> None:
        """Give up a worker that has hung. Time in which nobody looked counts little: the computer may have slept."""
        now = time.monotonic()
        tick = min(now - self._looked, _LONGEST_TICK)
        self._looked = now
        self._silent = self._silent + tick if self._worker.heartbeats == self._heartbeats else 0.0
        self._heartbeats = self._worker.heartbeats
        self._stalled = 0.0 if advanced else self._stalled + tick
        self._unacknowledged += 0.0 if self._acknowledged or not self._heartbeats else tick
        if self._silent > self._silence_seconds:
            self._hang(f"has shown no sign of life for {self._silent:.0f} seconds")
        elif self._unacknowledged > self._silence_seconds:
            self._hang(
                "lives but does not receive what it is asked, perhaps because of the program that starts Python,"
            )
        elif self._stall_seconds is not None and self._stalled > self._stall_seconds:
            self._hang(f"has made no progress for {self._stalled:.0f} seconds")

    def _hang(self, how: str) -> None:
        sentence = f"The reading process {how} and was ended; nothing else was lost, please try again."
        self._give_up(EngineError(sentence, self._worker.last_words))

    def _crash(self) -> EngineError:
        how = how_it_ended(self._worker.exit_code or 0)
        return EngineError(
            f"The reading process {how}; nothing else was lost, please try again.", self._worker.last_words
        )

    def _misunderstood(self, problem: Exception) -> None:
        detail = f"{problem}\n{self._worker.last_words}"
        self._give_up(EngineError("The reading process gave an answer that cannot be understood.", detail))

    def _give_up(self, error: ReadingRoomError) -> None:
        if self._end is None:
            self._finish(Failed(error))
            self._worker.kill()

    def _finish(self, end: Finished | Failed) -> None:
        self._end = end
        self._client = None
