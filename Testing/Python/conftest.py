"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

import host

# Before anybody imports PySide6, be it to see whether it is there.
os.environ.update(host.ENVIRONMENT)
# Where tests run in one process for each core, each of them and what it starts keeps to its core; said before torch and
# numpy are imported, since they ask once.
if "PYTEST_XDIST_WORKER" in os.environ:
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(threads, "1")

REPOSITORY = Path(__file__).resolve().parents[2]
_NOT_PRODUCT = {"Testing", ".venv", ".git"}


_made_for_fixtures: list[list[Path]] = []  # that are being made, of which one may ask for another


def pytest_sessionstart(session: pytest.Session) -> None:
    """From now on it is noted for which fixture a folder is made."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    make = factory.mktemp

    def mktemp(basename: str, numbered: bool = True) -> Path:
        folder: Path = make(basename, numbered)
        if _made_for_fixtures:
            _made_for_fixtures[-1].append(folder)
        return folder

    factory.mktemp = mktemp


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Any:
    """Folders that are made for a module go with it, not with the run: all together come to gigabytes.

    After a failure they stay, as pytest keeps those of single tests.
    """
    folders: list[Path] = []

    def remove() -> None:
        if not request.session.testsfailed:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)

    if fixturedef.scope == "module":
        fixturedef.addfinalizer(remove)  # before the fixture's own, so that it comes after them
    _made_for_fixtures.append(folders)
    try:
        return (yield)
    finally:
        _made_for_fixtures.pop()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real images and oracles that lies beside the checkout; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the folder 'shared' with real images and oracles is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def a_slicer_host() -> Any:
    """The running stand-in for Slicer; `import slicer, qt, ctk` works from here on."""
    pytest.importorskip("slicer", reason="needs the extra [host]: real MRML, VTK and Qt")
    pytest.importorskip("PySide6", reason="needs the extra [host]: real MRML, VTK and Qt")
    host.start()
    _guard_product()
    return host


@pytest.fixture(scope="session", autouse=True)
def reads_of_commands_in_this_process() -> Iterator[None]:
    """A worker process imports PyTorch anew, which takes seconds. Tests of the process start the command in one."""
    from readingroom.commands import read
    from readingroom.engine.client import InProcessClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "WorkerClient", InProcessClient)
        yield


@pytest.fixture(scope="session", autouse=True)
def the_whole_curves() -> Iterator[dict[str, Any]]:
    """Deletion curves of this process take three forward passes or five in place of up to 21; gives what they were.

    What the curve itself does is tested in explain.
    """
    removed = {
        "chest_xray": (0.0, 0.1, 0.4), "mammo_screen_answer": (0.0, 0.2), "pasc_fibrosis": (0.0, 0.2),
        "liver_hcc": (0.0, 0.2),
    }  # fmt: skip
    whole = {}
    with pytest.MonkeyPatch.context() as patch:
        for module, shares in removed.items():
            for name, value in ((f"{module}._REMOVED", shares), (f"{module}._REPEATS", 1)):
                whole[f"readingroom.readers.{name}"] = resolve_name(f"readingroom.readers.{name}")
                patch.setattr(f"readingroom.readers.{name}", value)
        yield whole


@pytest.fixture(scope="session", autouse=True)
def a_guard_where_the_host_runs_already() -> None:
    """Some folders start the host when they are collected; their panels are held against Slicer's list as well."""
    started = sys.modules.get("host")
    if started is not None and started.is_running():
        _guard_product()


def _guard_product() -> None:
    """What the product asks of Qt objects while tests run has to be there in Slicer."""
    from host import api

    listing = REPOSITORY.parent / "shared" / "reference" / "slicer_api.json"
    if listing.is_file():
        folders = [f for f in REPOSITORY.iterdir() if f.is_dir() and f.name not in _NOT_PRODUCT]
        api.guard(api.Listing(listing), folders)


@pytest.fixture(scope="session")
def a_toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for the reader of `toy_reader.py`: one number."""
    import numpy

    from readingroom.bundles import store, write
    from readingroom.bundles.metadata import Label

    shipped = store.find("cxr-nih-pneumonia").metadata
    metadata = replace(
        shipped, name="toy-density", title="Toy density", reader="toy-density", task="density",
        labels=(Label("dense", "Dense"),), multilabel=True, training=replace(shipped.training, counts={}),
        calibration=None, operating_points=(), default_operating_point="", conformal=None, feature_statistics=None,
        demonstration=True,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("bundles") / "toy-density"
    weight = numpy.array([0.5], numpy.float32)
    return write.write(folder, metadata, {"weight": weight}, card="# Toy", license_text="None").folder


@pytest.fixture
def an_empty_scene(a_slicer_host: Any) -> Iterator[Any]:
    """The scene as after start, fresh settings, no module loaded; fails a test whose slots raised unnoticed."""
    a_slicer_host.reset()
    import slicer

    yield slicer.mrmlScene
    errors = a_slicer_host.slot_errors()
    a_slicer_host.reset()
    assert not errors, f"a slot raised {errors[0]!r}: Slicer would only print it"
