"""Survival, censoring and restricted mean; numbers from R (survival), scikit-survival and closed forms."""

import math

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.kaplan_meier import censoring, kaplan_meier, restricted_mean

TIME, EVENT = [3, 10, 10, 24, 17, 5, 20, 24, 10, 3], [1, 1, 0, 0, 1, 0, 1, 1, 1, 1]


def test_survival_by_hand():
    curve = kaplan_meier(TIME, EVENT)
    assert curve.times.tolist() == [3, 10, 17, 20, 24]
    assert curve.at_risk.tolist() == [10, 7, 4, 3, 2]
    assert curve.events.tolist() == [2, 2, 1, 1, 1]
    assert curve.values == pytest.approx([0.8, 4 / 7, 3 / 7, 2 / 7, 1 / 7], abs=1e-12)


def test_survival_is_that_of_scikit_survival(ten):
    stored = ten.stored["sksurv"]
    assert kaplan_meier(ten.time, ten.event).at(stored["km_time"]) == pytest.approx(stored["km_surv"], abs=1e-12)


def test_survival_and_censoring_are_those_of_r(oracle):
    for stored in oracle("torchsurv_R_benchmarks/benchmark_kaplan_meier.json"):
        curve = kaplan_meier(stored["time"], np.array(stored["status"], int))
        assert curve.at(stored["times"]) == pytest.approx(stored["surv_prob_survival"], abs=1e-4)
    for stored in oracle("torchsurv_R_benchmarks/benchmark_ipcw.json"):
        lost = censoring(stored["time"], np.array(stored["status"], int))
        assert 1 / lost.at(stored["times"]) == pytest.approx(np.array(stored["ipcw_times"]), abs=1e-4)


def test_the_band_is_greenwoods_on_the_log_log_scale():
    # At month 10 of the ten patients: S = 4/7, Greenwood's sum = 2/(10 * 8) + 2/(7 * 5).
    survival, spread = 4 / 7, math.sqrt(2 / 80 + 2 / 35)
    theta = 1.959963984540054 * spread / abs(math.log(survival))
    estimate = kaplan_meier(TIME, EVENT).estimate(10)
    assert estimate.interval.low == pytest.approx(survival ** math.exp(theta), abs=1e-12)
    assert estimate.interval.high == pytest.approx(survival ** math.exp(-theta), abs=1e-12)


def test_the_band_is_that_of_scikit_survival():
    peer = pytest.importorskip("sksurv.nonparametric")
    generator = np.random.default_rng(0)
    time, event = np.ceil(generator.exponential(20, 200)), generator.integers(0, 2, 200)
    times, values, (low, high) = peer.kaplan_meier_estimator(event == 1, time, conf_type="log-log")
    curve = kaplan_meier(time, event)
    inside = (values > 0) & (values < 1)
    assert curve.at(times) == pytest.approx(values, abs=1e-12)
    assert curve.band(times)[0][inside] == pytest.approx(low[inside], abs=1e-10)
    assert curve.band(times)[1][inside] == pytest.approx(high[inside], abs=1e-10)


def test_the_band_is_that_of_lifelines():
    low, high = kaplan_meier(TIME, EVENT).band([3, 10, 17, 20])
    assert low == pytest.approx([0.408691, 0.217193, 0.114042, 0.045666], abs=1e-6)  # lifelines 0.30.3
    assert high == pytest.approx([0.945873, 0.814572, 0.718453, 0.601402], abs=1e-6)


def test_the_band_holds_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        time, lost = generator.exponential(20, 60), generator.uniform(5, 40, 60)
        interval = kaplan_meier(np.minimum(time, lost), time <= lost).estimate(12).interval
        held += interval.low <= math.exp(-12 / 20) <= interval.high
    assert 0.93 <= held / 1000 <= 0.97


def test_nothing_is_known_beyond_the_longest_follow_up():
    curve = kaplan_meier([2, 5], [1, 0])
    assert curve.at([5]) == 0.5
    assert np.isnan(curve.at([6]))
    assert curve.estimate(6).interval is None


def test_nobody_is_left_after_the_last_event():
    curve = kaplan_meier([2, 5], [1, 1])
    assert curve.at([5, 100]).tolist() == [0, 0]
    assert curve.band([5])[0] == 0
    assert curve.band([5])[1] == curve.band([4])[1]


def test_all_censored_means_survival_of_one():
    curve = kaplan_meier([2, 5], [0, 0])
    assert curve.at([0, 5]).tolist() == [1, 1]
    assert curve.estimate(5).interval.low == 1


def test_one_patient_has_a_curve():
    assert kaplan_meier([3], [1]).at([2, 3]).tolist() == [1, 0]


def test_who_dies_at_a_time_leaves_before_those_lost_then():
    # At month 5 one of three dies and one is lost: of the two who are left, one is lost.
    assert censoring([5, 5, 9], [1, 0, 1]).at([5]) == pytest.approx([0.5])


def test_the_end_of_a_study_leaves_nobody_in_follow_up():
    lost = censoring([10, 24, 24], [1, 0, 0])
    assert lost.at([24]) == 0
    assert lost.before([24]) == 1


def test_the_restricted_mean_is_the_area_below_the_curve():
    steps = [(3, 1.0), (7, 0.8), (7, 4 / 7), (3, 3 / 7), (4, 2 / 7)]
    assert restricted_mean(TIME, EVENT, 24).value == pytest.approx(sum(length * value for length, value in steps))


def test_the_restricted_mean_is_that_of_lifelines():
    found = [restricted_mean(TIME, EVENT, horizon).value for horizon in (18, 24)]
    assert found == pytest.approx([13.028571428571425, 15.028571428571425], abs=1e-12)  # lifelines 0.30.3


def test_the_restricted_mean_of_uncensored_times_is_their_mean():
    generator = np.random.default_rng(2)
    time = generator.exponential(15, 400)
    cut = np.minimum(time, 24)
    found = restricted_mean(time, np.ones(400), 24)
    assert found.value == pytest.approx(cut.mean(), abs=1e-9)
    half = 1.959963984540054 * cut.std() / math.sqrt(400)
    assert found.interval.high - found.value == pytest.approx(half, rel=0.01)


def test_a_mean_needs_follow_up_until_the_horizon():
    with pytest.raises(InputError, match="longest follow-up is 5 months; a mean within 24 months"):
        restricted_mean([2, 5], [1, 0], 24)
