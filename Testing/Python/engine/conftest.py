"""A client whose worker knows the calls in ``worker_calls.py``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from readingroom.engine.client import InProcessClient, WorkerClient

CALLS = "worker_calls:CALLS"
PATIENCE = 20.0  # seconds until a condition that must come true counts as missed


@pytest.fixture(autouse=True)
def _importable_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both this process and the worker find ``worker_calls``."""
    here = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")])))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the system for this test alone, empty."""
    root = tmp_path / "tmp"
    root.mkdir()
    monkeypatch.setenv("TMPDIR", str(root))
    monkeypatch.setattr("tempfile.tempdir", str(root))
    return root


@pytest.fixture
def client(temporary: Path) -> Iterator[WorkerClient]:
    client = WorkerClient(calls=CALLS)
    yield client
    client.stop()


@pytest.fixture(params=["worker", "in process"])
def any_client(request: pytest.FixtureRequest, temporary: Path) -> Iterator[WorkerClient | InProcessClient]:
    client = WorkerClient(calls=CALLS) if request.param == "worker" else InProcessClient(calls=CALLS)
    yield client
    client.stop()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition comes true."""

    def wait(condition: Callable[[], object]) -> None:
        stop = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < stop, "it never came true"
            time.sleep(0.01)

    return wait


@pytest.fixture
def running() -> Callable[[], list[psutil.Process]]:
    """The descendants of this process, those of a worker that still lives included."""

    def descendants() -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)

    return descendants
