"""From logits to findings: exclusive and multi-label tasks, with and without calibration."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from readingroom.bundles.metadata import Calibration, PlattScaling
from readingroom.readers.probabilities import calibrate, findings, main_finding, prediction_sets


@pytest.fixture
def binary(a_random_bundle):
    return a_random_bundle("nih-pneumonia").metadata


@pytest.fixture
def several(a_random_bundle):
    return a_random_bundle("covid").metadata


@pytest.fixture
def multilabel(a_random_bundle):
    return a_random_bundle("chestxray8").metadata


def test_of_two_exclusive_labels_the_other_gets_the_rest_with_its_interval(binary):
    found = calibrate(binary, np.array([1.2, -0.3]))
    assert found.probabilities[0] == pytest.approx(special.expit(1.5))
    assert found.probabilities.sum() == pytest.approx(1)
    assert found.low[1] == pytest.approx(1 - found.high[0])
    assert found.low[0] <= found.probabilities[0] <= found.high[0]


def test_several_exclusive_labels_are_a_softmax_at_the_bundles_temperature(several):
    logits = np.array([2.0, 0.5, -1.0])
    found = calibrate(several, logits)
    assert found.probabilities == pytest.approx(special.softmax(logits / 1.5))
    assert (found.low <= found.probabilities).all()
    assert (found.probabilities <= found.high).all()


def test_labels_that_do_not_exclude_each_other_have_a_sigmoid_each_of_the_raw_logit(multilabel):
    logits = np.linspace(-2, 2, 7)
    assert calibrate(multilabel, logits).probabilities == pytest.approx(special.expit(logits))


def test_a_confident_right_answer_costs_little(multilabel):
    """A softmax before the sigmoid (Paper 004, A1) could not get below 0.639 for one positive of seven."""
    logits = np.array([8.0, -8, -8, -8, -8, -8, -8])
    probabilities = calibrate(multilabel, logits).probabilities
    truth = np.array([1.0, 0, 0, 0, 0, 0, 0])
    loss = -(truth * np.log(probabilities) + (1 - truth) * np.log(1 - probabilities)).mean()
    assert loss < 0.05


def test_without_calibration_there_is_a_probability_and_no_interval(binary):
    found = findings(binary, calibrate(replace(binary, calibration=None), np.array([1.0, 0.0])))
    assert found[0].probability == pytest.approx(special.softmax([1.0, 0.0])[0])
    assert found[0].interval is None


def test_a_scaling_without_resamples_has_no_interval(binary):
    calibration = Calibration("platt", 20, {"pneumonia": PlattScaling(2.0, 0.5)})
    found = calibrate(replace(binary, calibration=calibration), np.array([1.0, 0.0]))
    assert found.probabilities[0] == pytest.approx(special.expit(2.5))
    assert found.low is None


@pytest.mark.parametrize(("logit", "positive"), [(-0.5, False), (-0.4, True)])
def test_a_finding_is_positive_from_its_threshold_on(binary, logit, positive):
    pneumonia, rest = findings(binary, calibrate(binary, np.array([logit, 0.0])))
    assert pneumonia.positive is positive
    assert pneumonia.chosen_point == "balanced"
    assert rest.positive is None


def test_the_prediction_set_has_every_label_that_is_probable_enough(binary, multilabel):
    (both,) = prediction_sets(binary, np.array([0.6, 0.4]))
    assert both.labels == ("pneumonia", "no-finding")
    (one,) = prediction_sets(binary, np.array([0.9, 0.1]))
    assert one.labels == ("pneumonia",)
    sets = prediction_sets(multilabel, np.full(7, 0.9))
    assert {s.labels for s in sets} == {("present",)}
    assert [s.finding for s in sets] == [label.name for label in multilabel.labels]


def test_the_main_finding_is_one_with_an_operating_point(binary, several):
    assert main_finding(binary) == 0
    only_last = replace(several.operating_points[0], finding="normal")
    assert main_finding(replace(several, operating_points=(only_last,))) == 2
