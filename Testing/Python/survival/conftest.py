"""The oracles of survival: computed with pycox, scikit-survival, torchsurv and R, and stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def oracle(shared: Path) -> Callable[[str], Any]:
    """The oracle of that name, below ``survival/``."""
    return lambda name: json.loads((shared / "oracles" / "survival" / name).read_text("utf-8"))


@pytest.fixture(scope="session")
def ten(oracle: Callable[[str], Any]) -> Any:
    """Ten patients with tied times and a crossing curve, their predictions, and what others make of them."""
    stored = oracle("concordance.json")
    return SimpleNamespace(
        time=np.array(stored["durations_months"]),
        event=np.array(stored["events"]),
        incidence=1 - np.array(stored["surv"]).T,
        months=np.array(stored["times"]),
        train=(stored["train_durations"], stored["train_events"]),
        stored=stored,
    )
