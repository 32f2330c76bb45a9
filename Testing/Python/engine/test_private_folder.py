"""Private temporary folders: closed to others, swept when their owner is gone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
    (temporary / "readingroom-link").symlink_to(stranger)
    for name in ("readingroom-export-of-my-patients", "readingroom-0123456789abcdef", "readingroom-main"):
        (temporary / name).mkdir(mode=0o700)
        (temporary / name / "owner").write_text("x")
        (temporary / name / "report.html").write_text("my only copy")
        os.utime(temporary / name, (0, 0))
    before = sorted(temporary.rglob("*"))
    sweep(temporary)
    assert sorted(temporary.rglob("*")) == before


def orphan(temporary):
    """The folder of a killed owner."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    path = Path(owner.stdout.readline().strip())
    owner.kill()
    owner.communicate()
    return path


def renamed(folder):
    return folder.rename(folder.with_name("readingroom-0123456789abcdef"))


def copied(folder):
    elsewhere = folder.parent / "copy"
    shutil.copytree(folder, elsewhere)
    shutil.rmtree(folder)
    keeper = folder.parent / "keeps-the-inode"
    keeper.mkdir()
    elsewhere.chmod(0o700)
    return elsewhere.rename(folder)


def opened_to_others(folder):
    folder.chmod(0o755)
    return folder


def with_mark(change):
    def changed(folder):
        mark = folder / ".readingroom-owner"
        content = mark.read_bytes()
        mark.unlink()
        change(mark, content)
        return folder

    changed.__name__ = change.__name__
    return changed


def mark_is_a_pipe(mark, content):
    os.mkfifo(mark, 0o600)


def mark_is_a_link(mark, content):
    target = mark.parent.parent / "elsewhere"
    target.write_bytes(content)
    target.chmod(0o600)
    mark.symlink_to(target)


def mark_is_a_second_name(mark, content):
    mark.write_bytes(content)
    mark.chmod(0o600)
    os.link(mark, mark.parent.parent / "other-name")


def mark_is_open_to_others(mark, content):
    mark.write_bytes(content)
    mark.chmod(0o644)


def mark_is_of_another_computer(mark, content):
    *lines, _ = content.splitlines(keepends=True)
    mark.write_bytes(b"".join(lines) + b"elsewhere\n")
    mark.chmod(0o600)


def mark_is_gone(mark, content):
    pass


@pytest.mark.parametrize(
    "change",
    [renamed, copied, opened_to_others]
    + [
        with_mark(change)
        for change in (
            mark_is_a_pipe, mark_is_a_link, mark_is_a_second_name, mark_is_open_to_others,
            mark_is_of_another_computer, mark_is_gone,
        )
    ],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_a_folder_that_is_not_proven_ours_stays(temporary, change):
    folder = change(orphan(temporary))
    sweep(temporary)
    remove_orphan(folder)
    assert (folder / "pixels" / "a.npy").exists()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_stays(temporary):
    folder = orphan(temporary)
    os.chown(folder, 12345, 12345)
    sweep(temporary)
    assert (folder / "pixels" / "a.npy").exists()


def test_the_mark_alone_decides_and_the_orphan_goes(temporary):
    folder = orphan(temporary)
    remove_orphan(folder)
    assert not folder.exists()


def test_an_owner_killed_while_it_made_its_folder_leaves_nothing_for_long(temporary):
    (temporary / "readingroom-0123456789abcdef").mkdir(mode=0o700)
    begun = temporary / "readingroom-fedcba9876543210"
    begun.mkdir(mode=0o700)
    (begun / ".readingroom-owner").touch(0o600)
    sweep(temporary)
    assert not list(temporary.iterdir())


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
