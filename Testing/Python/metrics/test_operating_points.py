"""Thresholds and what they do."""

import numpy as np
import pytest

from readingroom.metrics.operating_points import at_sensitivity, at_specificity, confusion, cross_fitted, youden

SCORES = np.arange(100) / 100
LABELS = np.isin(np.arange(100), [55, 60, 75, 81, 90, 92, 95, 97, 98, 99]).astype(int)


def test_sensitivity_at_a_fixed_specificity():
    """Reference: 0.6 at a specificity of 0.9 for these scores."""
    counts = confusion(LABELS, SCORES, at_specificity(0.9)(LABELS, SCORES))
    assert counts.sensitivity.value == pytest.approx(0.6, abs=1e-9)
    assert counts.specificity.value >= 0.9


def test_the_threshold_at_a_specificity_is_the_lowest_that_reaches_it():
    threshold = at_specificity(0.9)(LABELS, SCORES)
    assert confusion(LABELS, SCORES, threshold - 0.01).specificity.value < 0.9


def test_the_threshold_at_a_sensitivity_is_the_highest_that_reaches_it():
    threshold = at_sensitivity(0.8)(LABELS, SCORES)
    assert threshold == 0.75
    assert confusion(LABELS, SCORES, threshold).sensitivity.value == 0.8


def test_full_specificity_lies_above_every_negative():
    threshold = at_specificity(1.0)([1, 0, 0], [0.1, 0.5, 0.9])
    assert confusion([1, 0, 0], [0.1, 0.5, 0.9], threshold).false_positives == 0


def test_youden_has_the_largest_sum_of_both():
    best = confusion(LABELS, SCORES, youden(LABELS, SCORES))
    for threshold in SCORES:
        other = confusion(LABELS, SCORES, threshold)
        found = other.sensitivity.value + other.specificity.value
        assert found <= best.sensitivity.value + best.specificity.value + 1e-12


def test_a_score_equal_to_the_threshold_is_positive():
    assert confusion([1, 0], [0.5, 0.4], 0.5).true_positives == 1


def test_thresholds_are_judged_on_folds_that_did_not_choose_them():
    """On noise, a threshold judged on its own cases looks better than chance; a cross-fitted one does not."""
    random = np.random.default_rng(0)
    own, fair = [], []
    for _ in range(40):
        labels, scores, folds = random.integers(0, 2, 200), random.random(200), np.arange(200) % 5
        for found, counts in (
            (own, confusion(labels, scores, youden(labels, scores))),
            (fair, cross_fitted(labels, scores, folds, youden).confusion),
        ):
            found.append(counts.sensitivity.value + counts.specificity.value - 1)
    assert np.mean(own) > 0.06
    assert abs(np.mean(fair)) < 0.04


def test_cross_fitting_uses_each_case_once():
    found = cross_fitted(LABELS, SCORES, np.arange(100) % 4, at_sensitivity(0.9))
    counts = found.confusion
    total = counts.true_positives + counts.false_negatives + counts.true_negatives + counts.false_positives
    assert total == 100
    assert len(found.fold_thresholds) == 4
    assert found.threshold == at_sensitivity(0.9)(LABELS, SCORES)


def test_one_fold_cannot_be_cross_fitted():
    with pytest.raises(ValueError, match="two folds"):
        cross_fitted(LABELS, SCORES, np.zeros(100), youden)


def test_the_share_of_cases_that_is_called():
    assert confusion(LABELS, SCORES, 0.9).called.value == pytest.approx(0.1)
