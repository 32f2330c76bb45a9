"""Work at the same time: one function over many items in several processes, on this computer or wherever an executor
sends them; and two pieces of work in two threads, one beside or one behind the other."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from .errors import EngineError
from .guarded_processes import KILLED, EndedError, GuardedProcesses
from .progress import Progress

_POLL_SECONDS = 0.1  # how soon it is noticed that the user canceled

Item = TypeVar("Item")
Result = TypeVar("Result")
Other = TypeVar("Other")


def map_parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    processes: int | None = None,
    on_result: Callable[[int, Result], None] = lambda index, result: None,
    if_ended: Callable[[Item, str], Result] | None = None,
) -> list[Result]:
    """``function`` of each item, in the order of the items.

    An item at which a process dies (a library crashes, memory runs out) or hangs (see `readingroom.time_limit`) does
    not take the others with it. An error that ``function`` or ``on_result`` raises ends the work and is raised as it
    is.

    Parameters
    ----------
    function : found by its name in another process; what it takes and gives can be pickled
    executor : anything with the surface of `concurrent.futures.Executor`, such as what dask.distributed's
        ``Client.get_executor()`` gives; it is not shut down. When left out, processes are started for this call alone
    progress : asked ten times a second whether the user canceled; report what is done from ``on_result``
    processes : without an executor, at most this many at once; as many as processors when left out
    on_result : called in this process with the number of an item and its result, as soon as it is there
    if_ended : what stands for the result of an item whose process died or hung; given the item and the sentence

    Raises
    ------
    EngineError : an item's process died or hung, and there is no ``if_ended``
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

    def ended(index: int, sentence: str) -> None:
        if if_ended is None:
            raise EngineError(sentence)
        keep(index, if_ended(items[index], sentence))

    waiting = deque(range(len(items)))
    if executor is not None:
        lost = _submitted(function, items, waiting, len(items), executor, progress, keep)
        lost |= dict.fromkeys(waiting, KILLED)  # some still wait when the executor itself broke
        for index, sentence in sorted(lost.items()):
            ended(index, sentence)
        return [results[index] for index in range(len(items))]
    count = min(processes or os.cpu_count() or 1, len(items)) or 1
    lost = _in_guarded_processes(function, items, waiting, count, progress, keep)
    for index, sentence in sorted(lost.items()):
        if sentence == KILLED and count > 1:  # perhaps the memory was too small for several at once: once more, alone
            lost_again = _in_guarded_processes(function, items, deque([index]), 1, progress, keep)
            if index not in lost_again:
                continue
        ended(index, sentence)
    return [results[index] for index in range(len(items))]


def side_by_side(beside: Callable[[], Other], here: Callable[[], Result]) -> tuple[Other, Result]:
    """What two functions give that run at the same time: ``beside`` in a thread of its own, ``here`` in the caller's.

    It pays where they call numpy, scipy and the like, which let other threads run. Only one of them may touch a
    SimpleITK image: where a filter and a view meet at it, it gets other memory, and views lose theirs. When one
    function fails, the other one is waited for; when both do, the error of ``beside`` is raised.

    Example
    -------
    >>> side_by_side(lambda: 1 + 1, lambda: "two")
    (2, 'two')
    """
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(beside)
        try:
            found = here()
        except BaseException:
            future.result()
            raise
        return future.result(), found


def made_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items in their order, each made in a thread of its own while the one before it is used.

    Example
    -------
    >>> list(made_ahead(number**2 for number in (1, 2, 3)))
    [1, 4, 9]
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as threads:
        item: Any = next(iterator, end)
        while item is not end:
            following = threads.submit(next, iterator, end)
            yield item
            item = following.result()


def _in_guarded_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    waiting: deque[int],
    count: int,
    progress: Progress,
    keep: Callable[[int, Result], None],
) -> dict[int, str]:
    with GuardedProcesses(count) as own:
        try:
            return _submitted(function, items, waiting, count, own, progress, keep)
        except BaseException:
            own.shutdown(cancel_futures=True)
            raise


def _submitted(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    waiting: deque[int],
    at_once: int,
    executor: Executor,
    progress: Progress,
    keep: Callable[[int, Result], None],
) -> dict[int, str]:
    """Take from ``waiting`` until it is empty or the executor broke; returns whose processes ended, and how."""
    lost: dict[int, str] = {}
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
                    lost[index] = KILLED
            for future in wait(under_way, _POLL_SECONDS, FIRST_COMPLETED).done:
                index = under_way.pop(future)
                try:
                    result = future.result()
                except Exception as error:
                    if not _is_killed(error):
                        raise
                    broken = broken or isinstance(error, BrokenExecutor)
                    lost[index] = str(error) if isinstance(error, EndedError) else KILLED
                else:
                    keep(index, result)
            progress.raise_if_canceled()
    finally:
        for future in under_way:
            future.cancel()
    return lost


def _is_killed(error: Exception) -> bool:
    # Dask, which is not imported here, goes on with its other workers and raises this for the one task.
    return isinstance(error, BrokenExecutor | EndedError) or type(error).__name__ == "KilledWorker"
