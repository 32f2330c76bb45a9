"""Intervals of proportions; numbers from statsmodels."""

import numpy as np
import pytest

from readingroom.evaluation.bootstrap import patient_bootstrap
from readingroom.evaluation.proportions import clopper_pearson, proportion, wilson


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
    found = patient_bootstrap(np.mean, range(8), [1, 1, 1, 1, 1, 1, 0, 0], resamples=20000).estimate.interval
    assert (found.low, found.high) == (0.375, 1.0)
