"""Log loss and multi-class Brier score; numbers from scikit-learn 1.9.1."""

import math

import numpy as np
import pytest

from readingroom.metrics.calibration import brier
from readingroom.metrics.scoring_rules import brier_multiclass, log_loss

LABELS = np.array([0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1])
P = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]
PAIRS = np.stack([1 - np.array(P), P], axis=1)


def test_log_loss():
    assert log_loss(LABELS, PAIRS) == pytest.approx(0.4617367858713447, abs=1e-9)


def test_log_loss_of_three_classes():
    """Reference: cross-entropy of six cases from an independent implementation."""
    logits = [[2, 0, -1], [0.5, 1.5, 0], [3, 1, 0], [0, 0.2, 2.5], [1, 3, 0.5], [2, 1.8, 0]]
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert log_loss([0, 1, 1, 2, 1, 1], probabilities) == pytest.approx(0.6730343406823199, abs=1e-9)


def test_what_was_ruled_out_and_happened_costs_everything():
    assert log_loss([1], [[1.0, 0.0]]) == math.inf


def test_of_two_classes_the_multiclass_brier_score_is_twice_the_plain_one():
    assert brier_multiclass(LABELS, PAIRS) == pytest.approx(2 * brier(LABELS, P), abs=1e-12)
    assert brier(LABELS, P) == pytest.approx(0.151125, abs=1e-9)


@pytest.mark.parametrize(
    ("truth", "probabilities"), [([0, 2], PAIRS[:2]), ([0], [[0.5, 0.4]]), ([0], [[-0.5, 1.5]]), ([0.5], PAIRS[:1])]
)
def test_what_are_no_classes_with_probabilities_is_refused(truth, probabilities):
    with pytest.raises(ValueError, match=r"classes|sum to 1"):
        log_loss(truth, probabilities)
