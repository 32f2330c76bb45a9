"""Distances between samples of pictures, against closed forms and reference implementations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from readingroom.metrics.sample_distances import closer_than, frechet_distance, kernel_distance, nearest


@pytest.fixture(scope="module")
def oracle(shared: Path) -> dict:
    return json.loads((shared / "oracles" / "fid" / "fid.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def gauss(shared: Path) -> list[np.ndarray]:
    with np.load(shared / "oracles" / "fid" / "features_gauss.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


def with_moments(mean: list[float], covariance: list[list[float]], n: int = 400) -> np.ndarray:
    """Rows whose mean and covariance are exactly these."""
    rows = np.random.default_rng(0).normal(size=(n, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return rows @ np.linalg.cholesky(np.array(covariance)).T + np.array(mean)


def test_frechet_has_the_closed_form_of_two_normal_distributions(oracle: dict) -> None:
    said = oracle["diag_closed_form"]
    one, other = (with_moments(said[f"mu{n}"], said[f"sigma{n}"]) for n in (1, 2))
    assert frechet_distance(one, other) == pytest.approx(7.0, abs=1e-9)


def test_frechet_and_kernel_distance_are_those_of_the_reference_implementations(
    oracle: dict, gauss: list[np.ndarray]
) -> None:
    one, other = gauss
    assert frechet_distance(one, other) == pytest.approx(oracle["gauss"]["pytorch_fid"], abs=1e-6)
    found = kernel_distance(one, other, resamples=50)
    assert found.value == pytest.approx(oracle["gauss"]["kid_full_unbiased"], abs=1e-6)
    assert found.interval is not None
    assert found.interval.low < found.value < found.interval.high


def test_frechet_of_features_that_depend_on_each_other_is_that_of_the_reference(oracle: dict) -> None:
    i, j = np.arange(40)[:, None], np.arange(6)
    one, other = np.sin(0.9 * i + 1.3 * j) + 0.1 * j, 1.2 * np.cos(0.5 * i + 0.8 * j) + 0.05 * j + 0.3
    assert frechet_distance(one, other) == pytest.approx(oracle["features"]["pytorch_fid"], abs=1e-5)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)


def test_frechet_of_one_distribution_is_far_from_0_when_there_are_few_rows(oracle: dict) -> None:
    said = oracle["same_distribution_fid_vs_n_d64"]
    for n in (50, 231):
        drawn = np.random.default_rng(n).normal(size=(2, n, 64))
        assert frechet_distance(*drawn) == pytest.approx(said[str(n)], rel=0.1)


def test_the_kernel_distance_of_one_distribution_is_0_on_average_however_few_rows() -> None:
    random = np.random.default_rng(3)
    found = [kernel_distance(*random.normal(size=(2, 12, 8)), resamples=0).value for _ in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))


def test_pictures_of_one_patient_do_not_make_a_sample_look_narrower() -> None:
    """Ten copies of each of eight rows: to a distance that compares rows they would be another distribution."""
    one, other = np.random.default_rng(4).normal(size=(2, 8, 5))
    once = kernel_distance(one, other, resamples=0).value
    copied = kernel_distance(np.repeat(one, 10, axis=0), other, np.repeat(np.arange(8), 10), resamples=0).value
    assert copied == pytest.approx(once)
    assert kernel_distance(np.repeat(one, 10, axis=0), other, resamples=0).value > once


def test_one_patient_is_no_sample() -> None:
    rows = np.random.default_rng(5).normal(size=(4, 3))
    with pytest.raises(ValueError, match="one patient"):
        kernel_distance(rows, rows, ["a"] * 4)
    with pytest.raises(ValueError, match="two rows"):
        frechet_distance(rows[:1], rows)
    with pytest.raises(ValueError, match="not the same features"):
        frechet_distance(rows, rows[:, :2])


def test_copies_are_closer_than_new_pictures_and_new_ones_are_not() -> None:
    random = np.random.default_rng(6)
    learned, new, held_out = random.normal(size=(3, 60, 4))
    distances = nearest(held_out, learned)[0]
    copies = nearest(learned[:30] + 1e-3, learned)
    assert copies[1][:, 0].tolist() == list(range(30))
    copied = closer_than(copies[0], distances, np.arange(60), resamples=100)
    assert copied.value == 1.0
    honest = closer_than(nearest(new, learned)[0], distances, np.arange(60), resamples=200)
    assert honest.interval is not None
    assert 0.35 < honest.value < 0.65
    assert honest.interval.high < 0.9
