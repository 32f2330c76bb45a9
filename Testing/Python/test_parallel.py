"""Work in several processes at once, some of which end badly."""

from __future__ import annotations

import math
import multiprocessing
import os
import sys
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from readingroom.errors import CancelledError, EngineError
from readingroom.parallel import map_parallel
from readingroom.progress import Progress

WORK = """
import os, signal, time

def double(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 7:
        raise ValueError("seven")
    return 2 * number

def process(number):
    return os.getpid()

def slow(folder):
    (folder / str(os.getpid())).touch()
    time.sleep(600)

def first_is_slow(number):
    time.sleep(0.3 if number == 0 else 0)
    return number
"""

no_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent there")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Functions that other processes can import; `double` of 3 kills the process that computes it."""
    (tmp_path / "doubling.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    import doubling

    yield doubling
    del sys.modules["doubling"]


@no_signals
@pytest.mark.parametrize("processes", [1, 2])
def test_what_kills_its_process_does_not_take_the_others_with_it(work, processes):
    found = map_parallel(work.double, range(6), processes=processes, if_killed=lambda item: f"killed by {item}")
    assert found == [0, 2, 4, "killed by 3", 8, 10]


@no_signals
def test_without_a_stand_in_a_killed_process_is_one_sentence(work):
    with pytest.raises(EngineError, match="memory may be too small"):
        map_parallel(work.double, [3], processes=1)


def test_an_error_of_the_work_is_raised_as_it_is(work):
    with pytest.raises(ValueError, match="seven"):
        map_parallel(work.double, [7], processes=1)


def test_results_stand_in_the_order_of_the_items_and_are_told_as_they_come(work):
    told = []
    with ThreadPoolExecutor(2) as executor:
        found = map_parallel(
            work.first_is_slow, [0, 1, 2], executor, on_result=lambda index, result: told.append((index, result))
        )
    assert found == [0, 1, 2]
    assert told[-1] == (0, 0)
    assert sorted(told) == [(0, 0), (1, 1), (2, 2)]


def test_without_items_no_process_is_started(monkeypatch):
    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", None)
    assert map_parallel(print, []) == []


def test_small_work_needs_no_process(work):
    assert map_parallel(work.process, range(5), processes=2, serial_seconds=math.inf) == [os.getpid()] * 5


def test_work_that_takes_long_goes_on_in_other_processes(work):
    found = map_parallel(work.first_is_slow, range(4), processes=2, serial_seconds=0.1)
    assert found == [0, 1, 2, 3]
    assert os.getpid() not in map_parallel(work.process, range(4), processes=2)


def test_canceling_ends_processes_in_the_midst_of_an_item(work, tmp_path):
    folder = tmp_path / "started"
    folder.mkdir()
    progress = Progress(canceled=lambda: len(list(folder.iterdir())) == 2)
    with pytest.raises(CancelledError):
        map_parallel(work.slow, [folder, folder], processes=2, progress=progress)
    assert {int(file.name) for file in folder.iterdir()}.isdisjoint(
        child.pid for child in multiprocessing.active_children()
    )


def test_canceling_leaves_a_given_executor_to_its_owner(work):
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(CancelledError):
            map_parallel(lambda _: go_on.wait(60), range(5), executor, Progress(canceled=lambda: True))
        go_on.set()
        assert executor.submit(lambda: "still here").result() == "still here"


def test_an_executor_whose_processes_cannot_live_gives_a_stand_in_for_every_item():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=os._exit, initargs=(1,)) as executor:
        assert map_parallel(abs, [1, 2, 3], executor, if_killed=lambda item: -item) == [-1, -2, -3]


class KilledWorker(Exception):  # noqa: N818
    """Named as what dask.distributed raises for a task that killed several workers, while the others go on."""


class _LikeDask(ThreadPoolExecutor):
    def submit(self, function, /, *args, **kwargs):
        if args == (3,):
            lost: Future = Future()
            lost.set_exception(KilledWorker("Attempted to run task on 4 different workers."))
            return lost
        return super().submit(function, *args, **kwargs)


def test_a_worker_killed_elsewhere_is_told_from_an_error_of_the_work(work):
    with _LikeDask(2) as executor:
        assert map_parallel(work.double, range(5), executor, if_killed=lambda _: None) == [0, 2, 4, None, 8]
