"""Cumulative incidence with competing causes; numbers by hand and from scikit-survival."""

import math

import numpy as np
import pytest

from readingroom.survival.cumulative_incidence import cumulative_incidence
from readingroom.survival.kaplan_meier import kaplan_meier


def test_by_hand():
    # Five patients: cause 1 at month 1, cause 2 at 2, lost at 3, cause 1 at 4, alive at 5.
    curve = cumulative_incidence([1, 2, 3, 4, 5], [1, 2, 0, 1, 0])
    assert curve.at([0, 1, 2, 4]) == pytest.approx([0, 0.2, 0.2, 0.2 + 0.6 / 2], abs=1e-12)
    assert np.isnan(curve.at([6]))


def test_causes_and_survival_add_up_to_one():
    generator = np.random.default_rng(0)
    time, event = np.ceil(generator.exponential(10, 100)), generator.integers(0, 3, 100)
    months = np.arange(1, 20)
    both = sum(cumulative_incidence(time, event, cause).at(months) for cause in (1, 2))
    assert both == pytest.approx(1 - kaplan_meier(time, event).at(months), abs=1e-12)


def test_one_cause_is_the_complement_of_survival_band_and_all():
    generator = np.random.default_rng(1)
    time, event = np.ceil(generator.exponential(10, 100)), generator.integers(0, 2, 100)
    found, survival = cumulative_incidence(time, event), kaplan_meier(time, event)
    assert found.values == pytest.approx(1 - survival.values, abs=1e-12)
    assert found.low == pytest.approx(1 - survival.high, abs=1e-9)
    assert found.high == pytest.approx(1 - survival.low, abs=1e-9)


def test_incidence_and_variance_are_those_of_scikit_survival():
    peer = pytest.importorskip("sksurv.nonparametric")
    generator = np.random.default_rng(2)
    time, event = np.ceil(generator.exponential(10, 300) * 4) / 4, generator.integers(0, 3, 300)
    times, values, bands = peer.cumulative_incidence_competing_risks(
        event, time, conf_type="log-log", var_type="Dinse_Approx"
    )
    curve = cumulative_incidence(time, event, 2)
    assert curve.at(times) == pytest.approx(values[2], abs=1e-12)
    early = (values[2] > 0) & (times < np.quantile(time, 0.95))
    found, theirs = curve.at(times[early]), bands[2][:, early]
    # Their band is on the scale of log(-log F), ours on that of log(-log(1 - F)); the deviation is the same.
    deviation = np.log(np.log(theirs[0]) / np.log(found)) * np.abs(found * np.log(found))
    free, high = 1 - found, 1 - curve.band(times[early])[1]
    assert np.log(np.log(high) / np.log(free)) * np.abs(free * np.log(free)) == pytest.approx(deviation, abs=1e-9)


def test_incidence_and_variance_are_those_of_lifelines():
    curve = cumulative_incidence(range(1, 11), [1, 2, 0, 1, 0, 2, 1, 0, 1, 0])
    at = np.array([1, 4, 7, 9])
    found, (low, high) = curve.at(at), curve.band(at)
    assert found == pytest.approx([0.1, 0.214286, 0.351429, 0.557143], abs=1e-6)  # lifelines 0.30.3
    width = np.log(np.log1p(-high) / np.log1p(-low)) / (2 * 1.959963984540054)
    variance = (width * (1 - found) * -np.log1p(-found)) ** 2
    assert variance == pytest.approx([0.009, 0.018236, 0.027763, 0.038444], abs=1e-6)


def test_a_cause_that_never_happened_has_an_incidence_of_zero():
    curve = cumulative_incidence([1, 2], [1, 0], 2)
    assert curve.at([0, 2]).tolist() == [0, 0]


def test_the_interval_of_a_large_sample_is_that_of_a_proportion_where_nobody_is_lost():
    generator = np.random.default_rng(3)
    event = generator.integers(1, 3, 2000)
    estimate = cumulative_incidence(generator.uniform(0, 10, 2000), event).estimate(10)
    share = (event == 1).mean()
    assert estimate.value == pytest.approx(share)
    assert estimate.interval.high - share == pytest.approx(1.96 * math.sqrt(share * (1 - share) / 2000), rel=0.05)
