"""Private temporary folders: closed to others, swept when their owner is gone."""

import os
import subprocess
import sys

import pytest

from readingroom.engine.private_folder import PrivateFolder, remove_orphan, sweep
from readingroom.errors import OutputError

OWNER = """
import sys, time
from readingroom.engine.private_folder import PrivateFolder
folder = PrivateFolder()
(folder.path / "pixels").mkdir()
(folder.path / "pixels" / "a.npy").write_bytes(b"1")
print(folder.path, flush=True)
time.sleep(60)
"""


def test_only_its_user_may_look_inside(temporary):
    folder = PrivateFolder()
    assert folder.path.parent == temporary
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_the_folder_of_a_killed_owner_is_swept_when_the_next_is_made(temporary):
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    path = owner.stdout.readline().strip()
    first = PrivateFolder()
    assert first.path.exists()
    assert os.path.exists(path)  # its owner lives
    owner.kill()
    owner.communicate()
    assert PrivateFolder().path.parent == temporary
    assert not os.path.exists(path)
    assert first.path.exists()


def test_folders_of_others_are_left_alone(temporary):
    stranger = temporary / "somebody-else"
    stranger.mkdir()
    being_made = temporary / "readingroom-new"  # no owner file yet
    being_made.mkdir()
    (temporary / "readingroom-link").symlink_to(stranger)
    sweep(temporary)
    assert sorted(path.name for path in temporary.iterdir()) == [
        "readingroom-link",
        "readingroom-new",
        "somebody-else",
    ]


def test_a_folder_left_unfinished_long_ago_is_swept(temporary):
    folder = temporary / "readingroom-old"
    folder.mkdir()
    os.utime(folder, (0, 0))
    assert remove_orphan(folder)
    assert not folder.exists()


def test_a_forgotten_folder_goes(temporary):
    folder = PrivateFolder()
    path = folder.path
    del folder
    assert not path.exists()


def test_a_forked_child_that_ends_does_not_take_the_folder(temporary):
    script = (
        "import os; from readingroom.engine.private_folder import PrivateFolder\n"
        "folder = PrivateFolder(); path = folder.path\n"
        "if os.fork() == 0: raise SystemExit\n"
        "os.wait(); print(path.exists())"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "True\n"


def test_no_place_for_a_folder_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="No temporary folder"):
        _ = PrivateFolder().path
