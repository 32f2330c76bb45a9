"""What a client promises, with a worker process and without."""

import shutil
import subprocess
import sys
import threading

import pytest

from readingroom.engine.client import Advanced, Failed, Finished, InProcessClient, Partial
from readingroom.errors import (
    CancelledError,
    EngineError,
    InputError,
    OutputError,
    ReadingRoomError,
    RefusedError,
    SetupError,
)
from readingroom.reading import Check


def test_a_call_gives_back_plain_json_values(any_client):
    sent = {"text": "Müller \u2028 \n", "numbers": [1, 2.5, None, True], "nested": {"empty": {}}}
    assert any_client.start("echo", sent).wait() == sent


def test_progress_arrives_in_order_with_its_sentences(any_client):
    seen = []
    any_client.start("steps", {"steps": 4}).wait(lambda fraction, sentence: seen.append((fraction, sentence)))
    assert seen == [(0.0, "Step 0."), (0.25, "Step 1."), (0.5, "Step 2."), (0.75, "Step 3.")]


def test_polling_tells_progress_and_end_once(any_client, until):
    call = any_client.start("steps", {"steps": 2})
    events = []
    until(lambda: events.extend(call.poll()) or call.done)
    assert events == [Advanced(0.0, "Step 0."), Advanced(0.5, "Step 1."), Finished(2)]
    assert call.poll() == []
    assert call.wait() == 2


def test_a_first_value_arrives_before_the_work_ends(any_client, until):
    call = any_client.start("answer_first", {})
    events = []
    until(lambda: events.extend(call.poll()) or call.done)
    assert events == [
        Advanced(0.1, "Answering."),
        Partial({"answer": 1}),
        Advanced(0.6, "Testing."),
        Finished({"answer": 1, "tested": True}),
    ]


def test_waiting_passes_first_values_over(any_client):
    assert any_client.start("answer_first", {}).wait() == {"answer": 1, "tested": True}


@pytest.mark.parametrize("kind", ["InputError", "BundleError", "OutputError", "SetupError", "DownloadError"])
def test_an_error_for_the_user_arrives_as_what_it_was(any_client, kind):
    with pytest.raises(ReadingRoomError, match=r"^One sentence\.$") as caught:
        any_client.start("fail", {"kind": kind}).wait()
    assert type(caught.value).__name__ == kind


def test_a_refusal_arrives_with_its_checks(any_client):
    with pytest.raises(RefusedError, match="not a chest") as caught:
        any_client.start("fail", {"kind": "RefusedError"}).wait()
    assert caught.value.checks == (Check("organ", "stop", "No lungs.", 0.25, 1.0),)


def test_an_error_made_elsewhere_arrives_as_the_kind_it_stems_from(any_client):
    with pytest.raises(InputError, match="too bright"):
        any_client.start("fail", {"kind": "subclass"}).wait()


def test_an_unforeseen_error_has_a_plain_sentence_and_its_traceback_apart(any_client):
    with pytest.raises(EngineError, match="unforeseen") as caught:
        any_client.start("fail", {"kind": "unforeseen", "secret": "x"}).wait()
    assert "KeyError" in caught.value.detail
    assert "worker_calls.py" in caught.value.detail
    assert "Traceback" not in str(caught.value)


def test_arguments_are_not_in_the_traceback(any_client):
    with pytest.raises(EngineError) as caught:
        any_client.start("fail", {"kind": "unforeseen", "secret": "x", "patient": "Doe^Jane"}).wait()
    assert "Doe" not in caught.value.detail


@pytest.mark.parametrize(
    ("kind", "expected", "sentence"),
    [
        ("SystemExit", EngineError, "unforeseen"),
        ("MemoryError", EngineError, "ran out of memory"),
        ("ModuleNotFoundError", SetupError, "'a_package_that_nobody_has' is missing"),
    ],
)
def test_failures_of_the_surroundings_get_their_sentence(any_client, kind, expected, sentence):
    with pytest.raises(expected, match=sentence):
        any_client.start("fail", {"kind": kind}).wait()


def test_a_full_disk_is_said_in_a_sentence(any_client):
    with pytest.raises(OutputError, match="disk is full"):
        any_client.start("fill_the_disk", {}).wait()


def test_an_unknown_call_is_named(any_client):
    with pytest.raises(EngineError, match="no work named 'knit'"):
        any_client.start("knit", {}).wait()


@pytest.mark.parametrize("how", ["array", "nan", "large"])
def test_an_answer_that_is_no_json_is_an_error_and_the_next_call_works(any_client, how):
    with pytest.raises(EngineError, match="could not be handed over"):
        any_client.start("answer_badly", {"how": how}).wait()
    assert any_client.start("echo", {}).wait() == {}


@pytest.mark.parametrize("arguments", [{"x": object()}, {"x": float("nan")}, {"x": "x" * 17_000_000}])
def test_arguments_that_cannot_be_sent_are_refused_at_once(any_client, arguments):
    with pytest.raises((TypeError, ValueError)):
        any_client.start("echo", arguments)
    assert any_client.start("echo", {}).wait() == {}


def test_a_second_start_while_one_runs_is_refused(any_client):
    call = any_client.start("steps", {"steps": 1})
    with pytest.raises(EngineError, match="still running"):
        any_client.start("echo", {})
    assert call.wait() == 1


def test_a_canceled_call_says_so_and_the_next_one_works(any_client):
    call = any_client.start("sleep", {})
    call.cancel()
    (event,) = call.poll()
    assert isinstance(event, Failed)
    with pytest.raises(CancelledError):
        call.wait()
    assert any_client.start("echo", {"a": 1}).wait() == {"a": 1}


def test_a_call_can_be_canceled_from_its_own_progress(any_client):
    call = any_client.start("slow_steps", {})
    with pytest.raises(CancelledError):
        call.wait(lambda fraction, sentence: call.cancel() if fraction >= 0.1 else None)


def test_canceling_what_has_ended_changes_nothing(any_client):
    call = any_client.start("echo", {"a": 1})
    call.wait()
    call.cancel()
    assert call.wait() == {"a": 1}


def test_control_c_cancels(any_client):
    def press(fraction: float, sentence: str) -> None:
        raise KeyboardInterrupt

    call = any_client.start("slow_steps", {})
    with pytest.raises(CancelledError):
        call.wait(press)
    assert call.done


def test_what_a_call_keeps_warm_is_there_for_the_next(any_client):
    first = any_client.start("count", {}).wait()
    assert any_client.start("count", {}).wait() == first + 1


def test_the_folder_is_private_and_goes_with_stop(any_client):
    folder = any_client.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "pixels.npy").write_bytes(b"1")
    any_client.stop()
    assert not folder.exists()


def test_a_stopped_client_can_be_used_again(any_client):
    any_client.stop()
    assert any_client.start("echo", {"a": 1}).wait() == {"a": 1}


def test_a_folder_that_the_system_tidied_away_is_made_anew(any_client):
    shutil.rmtree(any_client.folder)
    assert any_client.folder.is_dir()


def test_importing_the_client_loads_nothing_heavy():
    script = "import sys, readingroom.engine.client, readingroom.device; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "timm", "monai", "qt", "slicer"} & set(loaded)


def test_describe_gives_device_and_versions():
    value = InProcessClient().start("describe", {}).wait()
    assert value["device"]["kind"] in ("cpu", "cuda", "mps")
    assert value["software"]["numpy"]


def test_work_in_this_process_runs_in_the_thread_that_waits():
    import worker_calls

    seen = []
    worker_calls.CALLS["thread"] = lambda arguments, progress: seen.append(threading.current_thread())
    call = InProcessClient(calls="worker_calls:CALLS").start("thread", {})
    assert seen == []
    call.wait()
    del worker_calls.CALLS["thread"]
    assert seen == [threading.current_thread()]
