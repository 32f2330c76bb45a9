"""Small images and masks made by formula, so that other programs can make the same ones."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
import SimpleITK

from readingroom.radiomics.features import Features
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings

SPACING = (0.8, 1.1, 2.5)  # mm, x, y, z
TURNED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def place(values: np.ndarray) -> SimpleITK.Image:
    """The array ``[k, j, i]`` in an oblique place with unequal spacings."""
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing(SPACING)
    image.SetOrigin((-31.0, 12.5, 7.0))
    image.SetDirection(TURNED)
    return image


def waves(kind: type = np.int16) -> SimpleITK.Image:
    """14 x 20 x 24 voxels of rippled gray values between -120 and 170."""
    k, j, i = np.meshgrid(np.arange(14), np.arange(20), np.arange(24), indexing="ij")
    values = 90 * np.sin(0.7 * i + 0.3 * j * j / 4) + 50 * np.cos(0.9 * k * j / 5) + 30 * np.sin(i * j * (k + 1) / 3)
    return place((np.round(values) if np.issubdtype(kind, np.integer) else values).astype(kind))


def egg(label: int = 1) -> SimpleITK.Image:
    """An ellipsoid with a hole, a bay, and an island that touches the image's edge."""
    k, j, i = np.meshgrid(np.arange(14), np.arange(20), np.arange(24), indexing="ij")
    mask = ((k - 6) / 5.2) ** 2 + ((j - 9) / 8.1) ** 2 + ((i - 11) / 9.3) ** 2 <= 1
    mask &= ~((k - 6) ** 2 + (j - 8) ** 2 + (i - 9) ** 2 <= 5)
    mask &= ~((j > 12) & (i > 12) & (i < 16))
    mask[0:2, 0:3, 22:24] = True
    return place(np.where(mask, label, 0).astype(np.uint8))


def one_slice() -> SimpleITK.Image:
    """The egg's middle slice alone."""
    values = SimpleITK.GetArrayFromImage(egg())
    values[:6] = 0
    values[7:] = 0
    return place(values)


CASES: dict[str, Callable[[], tuple[SimpleITK.Image, SimpleITK.Image]]] = {
    "egg": lambda: (waves(), egg()),
    "egg in single precision": lambda: (waves(np.float32), egg()),
    "egg in one slice": lambda: (waves(), one_slice()),
}


def differences(found: Mapping[str, float], expected: Mapping[str, float], relative: float = 1e-6) -> dict[str, Any]:
    """Features that are missing or differ by more than ``relative``."""
    return {
        name: (found.get(name), value)
        for name, value in expected.items()
        if not (name in found and _alike(found[name], value, relative, _noise(name)))
    }


def _alike(found: float, expected: float, relative: float, noise: float) -> bool:
    return (math.isnan(found) and math.isnan(expected)) or math.isclose(
        found, expected, rel_tol=relative, abs_tol=noise
    )


def _noise(name: str) -> float:
    """What PyRadiomics itself gives, by rounding, for features that are zero by their definition."""
    feature = name.rsplit("_", 1)[-1]
    if feature in ("LeastAxisLength", "MinorAxisLength"):  # mm, the square root of a rounding error
        return 1e-6
    if feature in ("Elongation", "Flatness", "MCC", "Imc2"):  # square roots as well
        return 1e-7
    return 1e-12


@pytest.fixture
def measured_case() -> Callable[[str, Settings], Features]:
    """Measures a case of that name."""
    return lambda case, settings: measure(*CASES[case](), settings)


@pytest.fixture
def an_image() -> SimpleITK.Image:
    """Rippled gray values, 14 x 20 x 24 voxels."""
    return waves()


@pytest.fixture
def a_mask() -> SimpleITK.Image:
    """A region in it, label 1."""
    return egg()


@pytest.fixture
def like_image() -> Callable[[np.ndarray], SimpleITK.Image]:
    """Puts an array ``[k, j, i]`` on the grid of `an_image`."""
    return place


@pytest.fixture
def differing() -> Callable[..., dict[str, Any]]:
    """Names the features that differ between two tables."""
    return differences


@pytest.fixture
def processes_that_die() -> Iterator[ProcessPoolExecutor]:
    """An executor each of whose processes ends before it has done anything."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=os._exit, initargs=(1,)) as executor:
        yield executor
