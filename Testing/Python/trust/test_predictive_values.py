"""PPV and NPV at a prevalence."""

import numpy as np
import pytest

from readingroom.metrics.proportions import proportion
from readingroom.reading import Estimate, Interval
from readingroom.trust.predictive_values import predictive_values


@pytest.mark.parametrize(
    ("prevalence", "positive"), [(0.5, 0.9333333333333332), (0.0212, 0.2326748196926936), (0.006, 0.0779220779220779)]
)
def test_positive_predictive_value_falls_with_the_prevalence(prevalence, positive):
    """Reference: sensitivity 0.70, specificity 0.95."""
    values = predictive_values(Estimate(0.70), Estimate(0.95), prevalence)
    assert values.positive.value == pytest.approx(positive, abs=1e-9)
    assert values.positive.interval is None


def test_negative_predictive_value_by_counting():
    values = predictive_values(Estimate(0.8), Estimate(0.9), 0.1)
    assert values.negative.value == pytest.approx(810 / (810 + 20), abs=1e-12)


def test_the_interval_agrees_with_a_simulation_of_the_two_proportions():
    random = np.random.default_rng(0)
    sensitivities = random.beta(70.5, 30.5, 200_000)
    specificities = random.beta(190.5, 10.5, 200_000)
    ppv = 0.1 * sensitivities / (0.1 * sensitivities + 0.9 * (1 - specificities))
    values = predictive_values(proportion(70, 100), proportion(190, 200), 0.1).positive
    assert (values.interval.low, values.interval.high) == pytest.approx(np.quantile(ppv, [0.025, 0.975]), abs=0.03)
    assert values.interval.low < values.value < values.interval.high


def test_no_false_alarm_still_leaves_doubt():
    values = predictive_values(proportion(70, 100), proportion(200, 200), 0.1).positive
    assert (values.value, values.interval.high) == (1, 1)
    assert 0.5 < values.interval.low < 0.95


def test_no_true_alarm_gives_nothing():
    values = predictive_values(proportion(0, 40), proportion(150, 200), 0.1).positive
    assert (values.value, values.interval.low) == (0, 0)
    assert 0 < values.interval.high < 0.2


@pytest.mark.parametrize("prevalence", [0, 1, -0.1])
def test_a_prevalence_lies_between_0_and_1(prevalence):
    with pytest.raises(ValueError, match="prevalence"):
        predictive_values(Estimate(0.7), Estimate(0.9), prevalence)


def test_a_test_that_is_never_positive_has_no_positive_predictive_value():
    with pytest.raises(ValueError, match="not defined"):
        predictive_values(Estimate(0.0), Estimate(1.0), 0.1)


def test_intervals_of_different_levels_do_not_mix():
    other = Estimate(0.9, Interval(0.8, 0.95, level=0.9))
    with pytest.raises(ValueError, match="different levels"):
        predictive_values(proportion(7, 10), other, 0.1)
