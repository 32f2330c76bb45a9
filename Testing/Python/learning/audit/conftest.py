"""Cohorts of small pictures in which one thing is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.hashes import Fingerprints, fingerprints


@pytest.fixture(scope="module", autouse=True)
def a_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fingerprints of tests are kept in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def clouds(seed: int, size: int = 48) -> np.ndarray:
    """A picture (size, size), 8 bits, like no other."""
    gray = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 4)
    return (40 + 150 * (gray - gray.min()) / np.ptp(gray)).round().astype(np.uint8)


def saved(folder: Path, number: int, pixels: np.ndarray | None = None) -> Path:
    path = folder / f"{number}.png"
    Image.fromarray(clouds(number) if pixels is None else pixels).save(path)
    return path


@pytest.fixture
def a_picture(tmp_path: Path) -> Callable[..., Path]:
    """Saves a picture of clouds, or these pixels, under a number."""
    return lambda number, pixels=None: saved(tmp_path, number, pixels)


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """60 studies of 30 patients, classes x and y, nothing to learn."""
    generator = np.random.default_rng(11)
    return [
        Row(
            f"P{patient}",
            f"S{2 * patient + k}",
            {"frontal": saved(tmp_path, 2 * patient + k)},
            "xy"[patient % 2],
            site="north",
            age=float(generator.integers(20, 90)),
        )
        for patient in range(30)
        for k in range(2)
    ]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Cohort], Fingerprints]:
    """Fingerprints of a cohort."""
    return lambda cohort: fingerprints([row.image for row in cohort.rows], tmp_path / "cache")
