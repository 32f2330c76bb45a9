"""A file is there whole or not at all."""

import os
import stat
import sys

import pytest

from readingroom.errors import OutputError
from readingroom.files import atomic_write, make_folder, write_bytes, write_text


def test_a_file_is_written_and_nothing_else_is_left(tmp_path):
    write_bytes(tmp_path / "a.txt", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_what_fails_halfway_leaves_the_earlier_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")

    def fail_halfway() -> None:
        with atomic_write(tmp_path / "a.txt") as temporary:
            temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(OutputError, match=r"Cannot write a\.txt"):
        write_bytes(tmp_path / "nowhere" / "a.txt", b"x")


def test_a_file_with_the_folders_name_is_said(tmp_path):
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(OutputError, match="Cannot write out"):
        make_folder(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_others_may_read_as_the_users_umask_says(tmp_path):
    earlier = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a.txt", b"x")
    finally:
        os.umask(earlier)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such devices")
def test_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="it is no file"):
        write_text(pipe, "text")
    assert pipe.is_fifo()
