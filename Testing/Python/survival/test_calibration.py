"""Calibration at a horizon, of predictions whose truth is known."""

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.calibration import calibration, risk_groups, smooth
from readingroom.survival.cumulative_incidence import cumulative_incidence


def patients(n=2000, seed=0, extreme=1.0):
    """Exponential times whose true risk at 12 months is known; the prediction has ``extreme`` times its log hazard."""
    generator = np.random.default_rng(seed)
    log_hazard = generator.normal(0, 0.8, n)
    time, lost = generator.exponential(20 * np.exp(-log_hazard)), generator.uniform(5, 40, n)
    risk = 1 - np.exp(-12 / 20 * np.exp(extreme * log_hazard))
    return np.minimum(time, lost), (time <= lost).astype(int), risk


def test_a_perfect_model_is_well_calibrated():
    found = calibration(*patients(), 12, resamples=50)
    assert found.ratio.interval.low <= 1 <= found.ratio.interval.high
    assert found.slope.interval.low <= 1 <= found.slope.interval.high
    assert found.index.value < 0.03
    assert sum(g.observed.interval.low <= g.predicted <= g.observed.interval.high for g in found.groups) >= 4


def test_risks_that_are_too_extreme_have_a_slope_below_one():
    found = calibration(*patients(extreme=2.0), 12, resamples=0)
    assert found.slope.value == pytest.approx(0.5, abs=0.06)
    assert found.index.value > 0.05


@pytest.mark.parametrize(("extreme", "theirs"), [(2.0, 0.110400), (0.5, 0.083671)])
def test_the_calibration_index_is_that_of_lifelines_but_for_its_smoother_curve(extreme, theirs):
    found = calibration(*patients(extreme=extreme), 12, resamples=0)
    assert found.index.value == pytest.approx(theirs, abs=3e-4)  # lifelines 0.30.3, a parametric spline


def test_slope_and_ratio_are_those_of_scikit_survival():
    linear, curves = pytest.importorskip("sksurv.linear_model"), pytest.importorskip("sksurv.nonparametric")
    time, event, risk = patients(400)
    cut, seen = np.minimum(time, 12), (event == 1) & (time <= 12)
    both = np.array(list(zip(seen, cut, strict=True)), dtype=[("event", bool), ("time", float)])
    theirs = linear.CoxPHSurvivalAnalysis(ties="efron").fit(np.log(-np.log1p(-risk))[:, None], both)
    times, survival = curves.kaplan_meier_estimator(event == 1, time)
    found = calibration(time, event, risk, 12, resamples=0)
    assert found.slope.value == pytest.approx(theirs.coef_[0], abs=1e-6)
    assert found.ratio.value == pytest.approx((1 - survival[times <= 12][-1]) / risk.mean(), abs=1e-9)


def test_without_censoring_what_was_observed_is_the_share():
    generator = np.random.default_rng(8)
    risk = generator.uniform(0.1, 0.9, 500)
    died = generator.random(500) < risk
    found = calibration(np.where(died, 6.0, 40.0), died.astype(int), risk, 12, groups=4, resamples=0)
    assert found.ratio.value == pytest.approx(died.sum() / risk.sum())
    for group in found.groups:
        own = (risk >= group.low) & (risk <= group.high)
        assert group.observed.value == pytest.approx(died[own].mean())


def test_risks_that_are_too_low_have_a_ratio_above_one():
    time, event, risk = patients()
    found = calibration(time, event, risk / 2, 12, resamples=0)
    assert found.ratio.value == pytest.approx(2, abs=0.1)


def test_the_smooth_curve_is_near_the_truth():
    time, event, predicted = patients(20_000, extreme=2.0)
    log_hazard = np.log(-np.log1p(-np.minimum(predicted, 1 - 1e-12)) * 20 / 12) / 2
    truth = 1 - np.exp(-12 / 20 * np.exp(log_hazard))
    middle = (predicted > np.quantile(predicted, 0.05)) & (predicted < np.quantile(predicted, 0.95))
    assert np.abs(smooth(time, event, predicted, 12) - truth)[middle].max() < 0.03


def test_groups_hold_what_was_observed_among_their_patients():
    time, event, risk = patients(500)
    groups = risk_groups(time, event, risk, 12, groups=4)
    assert [group.observed.n for group in groups] == [125] * 4
    own = (risk >= groups[1].low) & (risk <= groups[1].high)
    assert groups[1].predicted == pytest.approx(risk[own].mean())
    assert groups[1].observed == cumulative_incidence(time[own], event[own]).estimate(12)


def test_patients_of_one_risk_stay_in_one_group():
    time, event, _ = patients(100)
    assert len(risk_groups(time, event, np.repeat([0.2, 0.8], 50), 12, groups=5)) == 2


def test_a_head_that_leaves_nobody_alive_has_a_ratio_and_no_slope():
    time, event, _ = patients(200)
    found = calibration(time, event, np.ones(200), 12)
    assert found.ratio.value == pytest.approx(cumulative_incidence(time, event).estimate(12).value)
    assert found.slope is None
    assert found.index is None


def test_risks_of_zero_and_one_are_no_reason_to_fail():
    time, event, risk = patients(300)
    risk[:5], risk[5:10] = 0.0, 1.0
    assert calibration(time, event, risk, 12, resamples=0).slope is not None


def test_competing_causes_are_not_counted_as_lost():
    generator = np.random.default_rng(3)
    time, cause = generator.exponential(20, 4000), generator.integers(1, 3, 4000)
    risk = np.full(4000, (1 - np.exp(-12 / 20)) / 2)
    assert calibration(time, cause, risk, 12, resamples=0).ratio.value == pytest.approx(1, abs=0.06)


def test_all_censored_means_that_nothing_was_observed():
    found = calibration([30, 40, 50], [0, 0, 0], [0.1, 0.2, 0.3], 24)
    assert found.ratio.value == 0
    assert found.slope is None


def test_nobody_followed_until_the_horizon_is_a_sentence():
    with pytest.raises(InputError, match="Nobody was followed for 24 months; the longest follow-up is 10 months"):
        calibration([5, 10], [1, 0], [0.5, 0.5], 24)


def test_a_risk_must_be_a_probability():
    with pytest.raises(ValueError, match="not a probability"):
        calibration([30, 30], [0, 0], [0.5, 1.5], 24)


def test_several_cases_of_a_patient_stay_together():
    time, event, risk = patients(100)
    alone = calibration(time, event, risk, 12, resamples=100).index
    twice = [np.repeat(part, 2) for part in (time, event, risk)]
    together = calibration(*twice, 12, patients=np.repeat(np.arange(100), 2), resamples=100).index
    assert together.value == pytest.approx(alone.value, abs=0.01)
    width, same = (each.interval.high - each.interval.low for each in (alone, together))
    assert same == pytest.approx(width, rel=0.15)
