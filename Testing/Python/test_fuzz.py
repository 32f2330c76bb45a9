"""A few inputs of each fuzz driver, and a few kills; ``make fuzz`` goes on for an hour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INPUTS = {"dicom": 100, "pictures": 100, "volumes": 100, "bundles": 120, "zips": 80, "tables": 120, "lines": 80}
KILLS = {"cohort": 20, "install": 15, "read": 3}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the drivers ask Linux what an input cost")


@pytest.mark.parametrize(("driver", "count"), [*INPUTS.items(), *KILLS.items()])
def test_damaged_inputs_are_read_or_refused_and_kills_leave_one_patient_or_none(driver, count):
    path = os.pathsep.join(str(ROOT / part) for part in ("Common", "Testing"))
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "--only", driver, "--count", str(count)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert f"--count {count}` | {count} |" in done.stdout
