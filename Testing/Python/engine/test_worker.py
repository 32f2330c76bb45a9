"""The worker process: noise, crashes, hangs, kills; nothing may be left behind."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from readingroom.engine.client import Advanced, Partial, WorkerClient
from readingroom.errors import CancelledError, EngineError, InputError, ReadingRoomError

CALLS = "worker_calls:CALLS"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals to kill the worker")


def wait_for_progress(call, until):
    events = []
    until(lambda: events.extend(call.poll()) or events)
    assert isinstance(events[0], Advanced)


def gone(processes):
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


def test_what_libraries_print_does_not_reach_the_protocol(client):
    assert client.start("print_much", {}).wait() == {"stdin": ""}
    assert client.start("echo", {"a": 1}).wait() == {"a": 1}


def test_the_worker_stays_for_the_next_call_and_loads_nothing_heavy(client):
    first, second = (client.start("facts", {}).wait() for _ in range(2))
    assert first["pid"] == second["pid"] != os.getpid()
    assert not {"torch", "numpy"} & set(second["loaded"])


def test_the_worker_works_inside_the_private_folder(client):
    facts = client.start("facts", {}).wait()
    assert Path(facts["temporary"]).parent == client.folder
    assert Path(facts["folder"]) == Path(facts["temporary"])
    assert facts["utf8"] == 1


def test_a_worker_whose_folder_was_tidied_away_is_replaced(client, until):
    first = client.start("facts", {}).wait()
    shutil.rmtree(client.folder)
    second = client.start("facts", {}).wait()
    assert second["pid"] != first["pid"]
    assert Path(second["temporary"]).parent == client.folder
    until(lambda: not psutil.pid_exists(first["pid"]))


def test_the_worker_gets_no_secrets_but_the_thread_settings(client, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    environment = client.start("facts", {}).wait()["environment"]
    assert "HF_TOKEN" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("how", "sentence"), [("exit", "exit code 7"), ("segfault", "SIGSEGV"), ("kill", "ran out of memory")]
)
def test_a_crash_is_a_sentence_and_the_next_call_restarts(client, how, sentence):
    with pytest.raises(EngineError, match=sentence) as caught:
        client.start("crash", {"how": how}).wait()
    assert "last words" in caught.value.detail
    assert client.start("echo", {"a": 1}).wait() == {"a": 1}


GARBAGE = {
    "text": "no json\n",
    "invalid UTF-8": '{"id": 1, "value": "\xff"}\n',
    "NaN": '{"id": NaN, "value": 1}\n',
    "progress of NaN": '{"id": 1, "fraction": NaN, "sentence": ""}\n',
    "progress without end": '{"id": 1, "fraction": 1e999, "sentence": ""}\n',
    "progress of a thousand digits": '{"id": 1, "fraction": ' + "9" * 1000 + ', "sentence": ""}\n',
    "progress beyond the whole": '{"id": 1, "fraction": 2, "sentence": ""}\n',
    "sentence that is none": '{"id": 1, "fraction": 0.5, "sentence": [1]}\n',
    "error that is none": '{"id": 1, "error": {"kind": ["InputError"], "sentence": "No."}}\n',
    "error without a sentence": '{"id": 1, "error": {"kind": "InputError", "sentence": 3}}\n',
    "nesting": "[" * 100_000 + "\n",
    "endless line": "x",
}


@pytest.mark.parametrize("line", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the pipe through /proc")
def test_a_line_that_is_no_message_ends_the_worker_with_a_sentence(client, line):
    with pytest.raises(EngineError, match="cannot be understood"):
        client.start("break_the_pipe", {"line": line, "times": 17_000_000 if line == "x" else 1}).wait()
    assert client.start("echo", {}).wait() == {}


@pytest.mark.parametrize("number", ["[1]", '{"a": 1}', "true", "1.0", "9007199254740993", '"1"', "-1"])
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the pipe through /proc")
def test_a_message_of_another_call_is_not_heard(client, until, number):
    call = client.start("break_the_pipe", {"line": f'{{"id": {number}, "value": 1}}\n{{"id": 1, "partial": 2}}\n'})
    events = []
    until(lambda: events.extend(call.poll()) or events)
    assert events == [Partial(2)]
    call.cancel()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the pipe through /proc")
def test_a_flood_that_nobody_hears_does_not_fill_the_memory(client, until):
    client.start("echo", {}).wait()
    call = client.start("break_the_pipe", {"line": '{"id": 2, "partial": "' + "x" * 100_000 + '"}\n', "times": 1000})
    worker = call._worker
    until(lambda: not worker.alive)
    assert 300 < worker.messages.qsize() < 400
    with pytest.raises(EngineError, match="cannot be understood"):
        call.wait()


def test_a_word_that_was_cut_by_death_is_told_as_death(client):
    with pytest.raises(EngineError, match="ran out of memory"):
        client.start("die_in_a_word", {}).wait()


def test_opening_a_file_for_ever_ends_in_a_sentence(client, running):
    with pytest.raises(InputError, match="could not be opened within 60 seconds"):
        client.start("open_for_ever", {}).wait()
    assert client.start("open_in_time", {}).wait() == "opened"


@pytest.mark.parametrize("name", ["fail_at_length", "refuse_badly"])
def test_an_error_that_cannot_be_told_whole_is_told_in_short(client, name):
    pid = client.start("facts", {}).wait()["pid"]
    with pytest.raises(ReadingRoomError) as caught:
        client.start(name, {}).wait()
    assert len(str(caught.value)) < 5000
    assert client.start("facts", {}).wait()["pid"] == pid


def test_a_worker_killed_while_idle_is_replaced(client, until):
    worker = psutil.Process(client.start("facts", {}).wait()["pid"])
    worker.kill()
    until(lambda: not worker.is_running())
    until(lambda: not list(client.folder.glob("w*")))
    assert client.start("facts", {}).wait()["pid"] != worker.pid


def test_killed_at_random_moments_each_call_ends_and_leaves_nothing(client, running, until):
    chance = random.Random(20)
    ends = []
    for _ in range(6):
        call = client.start("slow_steps", {})
        time.sleep(chance.uniform(0, 0.5))
        for process in running():
            process.kill()
        try:
            ends.append(call.wait())
        except EngineError as error:
            ends.append(str(error))
        assert running() == []
        assert list(client.folder.glob("w*")) == []
    assert all("was ended by the system" in end for end in ends)


def test_canceled_at_random_moments_nothing_is_left(client, running):
    chance = random.Random(21)
    for _ in range(8):
        call = client.start("slow_steps", {})
        time.sleep(chance.uniform(0, 0.3))
        call.cancel()
        with pytest.raises(CancelledError):
            call.wait()
        assert running() == []
        assert list(client.folder.glob("w*")) == []
    assert client.start("echo", {"a": 1}).wait() == {"a": 1}


@pytest.mark.parametrize("name", ["sleep", "busy_in_c"])
def test_cancel_ends_the_worker_whatever_it_does(client, running, until, name):
    call = client.start(name, {})
    wait_for_progress(call, until)
    call.cancel()
    assert running() == []


LEAVING = [False, pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="macOS cannot tell"))]


@pytest.mark.parametrize("leaves", LEAVING)
def test_cancel_ends_children_and_grandchildren(client, running, until, leaves):
    call = client.start("spawn", {"leaves": leaves})
    wait_for_progress(call, until)
    tree = running()
    assert len(tree) == 3
    call.cancel()
    until(lambda: gone(tree))


@pytest.mark.parametrize("leaves", LEAVING)
def test_a_crash_takes_children_and_grandchildren_along(client, running, until, leaves):
    call = client.start("spawn", {"crash": True, "leaves": leaves})
    wait_for_progress(call, until)
    tree = running()
    with pytest.raises(EngineError, match="SIGABRT"):
        call.wait()
    until(lambda: gone(tree))


def test_a_launcher_between_client_and_worker_dies_too(temporary, tmp_path, running, until):
    launcher = tmp_path / "launcher"
    launcher.write_text(f'#!/bin/sh\n"{sys.executable}" "$@"\nexit $?\n')
    launcher.chmod(0o755)
    client = WorkerClient(python=launcher, calls=CALLS)
    call = client.start("sleep", {})
    wait_for_progress(call, until)
    tree = running()
    assert len(tree) == 2
    call.cancel()
    until(lambda: gone(tree))
    client.stop()


def test_a_launcher_that_keeps_the_requests_to_itself_is_told(temporary, tmp_path, running):
    launcher = tmp_path / "launcher"
    launcher.write_text(f'#!/bin/sh\nsleep 300 | "{sys.executable}" "$@"\n')
    launcher.chmod(0o755)
    client = WorkerClient(python=launcher, calls=CALLS, silence_seconds=2.0)
    with pytest.raises(EngineError, match="does not receive what it is asked"):
        client.start("describe", {}).wait()
    assert running() == []
    client.stop()


def test_a_stopped_worker_is_found_to_hang(temporary, running, until):
    client = WorkerClient(calls=CALLS, silence_seconds=1.0)
    call = client.start("sleep", {})
    wait_for_progress(call, until)
    running()[0].send_signal(signal.SIGSTOP)
    with pytest.raises(EngineError, match="no sign of life for 1 seconds"):
        call.wait()
    assert running() == []
    client.stop()


def test_a_worker_stuck_in_c_leaves_the_stack_of_where(temporary, until):
    client = WorkerClient(calls=CALLS, silence_seconds=1.0)
    with pytest.raises(EngineError, match="no sign of life") as caught:
        client.start("busy_in_c", {}).wait()
    assert "in busy_in_c" in caught.value.detail
    client.stop()


def test_a_call_without_progress_is_given_up_when_asked_for(temporary):
    client = WorkerClient(calls=CALLS, stall_seconds=0.5)
    with pytest.raises(EngineError, match="no progress"):
        client.start("sleep", {}).wait()
    client.stop()


def test_a_computer_that_slept_is_not_taken_for_a_hang(temporary, running, until):
    client = WorkerClient(calls=CALLS, silence_seconds=1.2)
    call = client.start("sleep", {})
    wait_for_progress(call, until)
    running()[0].send_signal(signal.SIGSTOP)
    time.sleep(1.3)  # neither side runs
    call.poll()
    assert not call.done
    client.stop()


def test_a_worker_that_cannot_start_is_a_sentence(temporary):
    client = WorkerClient(python=Path("/nowhere/python"), calls=CALLS)
    with pytest.raises(EngineError, match="could not be started"):
        client.start("echo", {})
    client.stop()


def test_calls_that_cannot_be_loaded_are_a_sentence(temporary):
    client = WorkerClient(calls="readingroom.engine.no_such_module:CALLS")
    with pytest.raises(EngineError, match="unforeseen") as caught:
        client.start("echo", {}).wait()
    assert "no_such_module" in caught.value.detail
    client.stop()


def test_twenty_restarts_leak_no_descriptor_no_thread_and_no_zombie(client, running, until):
    def cycle() -> None:
        call = client.start("echo", {})
        call.wait()
        client.start("sleep", {}).cancel()

    cycle()
    here = psutil.Process()
    before = here.num_fds(), here.num_threads()
    for _ in range(20):
        cycle()
    # The threads of the last one end in a moment.
    until(lambda: here.num_fds() <= before[0] and here.num_threads() <= before[1])
    assert running() == []


def test_a_forgotten_client_ends_its_worker(temporary, running, until):
    client = WorkerClient(calls=CALLS)
    client.start("echo", {}).wait()
    tree = running()
    del client
    until(lambda: gone(tree))
    assert list(temporary.iterdir()) == []


PARENT = """
import sys, time
from readingroom.engine.client import WorkerClient
client = WorkerClient(calls="worker_calls:CALLS")
call = client.start("spawn", {"leaves": "leaves" in sys.argv})
while not call.poll():
    time.sleep(0.01)
print("started", flush=True)
if "exit" in sys.argv:
    sys.exit()
time.sleep(60)
"""


@pytest.mark.parametrize("leaves", LEAVING)
def test_when_the_parent_is_killed_the_tree_ends_and_the_folder_goes(temporary, running, until, leaves):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *(["leaves"] * leaves)], stdout=subprocess.PIPE)
    parent.stdout.readline()
    tree = running()
    assert len(tree) == 4
    parent.kill()
    parent.communicate()
    until(lambda: gone(tree))
    assert list(temporary.glob("readingroom-*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a stopped process stays until somebody continues it")
@pytest.mark.parametrize("stopped", ["worker", "all"])
def test_a_stopped_worker_does_not_outlive_its_parent(temporary, running, until, stopped):
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    parent.stdout.readline()
    tree = running()
    for process in tree[1:] if stopped == "all" else tree[1:2]:
        process.suspend()
    until(lambda: tree[1].status() == psutil.STATUS_STOPPED)
    parent.kill()
    parent.communicate()
    until(lambda: gone(tree))
    assert list(temporary.glob("readingroom-*")) == []


def test_when_the_parent_ends_in_order_nothing_is_left(temporary, running, until):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, "exit"], stdout=subprocess.PIPE)
    parent.stdout.readline()
    tree = running()
    parent.communicate()
    until(lambda: gone(tree))
    assert list(temporary.iterdir()) == []


def serve(*lines: bytes, count: int = 0) -> list[bytes]:
    """What a worker answers to raw lines, without its heart beats."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "readingroom.engine.worker", "--calls", CALLS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    worker.stdin.write(b"".join(lines))
    worker.stdin.flush()
    answers = []
    while len(answers) < (count or len(lines)):
        if (line := worker.stdout.readline()) != b'{"heartbeat":true}\n':
            answers.append(line)
    worker.communicate()
    return answers


@pytest.mark.parametrize(
    "line",
    [
        *(b"no json\n", b"[1]\n", b'{"id": 1}\n', b'{"id": 1, "call": "echo", "arguments": 3}\n', b"\xff\n"),
        b'{"id": NaN, "call": "echo", "arguments": {}}\n',
        b'{"id": [1], "call": "echo", "arguments": {}}\n',
        b'{"call": "echo", "arguments": {}}\n',
        b'{"id": ' + b"9" * 5000 + b', "call": "echo", "arguments": {}}\n',
        b'{"id": 1, "call": "echo", "arguments": {"x": 1e999}}\n',
        b'{"id": 1, "call": "echo", "arguments": ' + b"[" * 100_000 + b"\n",
    ],
)
def test_a_request_that_is_none_is_answered_with_an_error(line):
    answers = serve(line, b'{"id": 7, "call": "echo", "arguments": {}}\n', count=3)
    assert b"request that it does not understand" in answers[0]
    assert answers[-1] == b'{"id":7,"value":{}}\n'


def test_a_request_during_another_is_refused():
    busy = b'{"id": 1, "call": "slow_steps", "arguments": {}}\n'
    worker_answers = serve(busy, b'{"id": 2, "call": "echo", "arguments": {}}\n')
    assert any(b'"id":2' in answer and b"still busy" in answer for answer in worker_answers)
