"""A few inputs of each fuzz driver, and a few kills; ``make fuzz`` goes on for an hour."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fuzz import images, tables
from fuzz.bundles import ZIPS
from fuzz.guarded import guarded
from readingroom.errors import InputError

ROOT = Path(__file__).parents[2]
# Drivers that share a process, since each takes seconds to import what it tries, and how many inputs of each.
DRIVERS = [("dicom pictures volumes", 40), ("bundles zips tables lines", 50), ("cohort install", 10), ("read", 1)]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the drivers ask Linux what an input cost")


@pytest.mark.parametrize(("drivers", "count"), DRIVERS)
def test_damaged_inputs_are_read_or_refused_and_kills_leave_one_patient_or_none(drivers, count):
    path = os.pathsep.join(str(ROOT / part) for part in ("Common", "Testing"))
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "--only", *drivers.split(), "--count", str(count)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert done.stdout.count(f"--count {count}` | {count} |") == len(drivers.split())


def _refuse() -> None:
    raise InputError("No.")


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "kind", "said"),
    [
        (lambda: None, "read", ""),
        (_refuse, "refused", "No."),
        (lambda: 1 / 0, "exception", "ZeroDivisionError"),
        (_crash, "signal", "SIGKILL"),
        (lambda: time.sleep(60), "hang", "killed after 1 s"),
        (lambda: bytes(range(256)) * 2**20, "memory", "MB"),
    ],
)
def test_the_guard_tells_how_the_work_ended(work, kind, said):
    outcome = guarded(work, seconds=0.2 if kind == "hang" else 30, most=64 * 2**20)
    assert outcome.kind == kind
    assert said in outcome.said
    assert outcome.held == (kind in ("read", "refused"))


@pytest.mark.parametrize("made", [ZIPS.case, images.DICOM.case, tables.TABLES.case])
def test_the_same_number_makes_the_same_input(tmp_path, made):
    contents = []
    for place in ("once", "again"):
        (tmp_path / place).mkdir()
        made(random.Random(7), tmp_path / place)
        (file,) = (tmp_path / place).iterdir()
        contents.append((file.name, file.read_bytes()))
    assert contents[0] == contents[1]
