import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("kill_and_resume.py")


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """What became of trainings that were killed, by the moment."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork a process to kill")
    folder = tmp_path_factory.mktemp("killed")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "READINGROOM_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, PROGRAM, folder], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_training_killed_at_any_moment_ends_with_the_same_weights(resumed):
    assert len(resumed) == 13
    assert all(moment["killed"] for moment in resumed)
    assert [moment["moment"] for moment in resumed if not moment["same"]] == []


def test_this_holds_for_a_training_that_stops_early_too(resumed):
    stopped = [moment for moment in resumed if moment["moment"].startswith("early stop")]
    assert all(moment["epochs"] < 9 and moment["best"] == moment["epochs"] - 4 for moment in stopped)
