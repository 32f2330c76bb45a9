"""Calibrated probabilities and their intervals."""

import numpy as np
import pytest
from scipy import special

from readingroom.trust.calibration import fit_platt, fit_temperature

LOGITS = np.linspace(-6, 6, 121)


@pytest.fixture(scope="module")
def cases():
    """300 patients with two cases each; the true calibration is slope 2, intercept -1."""
    random = np.random.default_rng(0)
    logits = random.normal(size=600)
    labels = (random.random(600) < special.expit(2 * logits - 1)).astype(int)
    return labels, logits, np.arange(600) // 2


@pytest.fixture(scope="module")
def platt(cases):
    return fit_platt(*cases)


def test_platt_scaling_equals_scikit_learn(cases, platt):
    calibration = pytest.importorskip("sklearn.calibration")
    labels, logits, _ = cases
    reference = calibration._SigmoidCalibration().fit(logits, labels)
    assert (platt.slope, platt.intercept) == pytest.approx((-reference.a_, -reference.b_), abs=1e-6)


def test_the_true_calibration_lies_in_the_resampled_fits(platt):
    slopes, intercepts = np.array(platt.resamples).T
    assert np.quantile(slopes, 0.025) < 2 < np.quantile(slopes, 0.975)
    assert np.quantile(intercepts, 0.025) < -1 < np.quantile(intercepts, 0.975)


def test_the_interval_holds_the_probability_and_rises_with_the_logit(platt):
    low, high = platt.intervals(LOGITS)
    probabilities = platt.probabilities(LOGITS)
    assert (low <= probabilities).all()
    assert (probabilities <= high).all()
    for ends in (low, probabilities, high):
        assert (np.diff(ends) >= 0).all()


def test_fewer_patients_give_a_wider_interval(cases, platt):
    labels, logits, patients = (part[:120] for part in cases)
    few = fit_platt(labels, logits, patients)
    width, few_width = (np.subtract(*reversed(fit.intervals([0.5]))) for fit in (platt, few))
    assert few_width > 1.5 * width


def test_copies_of_a_case_do_not_narrow_the_interval(cases):
    labels, logits, _ = (part[:200] for part in cases)
    single = fit_platt(labels, logits, np.arange(200))
    copied = fit_platt(np.repeat(labels, 5), np.repeat(logits, 5), np.repeat(np.arange(200), 5))
    widths = [np.subtract(*reversed(fit.intervals([0.5]))).item() for fit in (single, copied)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_separated_classes_still_give_a_finite_calibration():
    fit = fit_platt([0] * 20 + [1] * 20, np.linspace(-3, 3, 40), range(40))
    assert 0.9 < fit.probabilities(3.0) < 1


def test_scores_that_rank_the_wrong_way_are_refused():
    with pytest.raises(ValueError, match="do not rise"):
        fit_platt([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], range(4))


def test_a_fit_without_resamples_gives_no_interval(cases):
    fit = fit_platt(*cases, resamples=0)
    with pytest.raises(ValueError, match="without resamples"):
        fit.intervals([0.0])


TEMPERATURE_LABELS = [0, 1, 1, 2, 1, 1]
TEMPERATURE_LOGITS = [[2, 0, -1], [0.5, 1.5, 0], [3, 1, 0], [0, 0.2, 2.5], [1, 3, 0.5], [2, 1.8, 0]]


def test_temperature_is_the_minimum_of_the_likelihood():
    """Reference: T and the loss from an independent minimization."""
    fit = fit_temperature(TEMPERATURE_LABELS, TEMPERATURE_LOGITS, range(6))
    assert fit.temperature == pytest.approx(1.0195948171702094, abs=1e-7)
    chosen = fit.probabilities(TEMPERATURE_LOGITS)[range(6), TEMPERATURE_LABELS]
    assert -np.log(chosen).mean() == pytest.approx(0.6729252880841577, abs=1e-9)


def test_temperature_keeps_the_order_and_the_sum():
    fit = fit_temperature(TEMPERATURE_LABELS, TEMPERATURE_LOGITS, range(6))
    probabilities = fit.probabilities(TEMPERATURE_LOGITS)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(6))
    assert (probabilities.argsort() == np.argsort(TEMPERATURE_LOGITS)).all()


def test_temperature_intervals_hold_the_probabilities():
    fit = fit_temperature(TEMPERATURE_LABELS, TEMPERATURE_LOGITS, range(6))
    low, high = fit.intervals(TEMPERATURE_LOGITS)
    probabilities = fit.probabilities(TEMPERATURE_LOGITS)
    assert (low <= probabilities).all()
    assert (probabilities <= high).all()
