"""Histogram equalization and blur, against OpenCV's own results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from readingroom.imaging.equalize import blur_5x5, equalize_histogram


def formula() -> np.ndarray:
    r, c = np.mgrid[:8, :8]
    return ((7 * r**2 + 13 * c + 5 * r * c) % 256).astype(np.uint8)


# OpenCV 4 on `formula()`
EQUALIZED_FIRST_ROW = [0, 12, 28, 45, 61, 77, 93, 117]
BLURRED_FIRST_ROW = [21, 29, 47, 68, 90, 110, 127, 133]


def test_equalizes_as_opencv_does() -> None:
    assert equalize_histogram(formula())[0].tolist() == EQUALIZED_FIRST_ROW


def test_blurs_the_equalized_picture_as_opencv_does() -> None:
    assert blur_5x5(equalize_histogram(formula()))[0].tolist() == BLURRED_FIRST_ROW


def test_every_pixel_is_that_of_the_oracle(shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "preprocess" / "preprocess.json").read_text())["cxr"]
    picture = np.array(oracle["input"], dtype=np.uint8)
    assert np.array_equal(equalize_histogram(picture), oracle["cv2_equalizeHist"])
    assert np.array_equal(blur_5x5(equalize_histogram(picture)), oracle["cv2_GaussianBlur5x5_sigma0"])


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_opencv_on_any_picture(seed: int) -> None:
    cv2 = pytest.importorskip("cv2", reason="compares with OpenCV")
    generator = np.random.default_rng(seed)
    level, spread = generator.uniform(0, 255), generator.uniform(1, 90)
    shape = tuple(generator.integers(5, 200, 2))
    picture = generator.normal(level, spread, shape).clip(0, 255).astype(np.uint8)
    assert np.array_equal(equalize_histogram(picture), cv2.equalizeHist(picture))
    assert np.array_equal(blur_5x5(picture), cv2.GaussianBlur(picture, (5, 5), 0))


def test_a_picture_of_one_gray_level_stays_as_it_is() -> None:
    flat = np.full((4, 5), 77, dtype=np.uint8)
    assert np.array_equal(equalize_histogram(flat), flat)


def test_blur_keeps_a_flat_picture_flat() -> None:
    flat = np.full((6, 5), 200, dtype=np.uint8)
    assert np.array_equal(blur_5x5(flat), flat)
