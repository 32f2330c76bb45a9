"""Files that belong together lie there whole or not at all, whenever the process is killed or the disk is full."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from readingroom import staging
from readingroom.errors import OutputError
from readingroom.files import atomic_write
from readingroom.folders import atomic_directory, atomic_files, remove, scratch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")

_STEPS = ("os.", "open", "shutil.")  # what a process does to files, as Python's audit hooks name it
_OLD = {"map-a.nrrd", "report.html", "reading.json"}
_NEW = {"map-b.nrrd", "picture.png", "report.html", "reading.json"}


def write(names: set[str], patient: str, folder: Path) -> None:
    for name in sorted(names):
        (folder / name).write_text(f"{name} of {patient}")


def patients(folder: Path) -> dict[str, str]:
    """Who the files in a folder are of, by name; hidden folders and the user's own files do not count."""
    return {
        path.name: path.read_text().rpartition(" ")[2]
        for path in folder.iterdir()
        if path.is_file() and path.name != "notes.txt"
    }


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a child that is killed at that step of its work on files; whether it got so far."""
    child = os.fork()
    if child == 0:
        steps = itertools.count(1)

        def hook(event: str, arguments: object) -> None:
            if event.startswith(_STEPS) and next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def die_at_move(number: int) -> None:
    """This process is killed when it is about to move the file of that number of its plan."""
    moves = itertools.count(1)

    def hook(event: str, arguments: tuple) -> None:
        if event == "os.rename" and "plan" not in str(arguments[0]) and next(moves) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the files of patient A and one of the user's own."""
    folder = tmp_path / "out"
    folder.mkdir()
    write(_OLD, "A", folder)
    (folder / "notes.txt").write_text("mine")
    return folder


def replace_patient(out: Path) -> None:
    with atomic_files(out, lambda: _OLD, last="reading.json") as folder:
        write(_NEW, "B", folder)


def test_new_files_take_the_place_of_all_earlier_ones_and_others_stay(out):
    replace_patient(out)
    assert patients(out) == dict.fromkeys(_NEW, "B")
    assert {path.name for path in out.iterdir()} == {*_NEW, "notes.txt"}


def test_whatever_step_it_is_killed_at_the_folder_holds_one_patient_or_none(tmp_path):
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        folder.mkdir()
        write(_OLD, "A", folder)
        (folder / "notes.txt").write_text("mine")
        killed = killed_at(step, lambda folder=folder: replace_patient(folder))
        assert len(set(patients(folder).values())) <= 1, step
        staging.sweep(folder)
        assert patients(folder) in (dict.fromkeys(_OLD, "A"), dict.fromkeys(_NEW, "B")), step
        assert not [path for path in folder.iterdir() if path.name.startswith(".")], step
        assert (folder / "notes.txt").read_text() == "mine"
        if not killed:
            break
    assert step > 30  # every step was one


def test_a_kill_while_a_killed_move_is_completed_loses_nothing(tmp_path):
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        folder.mkdir()
        write(_OLD, "A", folder)
        child = os.fork()
        if child == 0:
            die_at_move(4)
            replace_patient(folder)
            os._exit(0)
        os.waitpid(child, 0)
        killed = killed_at(step, lambda folder=folder: staging.sweep(folder))
        assert len(set(patients(folder).values())) <= 1, step
        staging.sweep(folder)
        assert patients(folder) == dict.fromkeys(_NEW, "B"), step
        assert not [path for path in folder.iterdir() if path.name.startswith(".")], step
        if not killed:
            break
    assert step > 10


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "where the system cannot exchange folders"])
def test_an_earlier_folder_is_never_lost(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    for step in itertools.count(1):
        target = tmp_path / str(step) / "bundle"
        target.mkdir(parents=True)
        (target / "weights").write_text("of A")

        def install(target: Path = target) -> None:
            with atomic_directory(target) as folder:
                (folder / "weights").write_text("of B")

        killed = killed_at(step, install)
        if exchange and sys.platform == "linux":
            assert patients(target) in ({"weights": "A"}, {"weights": "B"}), step
        staging.sweep(target.parent)
        assert patients(target) in ({"weights": "A"}, {"weights": "B"}), step
        assert [path.name for path in target.parent.iterdir()] == ["bundle"], step
        if not killed:
            break
    assert patients(target) == {"weights": "B"}


def test_a_process_killed_at_any_moment_leaves_one_patient(tmp_path):
    script = (
        "import sys; from pathlib import Path; from test_staging import *\n"
        "out = Path(sys.argv[1]); print(flush=True)\n"
        "while True:\n"
        "    for patient in 'AB':\n"
        "        with atomic_files(out, lambda: _OLD | _NEW, last='reading.json') as folder:\n"
        "            write(_OLD if patient == 'A' else _NEW, patient, folder)\n"
    )
    chance = random.Random(7)
    for number in range(12):
        out = tmp_path / str(number)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        with subprocess.Popen([sys.executable, "-c", script, out], stdout=subprocess.PIPE, env=environment) as worker:
            worker.stdout.readline()
            time.sleep(chance.random() * 0.2)
            worker.kill()
        if out.exists():
            assert len(set(patients(out).values())) <= 1
            staging.sweep(out)
            assert patients(out) in ({}, dict.fromkeys(_OLD, "A"), dict.fromkeys(_NEW, "B"))
            assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_two_that_write_at_once_leave_the_files_of_one(out):
    def write_often(patient: str, names: set[str]) -> int:
        child = os.fork()
        if child == 0:
            for _ in range(15):
                with atomic_files(out, lambda: _OLD | _NEW, last="reading.json") as folder:
                    write(names, patient, folder)
            os._exit(0)
        return child

    children = [write_often("A", _OLD), write_often("B", _NEW)]
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    assert patients(out) in (dict.fromkeys(_OLD, "A"), dict.fromkeys(_NEW, "B"))


def test_a_move_that_fails_halfway_puts_everything_back(out, monkeypatch):
    moves = itertools.count()
    rename = Path.rename

    def fail_at_fifth(self: Path, target: Path) -> Path:
        if next(moves) == 4:
            raise PermissionError(13, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_at_fifth)
    with pytest.raises(OutputError, match="in use"):
        replace_patient(out)
    assert patients(out) == dict.fromkeys(_OLD, "A")
    assert {path.name for path in out.iterdir()} == {*_OLD, "notes.txt"}


def test_a_full_disk_leaves_the_earlier_patient(out):
    def fill() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        with atomic_files(out, lambda: _OLD, last="reading.json") as folder:
            write(_NEW, "B", folder)
            (folder / "picture.png").write_bytes(bytes(1000))

    child = os.fork()
    if child == 0:
        try:
            fill()
        except OutputError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert patients(out) == dict.fromkeys(_OLD, "A")
    assert {path.name for path in out.iterdir()} == {*_OLD, "notes.txt"}


def test_a_folder_or_pipe_with_the_name_of_a_new_file_is_not_touched(out):
    (out / "picture.png").mkdir()
    (out / "picture.png" / "mine").write_text("mine")
    with pytest.raises(OutputError, match=r"picture\.png there is no file"):
        replace_patient(out)
    assert (out / "picture.png" / "mine").exists()
    assert patients(out) == dict.fromkeys(_OLD, "A")


def test_an_earlier_file_that_is_a_link_goes_and_what_it_points_at_stays(out, tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (out / "map-a.nrrd").unlink()
    (out / "map-a.nrrd").symlink_to(tmp_path / "elsewhere")
    replace_patient(out)
    assert not (out / "map-a.nrrd").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_hidden_folders_of_those_that_live_and_of_the_user_are_not_swept(out):
    (out / ".scratch-mine").mkdir()
    (out / ".scratch-0123456789abcdef").mkdir()
    (out / ".scratch-0123456789abcdef" / "thesis.txt").write_text("mine")
    with scratch(out) as living:
        (living / "a").write_text("a")
        staging.sweep(out)
        assert (living / "a").exists()
    assert {path.name for path in out.iterdir()} == {
        *_OLD, "notes.txt", ".scratch-mine", ".scratch-0123456789abcdef",
    }  # fmt: skip


def test_what_a_killed_write_of_one_file_left_is_swept_by_the_next(out):
    child = os.fork()
    if child == 0:
        with atomic_write(out / "report.html") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert any(path.name.startswith(".scratch-") for path in out.iterdir())
    replace_patient(out)
    assert {path.name for path in out.iterdir()} == {*_NEW, "notes.txt"}


def test_a_removed_folder_is_gone_at_once_or_not(tmp_path):
    for step in itertools.count(1):
        target = tmp_path / str(step) / "bundle"
        target.mkdir(parents=True)
        (target / "one").write_text("1")
        (target / "two").write_text("2")
        killed = killed_at(step, lambda target=target: remove(target))
        assert not target.exists() or {path.name for path in target.iterdir()} == {"one", "two"}
        staging.sweep(target.parent)
        assert not [path for path in target.parent.iterdir() if path.name != "bundle"]
        if not killed:
            break
    assert not target.exists()
