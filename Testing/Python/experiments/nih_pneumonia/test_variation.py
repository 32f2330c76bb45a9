"""Small changes of a film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.nih_pneumonia.variation import Variation, vary

STILL = Variation(degrees=0, stretch=0, shift=0, exposure=0, brightness=0)


def a_spot(j: int = 60, i: int = 80) -> np.ndarray:
    film = np.zeros((120, 160), dtype=np.float32)
    film[j - 5 : j + 6, i - 5 : i + 6] = 1
    return film


def center(film: np.ndarray) -> np.ndarray:
    j, i = np.mgrid[: film.shape[0], : film.shape[1]]
    return np.array([(film * j).sum(), (film * i).sum()]) / film.sum()


def test_no_change_gives_the_film_back() -> None:
    film = np.random.default_rng(0).random((50, 70)).astype(np.float32)
    assert np.allclose(vary(film, STILL, np.random.default_rng(1)), film, atol=1e-5)


def test_the_generator_decides_the_variant() -> None:
    first, again, other = (vary(a_spot(), Variation(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(5))
def test_stays_a_picture_of_the_same_size_and_range(seed: int) -> None:
    strong = Variation(degrees=20, stretch=0.3, shift=0.2, exposure=0.5, brightness=0.3)
    film = vary(np.random.default_rng(0).random((50, 70)).astype(np.float32), strong, np.random.default_rng(seed))
    assert film.shape == (50, 70)
    assert film.dtype == np.float32
    assert film.min() >= 0
    assert film.max() <= 1


def test_turning_and_stretching_leave_the_center_in_place() -> None:
    changed = vary(a_spot(), replace(STILL, degrees=20, stretch=0.2), np.random.default_rng(4))
    assert center(changed) == pytest.approx([60, 80], abs=0.6)


def test_shifts_by_parts_of_the_picture() -> None:
    moves = [center(vary(a_spot(), replace(STILL, shift=0.05), np.random.default_rng(s))) - [60, 80] for s in range(60)]
    assert np.std(moves, axis=0) == pytest.approx([0.05 * 120, 0.05 * 160], rel=0.35)


def test_never_mirrors() -> None:
    left = np.zeros((100, 100), dtype=np.float32)
    left[30:70, 10:30] = 1
    assert all(center(vary(left, Variation(), np.random.default_rng(seed)))[1] < 40 for seed in range(50))
