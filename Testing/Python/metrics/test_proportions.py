"""Intervals of proportions; numbers from statsmodels."""

import numpy as np
import pytest

from readingroom.metrics.bootstrap import patient_interval, weighted_mean
from readingroom.metrics.proportions import clopper_pearson, proportion, proportion_of_patients, wilson


def test_wilson_interval_of_six_of_eight():
    interval = wilson(6, 8)
    assert (interval.low, interval.high) == pytest.approx((0.40927543031016883, 0.9285207872478909), abs=1e-9)


def test_exact_interval_of_six_of_eight():
    interval = clopper_pearson(6, 8)
    assert (interval.low, interval.high) == pytest.approx((0.3491442055871758, 0.9681459737500557), abs=1e-9)


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
def test_none_and_all_touch_the_ends_of_the_range(method):
    assert method(0, 12).low == 0
    assert 0 < method(0, 12).high < 0.4
    assert method(12, 12).high == 1


def test_a_proportion_carries_its_number_of_cases():
    assert proportion(3, 4).value == 0.75
    assert proportion(3, 4).n == 4


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (5, 4), (-1, 4)])
def test_what_is_no_proportion_is_refused(successes, n):
    with pytest.raises(ValueError, match="not a proportion"):
        proportion(successes, n)


def test_the_bootstrap_of_six_of_eight_reaches_from_three_to_eight():
    """Reference: the percentiles of a binomial of 8 with 3/4."""
    found = patient_interval(lambda w: weighted_mean([1, 1, 1, 1, 1, 1, 0, 0], w), range(8), resamples=20000).interval
    assert (found.low, found.high) == (0.375, 1.0)


def test_copies_of_a_row_add_nothing():
    right = np.arange(40) % 4 > 0
    single = proportion_of_patients(right, np.arange(40)).interval
    copied = proportion_of_patients(np.repeat(right, 5), np.repeat(np.arange(40), 5)).interval
    assert single == wilson(30, 40)
    assert (copied.low, copied.high) == pytest.approx((single.low, single.high), abs=0.005)


def test_where_all_rows_agree_patients_count_once():
    assert proportion_of_patients(np.ones(40), np.arange(40) // 4).interval == wilson(10, 10)


def test_the_interval_of_rows_of_patients_covers_as_often_as_it_says():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(30), 4)
    covered, plain = [], []
    for _ in range(1000):
        chance = generator.beta(1.6, 0.4, 30)  # patients differ: the mean is 0.8
        right = generator.random(120) < chance[patients]
        for found, kept in ((proportion_of_patients(right, patients), covered), (proportion(right.sum(), 120), plain)):
            kept.append(found.interval.low <= 0.8 <= found.interval.high)
    assert np.mean(covered) > 0.92
    assert np.mean(plain) < 0.88  # as if the rows were independent
