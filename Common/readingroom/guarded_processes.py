"""Processes that open the files of strangers: a file at which one hangs or dies costs that file, and nothing else.

Each is a fresh Python that knows nothing of the program which started it (no fork: libraries' threads would not survive
it), takes a function and an item at a time, and ends when its parent does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import IO, Any, TypeVar

from . import time_limit
from .errors import InputError

KILLED = "The process that worked on it ended unexpectedly: a file is damaged, or the memory may be too small for it."

_LENGTH = struct.Struct("<Q")
_HUNG = 1  # what `faulthandler` exits with
_END_SECONDS = 1.0
_KEPT = 4  # idle processes that wait for later work; a second is saved, and some 150 MB each are held
_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from readingroom.guarded_processes import serve; serve()"

Result = TypeVar("Result")


class EndedError(InputError):
    """The process ended before it answered.

    Parameters
    ----------
    hung : it took longer than its `time_limit` allows
    """

    def __init__(self, hung: bool):
        super().__init__(time_limit.TOOK_TOO_LONG if hung else KILLED)
        self.hung = hung


class _Process:
    """One process, idle or at work."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # native libraries print paths and header values there
        )

    def answer(self, work: bytes) -> tuple[bool, Any]:
        """Whether the work went well, and what it gave or raised.

        Raises
        ------
        EndedError : the process ended before that
        """
        assert self._process.stdin is not None  # pipes were asked for
        assert self._process.stdout is not None
        try:
            _write(self._process.stdin, work)
            good, value = pickle.loads(_read(self._process.stdout))  # from our own code in our own process
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.end()
            raise EndedError(self._process.returncode == _HUNG) from error
        return good, value

    def end(self) -> None:
        """End it; one that is ending by itself has a moment, so that its exit code says why."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]  # pipes were asked for
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]

    def kill(self) -> None:
        """End it in the midst of its work; whoever waits for the answer notices."""
        self._process.kill()

    @property
    def lives(self) -> bool:
        return self._process.poll() is None


_idle: list[_Process] = []
_idle_lock = threading.Lock()


class GuardedProcesses(Executor):
    """Does each piece of work in one of so many processes. Like every executor it is used as a context.

    What is submitted and what it gives must be picklable, and found by its name from a module. A future raises
    `EndedError` when the process died or hung; another one takes its place.
    """

    def __init__(self, count: int):
        self._threads = ThreadPoolExecutor(count)
        self._busy: set[_Process] = set()
        self._stopped = False

    def submit(self, function: Callable[..., Result], /, *arguments: Any, **options: Any) -> Future[Result]:
        return self._threads.submit(self._run, _work(function, arguments, options))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; with ``cancel_futures`` at once, in the midst of the work."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        if cancel_futures:
            self._stopped = True
            for process in tuple(self._busy):
                process.kill()
        self._threads.shutdown(wait=wait)

    def _run(self, work: bytes) -> Any:
        process = _idle_process() or _Process()
        self._busy.add(process)
        try:
            if self._stopped:
                process.kill()
            good, value = process.answer(work)
        except BaseException:  # Control-C, too: it is in the midst of its work
            process.kill()
            process.end()
            raise
        finally:
            self._busy.discard(process)
        _keep(process)
        if not good:
            raise value
        return value


def guarded(function: Callable[..., Result], *arguments: Any) -> Result:
    """``function`` of these arguments, done in a process of its own.

    Raises
    ------
    EndedError : the process died or hung
    Exception : what the function raised
    """
    with GuardedProcesses(1) as processes:
        result: Result = processes._run(_work(function, arguments, {}))
        return result


def _work(function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> bytes:
    """What a process is sent: where this program stands by now, then what to do, for which that must be known."""
    return pickle.dumps((os.getcwd(), sys.path, pickle.dumps((function, arguments, options))))


def _idle_process() -> _Process | None:
    with _idle_lock:
        while _idle:
            process = _idle.pop()
            if process.lives:
                return process
            process.end()
    return None


def _keep(process: _Process) -> None:
    with _idle_lock:
        if len(_idle) < _KEPT:
            _idle.append(process)
            return
    process.end()


def serve() -> None:
    """Runs in the process: answer until the parent is gone."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C is the parent's to answer
    time_limit.enforce(_limit)
    while True:
        try:
            work = _read(source)
            with _ends_with(source):
                answer = _answer(work)
            _write(sink, answer)
        except (OSError, EOFError):
            os._exit(0)


def _answer(work: bytes) -> bytes:
    try:
        folder, path, todo = pickle.loads(work)
        os.chdir(folder)
        sys.path[:] = path
        function, arguments, options = pickle.loads(todo)
        return pickle.dumps((True, function(*arguments, **options)))
    except (Exception, SystemExit) as error:
        try:
            told = pickle.dumps((False, error))
            pickle.loads(told)  # some errors are written, and cannot be read
            return told
        except Exception:
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))


def _limit(seconds: float | None) -> None:
    if seconds is None:
        faulthandler.cancel_dump_traceback_later()
    else:  # a thread in C, which waits for no other code
        faulthandler.dump_traceback_later(seconds, exit=True, file=2)


@contextlib.contextmanager
def _ends_with(source: IO[bytes]) -> Iterator[None]:
    """While it works this process hears nothing; on Linux the kernel kills it when the parent is gone. Elsewhere it
    finds out when it is done, or at the end of its `time_limit`."""
    if sys.platform != "linux":
        yield
        return
    import fcntl

    flags = fcntl.fcntl(source, fcntl.F_GETFL)
    fcntl.fcntl(source, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(source, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(source, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(source, fcntl.F_SETFL, flags)


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
