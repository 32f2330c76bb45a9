"""Jobs in processes of their own; one that ends its process does not take the others with it."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

ENDED = "The process that measured it ended unexpectedly; the memory may be too small for it."

Key = TypeVar("Key")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[..., Result], jobs: Mapping[Key, tuple[Any, ...]], processes: int
) -> Iterator[tuple[Key, Result | None]]:
    """Each job's key with ``work(*arguments)``, as they are done; None where the work ended its process.

    Parameters
    ----------
    work : can be found by its name from another process
    jobs : arguments by key
    processes : at most this many at once
    """
    waiting = deque(jobs)
    while waiting:
        suspects: list[Key] = []
        with _pool(min(processes, len(waiting))) as pool:
            going_on: dict[Future[Result], Key] = {}
            try:
                while going_on or (waiting and not suspects):
                    # No more than there are processes: when one ends badly, few are under suspicion.
                    while waiting and not suspects and len(going_on) < processes:
                        key = waiting.popleft()
                        try:
                            going_on[pool.submit(work, *jobs[key])] = key
                        except BrokenProcessPool:
                            suspects.append(key)
                    for future in wait(going_on, return_when=FIRST_COMPLETED).done:
                        key = going_on.pop(future)
                        try:
                            yield key, future.result()
                        except BrokenProcessPool:
                            suspects.append(key)
            finally:
                pool.shutdown(cancel_futures=True)
        for key in suspects:
            yield key, _alone(work, jobs[key])


def _alone(work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result | None:
    with _pool(1) as pool:
        try:
            return pool.submit(work, *arguments).result()
        except BrokenProcessPool:
            return None


def _pool(processes: int) -> ProcessPoolExecutor:
    # A forked child would inherit SimpleITK's threads in an unusable state.
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
