"""One running worker as its client sees it: pipes that never block, and an end that leaves nothing behind."""

from __future__ import annotations

import collections
import contextlib
import queue
import shutil
import signal
import threading
from pathlib import Path
from typing import IO, Any

from . import protocol
from .process_tree import ProcessTree
from .worker_environment import worker_environment

_MOST_WAITING = 2 * protocol.LINE_LIMIT  # bytes that came since somebody listened: an hour of progress is a fifth
_TAIL_LINES = 40
_TAIL_WIDTH = 400  # characters; a longer line is kept in pieces
_END_SECONDS = 5.0  # a killed process is gone in milliseconds, unless a driver or a network drive holds it


class WorkerProcess:
    """A worker, started. Its temporary files go to ``folder``, an empty folder that goes when the process does.

    Attributes
    ----------
    messages : what the worker said, without its heart beats; a `protocol.ProtocolError` where that was no message
    heartbeats : how many lines have arrived; it grows as long as the worker lives

    Raises
    ------
    OSError : it cannot be started
    """

    def __init__(self, command: list[str], folder: Path):
        self.messages: queue.SimpleQueue[dict[str, Any] | protocol.ProtocolError] = queue.SimpleQueue()
        self.heartbeats = 0
        self.exit_code: int | None = None
        self._going = False
        self._ended = threading.Event()
        self._tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._folder = folder
        self._tree = ProcessTree(command, worker_environment(folder), folder)
        process = self._tree.process
        assert process.stdin is not None  # pipes were asked for
        assert process.stdout is not None
        assert process.stderr is not None
        self._stdin: IO[bytes] = process.stdin
        self._pumps = [
            _thread("worker output", self._read_messages, process.stdout),
            _thread("worker errors", self._read_errors, process.stderr),
        ]
        self._feeder: threading.Thread | None = None
        _thread("worker end", self._await_end)

    @property
    def ended(self) -> bool:
        """True when the whole tree is gone and all that it said has arrived in ``messages``."""
        return self._ended.is_set()

    @property
    def alive(self) -> bool:
        """True until the process ends or is being killed, or loses its folder to a system that tidies up."""
        return not self._going and self._folder.is_dir()

    @property
    def last_words(self) -> str:
        """The last lines that it printed. Held in memory only: libraries may print what names a patient."""
        return "\n".join(list(self._tail))

    def send(self, line: bytes) -> None:
        """Hand over a line without waiting until the worker takes it."""
        self._feeder = _thread("worker input", self._write, line)

    def kill(self) -> None:
        """End the whole process tree, and wait until it is gone."""
        self._going = True
        self._tree.kill()
        self._ended.wait(_END_SECONDS)

    def _write(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it died; its end is noticed elsewhere
            self._stdin.write(line)
            self._stdin.flush()

    def _read_messages(self, pipe: IO[bytes]) -> None:
        waiting = 0
        with pipe:
            while line := pipe.readline(protocol.LINE_LIMIT + 1):
                if not line.endswith(b"\n") and len(line) <= protocol.LINE_LIMIT:
                    return  # it died in the midst of a word
                self.heartbeats += 1
                try:
                    message = protocol.decode(line)
                    if "heartbeat" in message:
                        continue
                    waiting = len(line) + (0 if self.messages.empty() else waiting)
                    if waiting > _MOST_WAITING:
                        raise protocol.ProtocolError(f"More than {_MOST_WAITING} bytes wait to be heard.")
                except protocol.ProtocolError as problem:
                    self.messages.put(problem)
                    self._going = True  # whatever follows cannot be trusted
                    return
                self.messages.put(message)

    def _read_errors(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(_TAIL_WIDTH):
                self._tail.append(line.decode("utf-8", errors="replace").rstrip())

    def _await_end(self) -> None:
        code = self._tree.wait()
        self._going = True
        for pump in (*self._pumps, *([self._feeder] if self._feeder else [])):
            # A stranger that left the session may hold the pipe open; its thread is then left to wait for it.
            pump.join(_END_SECONDS / 4)
        with contextlib.suppress(OSError):
            self._stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.exit_code = code
        self._ended.set()


def how_it_ended(code: int) -> str:
    """The exit code as a clause: what happened to the process."""
    if code == -9:  # SIGKILL, which Windows' signal module does not know
        return "was ended by the system, most often because the computer ran out of memory"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"crashed ({signal.Signals(-code).name})"
        return f"crashed (signal {-code})"
    if code > 0xFFFF:  # Windows: an NTSTATUS such as 0xC0000005, access violation
        return f"crashed (0x{code:08X})"
    return f"stopped unexpectedly (exit code {code})"


def _thread(name: str, target: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    thread.start()
    return thread
