"""Work in several processes at once, some of which end badly."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from readingroom.errors import CancelledError, EngineError, RefusedError
from readingroom.guarded_processes import EndedError, guarded
from readingroom.parallel import made_ahead, map_parallel, side_by_side
from readingroom.progress import Progress
from readingroom.time_limit import TOOK_TOO_LONG

WORK = """
import ctypes, os, signal, sys, time
from readingroom import time_limit
from readingroom.errors import RefusedError

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

def hang(number):
    with time_limit.time_limit(0.3):
        time.sleep(600 if number == 1 else 0)
    return number

def hang_in_c(number):
    with time_limit.time_limit(0.3):
        ctypes.PyDLL(None).sleep(600)

def fails_at_large(number):
    raise RefusedError("No chest.", (number,))

def noise(number):
    os.write(1, b"to standard output")
    os.write(2, b"to standard error")
    return os.read(0, 10)

def leave(number):
    sys.exit(3) if number else os._exit(3)

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
    found = map_parallel(work.double, range(6), processes=processes, if_ended=lambda item, _: f"killed by {item}")
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
    monkeypatch.setattr(subprocess, "Popen", None)
    assert map_parallel(print, []) == []


def test_every_item_is_worked_on_in_another_process_that_is_kept(work):
    first = set(map_parallel(work.process, range(6), processes=2))
    assert os.getpid() not in first
    assert first & set(map_parallel(work.process, range(6), processes=2))


def test_a_program_without_a_main_guard_can_have_work_done(tmp_path):
    (tmp_path / "script.py").write_text("from readingroom.parallel import map_parallel\nprint(map_parallel(abs, [-1]))")
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "[1]\n"


@pytest.mark.parametrize("processes", [1, 2])
def test_what_hangs_does_not_take_the_others_with_it(work, processes):
    found = map_parallel(work.hang, range(3), processes=processes, if_ended=lambda item, sentence: sentence)
    assert found == [0, TOOK_TOO_LONG, 2]


def test_what_hangs_in_c_and_holds_python_back_is_ended(work):
    with pytest.raises(EndedError, match="could not be opened within"):
        guarded(work.hang_in_c, 0)


def test_what_libraries_print_stays_away_and_they_read_nothing(work, capfd):
    assert map_parallel(work.noise, [0], processes=1) == [b""]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [0, 1])
def test_a_library_that_ends_its_process_ends_that_alone(work, number):
    with pytest.raises((EndedError, SystemExit)):
        guarded(work.leave, number)
    assert guarded(work.first_is_slow, 5) == 5


def test_errors_keep_what_they_say(work):
    with pytest.raises(RefusedError, match="No chest") as caught:
        guarded(work.fails_at_large, 3)
    assert caught.value.checks == (3,)


@no_signals
def test_an_idle_process_that_was_killed_is_not_given_work(work):
    idle = psutil.Process(guarded(work.process, 0))
    idle.kill()
    while idle.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert guarded(work.first_is_slow, 5) == 5


def test_relative_paths_mean_what_they_mean_here(work, tmp_path, monkeypatch):
    guarded(work.process, 0)  # starts one, in the folder before
    monkeypatch.chdir(tmp_path)
    assert guarded(Path.cwd) == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when its item is done")
@pytest.mark.parametrize("stopped", [False, True])
def test_processes_do_not_outlive_their_parent(work, tmp_path, stopped):
    folder = tmp_path / "started"
    folder.mkdir()
    script = "import doubling, pathlib, sys; from readingroom.guarded_processes import guarded; guarded(doubling.slow, "
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    parent = subprocess.Popen([sys.executable, "-c", f"{script}pathlib.Path({str(folder)!r}))"], env=environment)
    while not list(folder.iterdir()):
        time.sleep(0.01)
    child = psutil.Process(int(next(folder.iterdir()).name))
    if stopped:
        child.suspend()
    parent.kill()
    parent.wait()
    psutil.wait_procs([child], 20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_canceling_ends_processes_in_the_midst_of_an_item(work, tmp_path):
    folder = tmp_path / "started"
    folder.mkdir()
    progress = Progress(canceled=lambda: len(list(folder.iterdir())) == 2)
    with pytest.raises(CancelledError):
        map_parallel(work.slow, [folder, folder], processes=2, progress=progress)
    assert not {int(file.name) for file in folder.iterdir()} & {child.pid for child in psutil.Process().children()}


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
        assert map_parallel(abs, [1, 2, 3], executor, if_ended=lambda item, _: -item) == [-1, -2, -3]


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
        assert map_parallel(work.double, range(5), executor, if_ended=lambda *_: None) == [0, 2, 4, None, 8]


def test_two_pieces_of_work_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=30)  # breaks when one waits for the other to end
    assert [place >= 0 for place in side_by_side(both.wait, both.wait)] == [True, True]


def test_when_both_fail_the_error_of_the_thread_beside_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda: 1 // 0, lambda: [][0])
    with pytest.raises(IndexError):
        side_by_side(lambda: 1, lambda: [][0])


def test_the_next_one_is_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def each():
        for event in made:
            event.set()
            yield event

    for number, _ in enumerate(made_ahead(each()), start=1):
        assert all(event.wait(30) for event in made[: number + 1])


def test_an_error_in_making_comes_after_what_was_made_before() -> None:
    items = made_ahead(1 // number for number in (1, 0))
    assert next(items) == 1
    with pytest.raises(ZeroDivisionError):
        next(items)
