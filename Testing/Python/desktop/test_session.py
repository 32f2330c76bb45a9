"""The session: one piece of work at a time, followed without waiting."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.desktop.session import ReadRequest, Session
from readingroom.engine.events import Finished
from readingroom.errors import BundleError, InputError
from readingroom.study import Study, StudyImage


@pytest.fixture
def request_to_read(tmp_path):
    return ReadRequest("chest-xray", Study((StudyImage("frontal", tmp_path / "x.png"),)), "bundle")


@pytest.fixture
def session_with(recorded_client):
    """Makes a session whose worker gives these answers."""
    sessions = []

    def make(*answers):
        sessions.append(Session(recorded_client(*answers)))
        return sessions[-1]

    yield make
    for session in sessions:
        session.stop()


def follow(session: Session) -> None:
    while session.state == "working":
        session.poll()


def folders(session: Session) -> set[Path]:
    return {path for path in Path(session.client.folder).iterdir() if path.is_dir()}


def test_it_goes_from_idle_through_working_to_done(session_with, request_to_read, answer_of_the_worker):
    session = session_with(answer_of_the_worker[1])
    assert session.state == "idle"
    session.start_read(request_to_read)
    assert session.state == "working"
    assert session.poll()
    assert session.progress == (0.5, "Half-way.")
    follow(session)
    assert session.state == "done"
    assert session.reading.reader == "chest-xray"
    assert not session.poll()


def test_a_failure_keeps_the_last_reading(session_with, request_to_read, answer_of_the_worker):
    session = session_with(answer_of_the_worker[1], InputError("Damaged."))
    session.start_read(request_to_read)
    follow(session)
    reading = session.reading
    session.start_read(request_to_read)
    follow(session)
    assert (session.state, str(session.error)) == ("failed", "Damaged.")
    assert session.reading is reading


def test_only_the_files_of_the_last_reading_stay_on_disk(session_with, request_to_read, answer_of_the_worker):
    session = session_with(answer_of_the_worker[1])
    for _ in range(3):
        session.new_folder("study")
        session.start_read(request_to_read)
        folder = session.client.asked[-1][1]["out"]  # where the real worker would have written
        session.client._events[-1] = [Finished({**answer_of_the_worker[1], "folder": folder})]
        follow(session)
    assert folders(session) == {session.folder}
    session.forget()
    assert folders(session) == set()


def test_a_read_that_comes_while_the_network_is_loaded_begins_after_that(
    session_with, request_to_read, answer_of_the_worker
):
    session = session_with({"bundle": "bundle", "device": "cpu"}, answer_of_the_worker[1])
    session.warm("bundle", "auto")
    assert session.state == "idle"
    session.start_read(request_to_read)
    assert session.state == "working"
    assert [name for name, _arguments in session.client.asked] == ["warm"]
    follow(session)
    assert session.state == "done"
    assert [name for name, _arguments in session.client.asked] == ["warm", "read"]


def test_what_goes_wrong_while_the_network_is_loaded_is_told_by_the_read(
    session_with, request_to_read, answer_of_the_worker
):
    session = session_with(BundleError("Damaged."), answer_of_the_worker[1])
    session.warm("bundle", "auto")
    assert session.error is None
    session.start_read(request_to_read)
    follow(session)
    assert session.state == "done"
