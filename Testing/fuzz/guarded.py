"""One piece of work in a child process that may crash, hang or swallow memory without harm to anybody else."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.imaging.limits import MOST_MEMORY

SECONDS = 30.0  # of the processor; no input of a fuzz driver is large: what takes longer hangs
_WAITS = 6  # times as long on the clock, since the processor may be shared
BYTES = MOST_MEMORY  # that the product states for the largest image
_SLACK = 4 << 30  # of addresses, which threads and allocators reserve without using them


@dataclass(frozen=True)
class Outcome:
    """How it ended: ``read``, ``refused``, or a fault (``exception``, ``signal``, ``hang``, ``memory``).

    Parameters
    ----------
    said : the sentence of the refusal, the traceback, or the number of the signal
    seconds : of the processor
    bytes : the peak of memory beyond what the child began with
    """

    kind: str
    said: str
    seconds: float
    bytes: int

    @property
    def held(self) -> bool:
        """Whether the product kept its word."""
        return self.kind in ("read", "refused")


def guarded(work: Callable[[], Any], seconds: float = SECONDS, most: int = BYTES) -> Outcome:
    """Do the work in a child. The libraries that it needs are best imported before, once for all children."""
    start = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(work, writer, most)
    os.close(writer)
    said = _heard(reader, start + _WAITS * seconds)
    os.close(reader)
    if said is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    before, _, said_after = (said or "").partition("\n")
    took, peak = usage.ru_utime + usage.ru_stime, max(0, usage.ru_maxrss * 1024 - int(before or 0))
    if said is None:
        return Outcome("hang", f"killed after {_WAITS * seconds:.0f} s", took, peak)
    if took > seconds:
        return Outcome("hang", f"took {took:.0f} s; {said_after}", took, peak)
    if os.WIFSIGNALED(status):
        return Outcome("signal", signal.Signals(os.WTERMSIG(status)).name, took, peak)
    kind, _, text = said_after.partition("\n")
    if kind in ("read", "refused") and peak > most:
        return Outcome("memory", f"{peak / 2**20:.0f} MB; {text}", took, peak)
    return Outcome(kind, text, took, peak) if kind else Outcome("signal", f"exit status {status}", took, peak)


def _work(work: Callable[[], Any], writer: int, most: int) -> None:
    """In the child: never returns."""
    with contextlib.suppress(ValueError, OSError):
        limit = _addresses() + most + _SLACK
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    os.write(writer, f"{_resident()}\n".encode())
    try:
        work()
        said = "read\n"
    except ReadingRoomError as error:
        said = f"refused\n{error}"
    except BaseException as error:
        said = "exception\n" + "".join(traceback.format_exception(error))
    os.write(writer, said.encode("utf-8", errors="backslashreplace")[:60000])
    os._exit(0)


def _heard(reader: int, until: float) -> str | None:
    """What the child said before it ended, or None when it did not end in time."""
    said = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        piece = os.read(reader, 65536)
        if not piece:
            return said.decode("utf-8")
        said += piece
    return None


def _resident() -> int:
    return _statm()[1]


def _addresses() -> int:
    return _statm()[0]


def _statm() -> list[int]:
    with open("/proc/self/statm", encoding="ascii") as file:
        return [int(pages) * resource.getpagesize() for pages in file.read().split()]
