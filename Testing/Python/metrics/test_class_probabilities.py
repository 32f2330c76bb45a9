"""Log loss, multi-class Brier score and disagreement; numbers from scikit-learn 1.9.1 and the definitions."""

import math

import numpy as np
import pytest

from readingroom.metrics.calibration import brier
from readingroom.metrics.class_probabilities import brier_multiclass, disagreement, log_loss

LABELS = np.array([0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1])
P = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]
PAIRS = np.stack([1 - np.array(P), P], axis=1)


def test_log_loss():
    assert log_loss(LABELS, PAIRS).mean() == pytest.approx(0.4617367858713447, abs=1e-9)


def test_log_loss_of_three_classes():
    """Reference: cross-entropy of six cases from an independent implementation."""
    logits = [[2, 0, -1], [0.5, 1.5, 0], [3, 1, 0], [0, 0.2, 2.5], [1, 3, 0.5], [2, 1.8, 0]]
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert log_loss([0, 1, 1, 2, 1, 1], probabilities).mean() == pytest.approx(0.6730343406823199, abs=1e-9)


def test_what_was_ruled_out_and_happened_costs_everything():
    assert log_loss([1], [[1.0, 0.0]]) == math.inf


def test_of_two_classes_the_multiclass_brier_score_is_twice_the_plain_one():
    assert brier_multiclass(LABELS, PAIRS).mean() == pytest.approx(2 * brier(LABELS, P), abs=1e-12)
    assert brier(LABELS, P) == pytest.approx(0.151125, abs=1e-9)


@pytest.mark.parametrize(
    ("truth", "probabilities"), [([0, 2], PAIRS[:2]), ([0], [[0.5, 0.4]]), ([0], [[-0.5, 1.5]]), ([0.5], PAIRS[:1])]
)
def test_what_are_no_classes_with_probabilities_is_refused(truth, probabilities):
    with pytest.raises(ValueError, match=r"classes|sum to 1"):
        log_loss(truth, probabilities)


def test_entropy_of_three_models_is_split_in_two():
    found = disagreement(np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])[:, None])
    assert found.total == pytest.approx([0.6730116670092565], abs=1e-9)
    assert found.within == pytest.approx([0.5363196474851994], abs=1e-9)
    assert found.between == pytest.approx([0.13669201952405707], abs=1e-9)


def test_models_that_say_the_same_do_not_disagree():
    assert disagreement(np.full((4, 2, 3), 1 / 3)).between == pytest.approx([0, 0], abs=1e-12)


def test_certain_models_that_contradict_each_other_disagree_in_full():
    found = disagreement([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert found.between == pytest.approx([np.log(2)])
    assert found.within == pytest.approx([0])


def test_one_model_alone_needs_its_axis():
    with pytest.raises(ValueError, match="models, cases, classes"):
        disagreement([[0.5, 0.5]])
