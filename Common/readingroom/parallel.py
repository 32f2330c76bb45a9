"""One function over many items, in several processes at once: on this computer, or wherever an executor sends them."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, TypeVar

from .errors import EngineError
from .progress import Progress

KILLED = "The process that worked on it ended unexpectedly; the memory may be too small for it."

_POLL_SECONDS = 0.1  # how soon it is noticed that the user canceled
_GRACE_SECONDS = 1.0  # what is nearly done may end by itself

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    processes: int | None = None,
    serial_seconds: float = 0.0,
    on_result: Callable[[int, Result], None] = lambda index, result: None,
    if_killed: Callable[[Item], Result] | None = None,
) -> list[Result]:
    """``function`` of each item, in the order of the items.

    An item whose process is killed (by the system, when memory runs out) does not take the others with it. An error
    that ``function`` or ``on_result`` raises ends the work and is raised as it is.

    Parameters
    ----------
    function : found by its name in another process; what it takes and gives can be pickled
    executor : anything with the surface of `concurrent.futures.Executor`, such as what dask.distributed's
        ``Client.get_executor()`` gives; it is not shut down. When left out, processes are started for this call alone
    progress : asked ten times a second whether the user canceled; report what is done from ``on_result``
    processes : without an executor, at most this many at once; as many as processors when left out
    serial_seconds : without an executor, work in this process for so long before others are started: small work needs
        none. 0 keeps every item out of this process, ``math.inf`` keeps all of them in it
    on_result : called in this process with the number of an item and its result, as soon as it is there
    if_killed : what stands for the result of an item whose process was killed

    Raises
    ------
    EngineError : an item's process was killed, and there is no ``if_killed``
    CancelledError : the user canceled; processes that were started here are ended

    Example
    -------
    >>> map_parallel(abs, [-3, 2], processes=2)
    [3, 2]
    """
    progress = progress or Progress()
    results: dict[int, Result] = {}

    def keep(index: int, result: Result) -> None:
        results[index] = result
        on_result(index, result)

    def killed(index: int) -> Result:
        if if_killed is None:
            raise EngineError(KILLED)
        return if_killed(items[index])

    waiting = deque(range(len(items)))
    if executor is not None:
        lost = _submitted(function, items, waiting, len(items), executor, progress, keep)
        for index in (*lost, *waiting):  # some still wait when the executor itself broke
            keep(index, killed(index))
        return [results[index] for index in range(len(items))]
    begin = time.monotonic()
    while waiting and time.monotonic() - begin < serial_seconds:
        index = waiting.popleft()
        keep(index, function(items[index]))
        progress.raise_if_canceled()
    count = processes or os.cpu_count() or 1
    while waiting:
        # Few at once: when a process is killed, each that was under way may have been the reason, and is tried alone.
        with _own_processes(min(count, len(waiting))) as own:
            suspects = _submitted(function, items, waiting, count + 1 if count > 1 else 1, own, progress, keep)
        for index in suspects:
            with _own_processes(1) as own:
                if _submitted(function, items, deque([index]), 1, own, progress, keep):
                    keep(index, killed(index))
    return [results[index] for index in range(len(items))]


def _submitted(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    waiting: deque[int],
    at_once: int,
    executor: Executor,
    progress: Progress,
    keep: Callable[[int, Result], None],
) -> list[int]:
    """Take from ``waiting`` until it is empty or the executor broke; returns what was under way when it broke."""
    lost: list[int] = []
    broken = False
    under_way: dict[Future[Result], int] = {}
    try:
        while under_way or (waiting and not broken):
            while waiting and not broken and len(under_way) < at_once:
                index = waiting.popleft()
                try:
                    under_way[executor.submit(function, items[index])] = index
                except BrokenExecutor:
                    broken = True
                    lost.append(index)
            for future in wait(under_way, _POLL_SECONDS, FIRST_COMPLETED).done:
                index = under_way.pop(future)
                try:
                    result = future.result()
                except Exception as error:
                    if not _is_killed(error):
                        raise
                    broken = broken or isinstance(error, BrokenExecutor)
                    lost.append(index)
                else:
                    keep(index, result)
            progress.raise_if_canceled()
    finally:
        for future in under_way:
            future.cancel()
    return sorted(lost)


def _is_killed(error: Exception) -> bool:
    # Dask, which is not imported here, goes on with its other workers and raises this for the one task.
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


class _Recording(SpawnContext):
    """Remembers what it started. A forked child would inherit SimpleITK's threads in an unusable state, so: spawn."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = SpawnProcess(*args, **kwargs)
        self.started.append(process)
        return process


@contextmanager
def _own_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are ended on the way out, in good order unless an error leads there."""
    context = _Recording()
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_ignore_interrupts)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + _GRACE_SECONDS
        for process in context.started:
            process.join(max(0.0, until - time.monotonic()))
            process.terminate()
            process.join()
        raise
    finally:
        pool.shutdown()


def _ignore_interrupts() -> None:
    """Control-C reaches every process of a terminal; the parent ends the others in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
