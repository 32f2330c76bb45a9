"""Only regular files are opened, whoever asks, and nothing is waited for."""

import ast
import os
import socket
import sys
from pathlib import Path

import pytest

from readingroom.bundles import store
from readingroom.csv_table import read_csv
from readingroom.errors import InputError, ReadingRoomError
from readingroom.imaging.file_kind import first_bytes
from readingroom.imaging.open import open_image
from readingroom.imaging.volume import load_volume
from readingroom.learning.cohorts.fingerprint import content_key
from readingroom.learning.protocols.training_protocol import read_protocol
from readingroom.radiomics.files import open_files
from readingroom.radiomics.parameter_file import read_parameters
from readingroom.regular_file import open_regular, read_regular

PACKAGE = Path(__file__).parents[2] / "Common" / "readingroom"

# What is read by other means: our own caches, runs and settings, files of the package, and downloads in the making.
OWN_FILES = {
    "regular_file.py", "staging.py", "owned_folder.py",
    "bundles/download.py", "desktop/reading_node.py", "desktop/setup.py",
    "engine/private_folder.py", "engine/process_tree.py", "engine/worker.py", "learning/cohorts/hashes.py",
    "learning/reporting/checklist/__init__.py", "learning/reporting/page.py", "learning/training/feature_cache.py",
    "learning/training/loop/run_folder.py", "phantoms/planted_cohort.py", "radiomics/cohort.py",
    "radiomics/wavelet.py", "reports/html.py", "trust/chest_likeness.py", "trust/chest_template.py",
}  # fmt: skip


def named_pipe(folder):
    os.mkfifo(folder / "pipe.nrrd")
    return folder / "pipe.nrrd"


def link_to_pipe(folder):
    (folder / "link.nrrd").symlink_to(named_pipe(folder))
    return folder / "link.nrrd"


def device(folder):
    return Path("/dev/zero")


def listening_socket(folder):
    path = folder / "s.nrrd"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    return path


OTHERS = {"a named pipe": named_pipe, "named pipe": link_to_pipe, "a device": device, "a socket": listening_socket}
without_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files in folders")


@without_windows
@pytest.mark.parametrize("words", OTHERS)
@pytest.mark.parametrize(
    "opens",
    [
        lambda path: open_image(path, "frontal"), load_volume, lambda path: open_files(path, path), read_csv,
        read_parameters, read_protocol, content_key, store.install,
    ],
    ids=["image", "volume", "measured image", "table", "parameters", "protocol", "hash", "bundle"],
)  # fmt: skip
def test_what_is_no_regular_file_is_named_and_never_waited_for(tmp_path, monkeypatch, opens, words):
    monkeypatch.setenv("READINGROOM_BUNDLES", str(tmp_path / "store"))
    with pytest.raises(ReadingRoomError, match=words):
        opens(OTHERS[words](tmp_path))


def test_a_regular_file_and_a_link_to_it_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "a") == read_regular(tmp_path / "b", 5) == b"12345"


def test_a_link_is_not_followed_where_it_may_lead_out(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="it is a link"):
        open_regular(tmp_path / "b", follow=False)


def test_a_file_above_the_limit_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(OSError, match="more than"):
        read_regular(tmp_path / "a", 4)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gone", "'gone' does not exist."),
        ("", "is a folder; a file was expected."),
        ("x" * 5000, "cannot be read"),
        ("zero\0byte", "holds a character that no file name can have"),
        ("half\ud800pair", "holds a character that no file name can have"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(tmp_path, name, sentence):
    with pytest.raises(InputError, match=sentence):
        first_bytes(tmp_path / name)


@without_windows
def test_a_path_that_becomes_a_pipe_after_it_was_looked_at_is_still_refused(tmp_path, monkeypatch):
    pipe, facts = named_pipe(tmp_path), Path(__file__).stat()
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", lambda *_, **__: facts)
        with pytest.raises(OSError, match="named pipe"):
            open_regular(pipe)


def test_no_other_code_opens_files_that_come_from_elsewhere():
    opening = {"read_bytes", "read_text", "open"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            owner = getattr(getattr(call.func, "value", None), "id", "")
            writes = {arg.value for arg in call.args if isinstance(arg, ast.Constant)} & {"wb", "xb", "ab", "a", "r+b"}
            nothing = any(isinstance(arg, ast.Attribute) and arg.attr == "devnull" for arg in call.args)
            if (
                name in opening
                and not nothing
                and not writes
                and owner not in ("gzip", "Image", "opened", "opener", "Pillow")
            ):
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found <= OWN_FILES
