"""The stores: listing, finding, installing and removing bundles, with nothing ever half-installed."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from readingroom.bundles import paths, store
from readingroom.errors import BundleError, OutputError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A user of their own, and no shipped bundles."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(store, "shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "home"


@pytest.fixture
def ship(tmp_path, a_bundle):
    """Make `a_bundle` a shipped one."""

    def ship_it() -> Path:
        return Path(shutil.copytree(a_bundle.folder, tmp_path / "shipped" / a_bundle.metadata.name))

    return ship_it


def _zip(folder: Path, to: Path, top: str = "") -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, top + path.relative_to(folder).as_posix())
    return to


def _left(home: Path) -> list[str]:
    """What lies in the store, hidden leftovers included."""
    return sorted(path.name for path in (home / "bundles").iterdir()) if (home / "bundles").is_dir() else []


def test_an_installed_folder_is_listed_and_found(a_bundle, home):
    there = store.install(a_bundle.folder)
    assert there.folder == home / "bundles" / "cxr-test"
    assert store.find("cxr-test") == there
    (entry,) = store.installed()
    assert (entry.name, entry.shipped, entry.bundle, entry.problem) == ("cxr-test", False, there, "")
    assert _left(home) == ["cxr-test"]


@pytest.mark.parametrize("top", ["", "cxr-test/", "cxr-test-1.2.0/"])
def test_a_zip_installs_flat_or_with_one_top_folder(a_bundle, tmp_path, home, top):
    there = store.install(_zip(a_bundle.folder, tmp_path / "download.zip", top))
    assert there.sha256 == a_bundle.sha256
    assert _left(home) == ["cxr-test"]


def test_installing_again_changes_nothing(a_bundle, home):
    store.install(a_bundle.folder)
    before = (home / "bundles" / "cxr-test").stat()
    store.install(a_bundle.folder)
    assert (home / "bundles" / "cxr-test").stat() == before


def test_other_content_under_the_same_name_needs_a_word(a_bundle, write_bundle, a_metadata, tmp_path):
    store.install(a_bundle.folder)
    newer = write_bundle(tmp_path / "newer", dataclasses.replace(a_metadata, version="2.0.0"))
    with pytest.raises(BundleError, match=r"already installed as version 1\.2\.0.*this version 2\.0\.0"):
        store.install(newer.folder)
    assert store.find("cxr-test").metadata.version == "1.2.0"
    store.install(newer.folder, replace=True)
    assert store.find("cxr-test").metadata.version == "2.0.0"


def test_a_damaged_copy_can_be_replaced(a_bundle):
    there = store.install(a_bundle.folder)
    (there.folder / paths.CARD).write_text("damaged")
    with pytest.raises(BundleError, match="damaged copy"):
        store.install(a_bundle.folder)
    assert store.install(a_bundle.folder, replace=True).sha256 == a_bundle.sha256


def test_a_shipped_bundle_is_listed_found_and_kept(ship):
    ship()
    assert [(entry.name, entry.shipped) for entry in store.installed()] == [("cxr-test", True)]
    assert store.find("cxr-test").metadata.name == "cxr-test"
    with pytest.raises(BundleError, match=r"ships with ReadingRoom and cannot be removed\."):
        store.remove("cxr-test")


def test_installing_what_ships_already_changes_nothing(ship, a_bundle, home):
    shipped = ship()
    assert store.install(a_bundle.folder).folder == shipped
    assert _left(home) == []


def test_removing_leaves_nothing(a_bundle, home):
    store.install(a_bundle.folder)
    store.remove("cxr-test")
    assert store.installed() == []
    assert _left(home) == []


@pytest.mark.parametrize("name", ["nothing", "../shipped", "", ".", ".."])
def test_removing_what_is_not_there_is_refused(a_bundle, home, name):
    store.install(a_bundle.folder)
    with pytest.raises(BundleError, match="no installed bundle"):
        store.remove(name)
    assert _left(home) == ["cxr-test"]


def test_a_damaged_bundle_is_listed_with_its_problem_and_can_be_removed(a_bundle, write_bundle, a_metadata, tmp_path):
    store.install(a_bundle.folder)
    other = store.install(write_bundle(tmp_path / "other", dataclasses.replace(a_metadata, name="other")).folder)
    (other.folder / paths.CARD).write_text("damaged")
    whole, damaged = store.installed()
    assert whole.problem == ""
    assert damaged.bundle is None
    assert "docs/README.md" in damaged.problem
    store.remove("other")
    assert [entry.name for entry in store.installed()] == ["cxr-test"]


def test_a_bundle_under_a_wrong_folder_name_is_listed_with_its_problem(a_bundle):
    there = store.install(a_bundle.folder)
    there.folder.rename(there.folder.with_name("renamed"))
    (entry,) = store.installed()
    assert "give it the bundle's name" in entry.problem


def test_finding_by_path_loads_that_folder(a_bundle):
    assert store.find(a_bundle.folder) == a_bundle
    assert store.find(str(a_bundle.folder)) == a_bundle


def test_a_path_in_the_working_folder_is_no_name(a_bundle, monkeypatch):
    store.install(a_bundle.folder)
    monkeypatch.chdir(a_bundle.folder.parent)
    assert store.find(f"./{a_bundle.folder.name}").folder == Path(a_bundle.folder.name)
    with pytest.raises(BundleError, match="no bundle folder"):
        store.find("./nobody")
    with pytest.raises(BundleError, match="no bundle named ''"):
        store.find("")


def test_finding_an_unknown_name_says_what_there_is(a_bundle):
    with pytest.raises(BundleError, match=r"No bundle is installed\."):
        store.find("unknown")
    store.install(a_bundle.folder)
    with pytest.raises(BundleError, match=r"no bundle named 'unknown'. Installed are: cxr-test\."):
        store.find("unknown")


def test_a_missing_source_is_refused(tmp_path):
    with pytest.raises(BundleError, match="no file or folder"):
        store.install(tmp_path / "nothing.zip")


def test_a_damaged_source_installs_nothing(a_bundle, home, tmp_path):
    (a_bundle.folder / paths.WEIGHTS).write_bytes(b"")
    for source in (a_bundle.folder, _zip(a_bundle.folder, tmp_path / "x.zip")):
        with pytest.raises(BundleError, match=r"model\.safetensors"):
            store.install(source)
    assert _left(home) == []


def test_a_file_in_place_of_the_store_is_an_output_error(a_bundle, home, tmp_path):
    home.write_text("")
    for source in (a_bundle.folder, _zip(a_bundle.folder, tmp_path / "x.zip")):
        with pytest.raises(OutputError, match="Cannot write"):
            store.install(source)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
@pytest.mark.parametrize("zipped", [False, True])
def test_a_full_disk_is_an_output_error_and_nothing_is_half_installed(a_bundle, home, tmp_path, zipped):
    source = _zip(a_bundle.folder, tmp_path / "x.zip") if zipped else a_bundle.folder
    # A process that may write no file above 1 KB meets the same kind of OSError as one on a full disk.
    script = (
        "import resource, signal, sys; from readingroom.bundles import store; from readingroom.errors import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        f"try: store.install({str(source)!r})\n"
        "except OutputError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert "Cannot write" in done.stdout
    assert "file too large" in done.stdout
    assert _left(home) == []


def test_a_really_full_disk_keeps_the_earlier_version(a_bundle, write_bundle, a_metadata, home, tmp_path):
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(home)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk can be made by the administrator only")
    try:
        store.install(a_bundle.folder)
        newer = write_bundle(tmp_path / "newer", dataclasses.replace(a_metadata, version="2.0.0"), card="x" * 100_000)
        with pytest.raises(OutputError, match="no space left"):
            store.install(newer.folder, replace=True)
        assert store.find("cxr-test").metadata.version == "1.2.0"
        assert _left(home) == ["cxr-test"]
    finally:
        subprocess.run(["umount", str(home)], check=True)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/ReadingRoom/bundles"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/reader/.local/share/ReadingRoom/bundles"),
        ("linux", {}, "/home/reader/.local/share/ReadingRoom/bundles"),
        ("darwin", {}, "/home/reader/Library/Application Support/ReadingRoom/bundles"),
        ("win32", {"LOCALAPPDATA": "/users/reader/local"}, "/users/reader/local/ReadingRoom/bundles"),
        ("win32", {}, "/home/reader/AppData/Local/ReadingRoom/bundles"),
        ("win32", {"READINGROOM_HOME": "/elsewhere"}, "/elsewhere/bundles"),
    ],
)
def test_user_folder_is_where_the_platform_keeps_user_data(monkeypatch, platform, variables, expected):
    for name in ("READINGROOM_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/reader"))
    monkeypatch.setattr(sys, "platform", platform)
    assert store.user_folder().as_posix() == expected


def test_a_folder_in_the_store_that_never_was_a_bundle_stays(a_bundle, home):
    other = store.user_folder() / a_bundle.metadata.name
    other.mkdir(parents=True)
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(BundleError, match="is no bundle and is not removed"):
        store.remove(other.name)
    with pytest.raises(OutputError, match="holds something that is no bundle"):
        store.install(a_bundle.folder, replace=True)
    assert (other / "thesis.txt").read_text() == "mine"
