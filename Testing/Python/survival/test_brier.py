"""Brier scores over time; numbers from scikit-survival, pycox and R."""

import numpy as np
import pytest

from readingroom.survival.brier import brier, integrated, squared_errors
from readingroom.survival.kaplan_meier import censoring
from readingroom.survival.step_curve import StepCurve


def test_brier_is_that_of_scikit_survival(ten):
    stored = ten.stored["sksurv"]
    scores = brier(ten.time, ten.event, ten.incidence, ten.months, censoring(*ten.train))
    at = np.array(stored["brier_times"], int) - 1
    assert scores[at] == pytest.approx(stored["brier"], abs=1e-9)


def test_brier_is_that_of_pycox_which_divides_by_the_weights(ten):
    # pycox takes the censoring from the same patients, and counts those who die at a time as still followed then.
    nothing = np.full(3, np.nan)
    values = np.cumprod([1 - 1 / 8, 1 - 1 / 7, 1 - 1 / 2])
    lost = StepCurve(np.array([5.0, 10, 24]), values, nothing, nothing, nothing, nothing, 1.0, np.inf, 10)

    def of(incidence):
        return brier(ten.time, ten.event, incidence, ten.months, lost)

    weights = of(np.zeros_like(ten.incidence)) + of(np.ones_like(ten.incidence))
    scores = (of(ten.incidence) / weights)[:23]
    assert scores == pytest.approx(ten.stored["EvalSurv_brier"], abs=1e-9)


def test_brier_is_that_of_r(oracle):
    checked = 0
    for stored in oracle("torchsurv_R_benchmarks/benchmark_brier_score.json"):
        if any(isinstance(score, str) for score in stored["brier_score_survMetrics"]):
            continue
        time, event = np.array(stored["test_time"], float), np.array(stored["test_status"], int)
        scores = brier(time, event, 1 - np.array(stored["estimate"]), stored["times"], censoring(time, event))
        assert scores == pytest.approx(stored["brier_score_survMetrics"], abs=1e-3)
        checked += 1
    assert checked >= 4


def test_the_integral_is_that_of_scikit_survival():
    peer, util = pytest.importorskip("sksurv.metrics"), pytest.importorskip("sksurv.util")
    generator = np.random.default_rng(0)
    time, event = generator.exponential(20, 300), generator.integers(0, 2, 300)
    incidence, months = np.sort(generator.random((300, 24)), axis=1), np.arange(1.0, 25.0)
    both = util.Surv.from_arrays(event == 1, time)
    scores = brier(time, event, incidence, months, censoring(time, event))
    assert scores == pytest.approx(peer.brier_score(both, both, 1 - incidence, months)[1], abs=1e-12)
    theirs = peer.integrated_brier_score(both, both, 1 - incidence, months)
    assert integrated(scores, months) == pytest.approx(theirs, abs=1e-12)


def test_the_integral_is_that_of_r_and_of_pycox_but_for_the_rule(ten, oracle):
    """R counts each step by its beginning, pycox takes Simpson's rule; both of the scores that are stored."""
    for stored in oracle("torchsurv_R_benchmarks/benchmark_brier_score.json"):
        scores, times = np.array(stored["brier_score_survMetrics"], float), np.array(stored["times"], float)
        steps = np.diff(times)
        start, end = (float((part * steps).sum() / steps.sum()) for part in (scores[:-1], scores[1:]))
        assert start == pytest.approx(stored["ibrier_score_survMetrics"][0], abs=1e-4)
        assert integrated(scores, times) == pytest.approx((start + end) / 2, abs=1e-12)
    found = integrated(ten.stored["EvalSurv_brier"], ten.stored["EvalSurv_brier_times"])
    assert found == pytest.approx(ten.stored["EvalSurv_ibs"], abs=2e-3)


def test_the_integral_of_a_constant_is_that_constant():
    assert integrated([[0.2, 0.2, 0.2]], [1, 2, 5])[0] == pytest.approx(0.2)


def test_without_censoring_it_is_the_mean_squared_error():
    time = np.array([2.0, 5.0, 9.0])
    scores = brier(time, [1, 1, 1], [[0.9], [0.4], [0.2]], [6], censoring(time, [1, 1, 1]))
    assert scores[0] == pytest.approx((0.1**2 + 0.6**2 + 0.2**2) / 3)


def test_at_the_end_of_a_study_those_last_seen_then_are_known_to_live():
    # Everybody else was last seen at month 24, so that the share in follow-up is 0 there; scikit-survival gives them a
    # weight of 0, as if nobody lived.
    time, event = [6, 24, 24, 24], [1, 0, 0, 0]
    lost = censoring(time, event)
    scores = brier(time, event, np.full((4, 2), 0.25), [23, 24], lost)
    assert scores == pytest.approx([(0.75**2 + 3 * 0.25**2) / 4] * 2)


def test_a_head_without_survivors_cannot_be_better_than_the_share_of_survivors():
    time, event = [6.0] * 6 + [24.0] * 4, [1] * 6 + [0] * 4
    assert brier(time, event, np.ones((10, 1)), [24], censoring(time, event))[0] == pytest.approx(0.4)


def test_a_month_that_nobody_was_followed_to_has_no_score():
    time, event = [6, 12], [1, 0]
    scores = brier(time, event, np.full((2, 2), 0.5), [10, 20], censoring([30, 40], [0, 0]))
    assert np.isnan(scores).tolist() == [False, True]


def test_competing_causes_share_the_patients():
    incidence = np.array([[[0.9], [0.1]], [[0.2], [0.7]]])
    time, event = [3, 4], [1, 2]
    lost = censoring(time, event)
    assert brier(time, event, incidence, [5], lost, cause=1)[0] == pytest.approx((0.1**2 + 0.2**2) / 2)
    assert brier(time, event, incidence, [5], lost, cause=2)[0] == pytest.approx((0.1**2 + 0.3**2) / 2)


def test_the_errors_of_single_patients_average_to_the_score(ten):
    lost = censoring(*ten.train)
    errors = squared_errors(ten.time, ten.event, ten.incidence, ten.months, lost)
    assert errors.shape == (10, 24)
    assert errors.mean(axis=0) == pytest.approx(brier(ten.time, ten.event, ten.incidence, ten.months, lost))


def test_one_month_cannot_be_integrated():
    with pytest.raises(ValueError, match="cannot be integrated"):
        integrated([0.1], [12])
