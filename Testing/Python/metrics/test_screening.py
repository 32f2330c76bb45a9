"""Partial areas against scikit-learn, and recalls against what can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from readingroom.metrics.curves import Ranking, roc
from readingroom.metrics.screening import (
    positive_predictive_value,
    recall_rate_at,
    recall_rates,
    sensitivity_at_recall,
)


def cases(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties."""
    random = np.random.default_rng(seed)
    labels = random.random(n) < 0.3
    return labels, np.round(labels + random.normal(0, 1, n), 1)


@pytest.mark.parametrize("part", [0.02, 0.1, 0.25, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_partial_areas_are_those_of_scikit_learn(seed: int, part: float) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = cases(seed)
    curve = roc(labels, scores)
    assert curve.partial_area(1 - part) == pytest.approx(metrics.roc_auc_score(labels, scores, max_fpr=part))
    expected = metrics.roc_auc_score(~labels, -scores, max_fpr=part)
    assert curve.sensitive_partial_area(1 - part) == pytest.approx(expected)


def test_the_whole_curve_as_its_part_is_the_auc_and_one_score_for_all_is_chance() -> None:
    curve = roc(*cases(0))
    assert curve.partial_area(0.0) == pytest.approx(float(curve.area))
    assert curve.sensitive_partial_area(0.0) == pytest.approx(float(curve.area))
    flat = roc([0, 1, 0, 1], [1.0, 1.0, 1.0, 1.0])
    assert (float(flat.partial_area(0.9)), float(flat.sensitive_partial_area(0.9))) == pytest.approx((0.5, 0.5))


def test_a_weighted_partial_area_is_that_of_the_repeated_cases() -> None:
    labels, scores = cases(1)
    times = np.random.default_rng(2).integers(0, 3, labels.size)
    found = Ranking(labels, scores).curves(np.stack([times, np.ones_like(times)]).astype(float))[0]
    repeated = roc(np.repeat(labels, times), np.repeat(scores, times))
    assert found.partial_area(0.9)[0] == pytest.approx(float(repeated.partial_area(0.9)))
    assert found.sensitive_partial_area(0.9)[1] == pytest.approx(float(roc(labels, scores).sensitive_partial_area(0.9)))


def test_recall_rates_are_shares_of_the_cases_that_are_called() -> None:
    labels, scores = cases(3)
    curve = roc(labels, scores)
    expected = [(scores >= threshold).mean() for threshold in curve.thresholds]
    assert np.allclose(recall_rates(curve, labels.mean()), expected)


def test_the_best_sensitivity_at_a_recall_rate_and_the_smallest_recall_rate_at_a_sensitivity() -> None:
    curve = roc([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], np.arange(10, 0, -1.0))
    assert sensitivity_at_recall(curve, 0.2, 0.1) == 0.5
    assert sensitivity_at_recall(curve, 0.2, 0.29) == 0.5
    assert sensitivity_at_recall(curve, 0.2, 0.3) == 1.0
    assert sensitivity_at_recall(curve, 0.2, 0.05) == 0.0
    assert recall_rate_at(curve, 0.2, 0.9) == pytest.approx(0.3)


def test_what_a_recall_is_worth_depends_on_the_prevalence() -> None:
    assert positive_predictive_value(0.7, 0.95, 0.006) == pytest.approx(0.0779, abs=1e-4)
    assert positive_predictive_value(1.0, 0.0, 0.021) == pytest.approx(0.021)
    assert math.isnan(float(positive_predictive_value(0.0, 1.0, 0.006)))


def test_a_resample_without_one_of_the_classes_has_no_value() -> None:
    curve = Ranking([1, 0, 1], [3.0, 2.0, 1.0]).curves([[1, 0, 1], [0, 2, 0], [1, 1, 1]])[0]
    for values in (
        curve.partial_area(0.9),
        curve.sensitive_partial_area(0.9),
        sensitivity_at_recall(curve, 0.1, 0.1),
        recall_rate_at(curve, 0.1, 0.9),
    ):
        assert np.isnan(values).tolist() == [True, True, False]


@pytest.mark.parametrize("seed", range(30))
def test_few_cases_with_many_ties_are_counted_as_by_hand(seed: int) -> None:
    """One positive among them, or all scores equal, at the ends of prevalence and recall rate too."""
    random = np.random.default_rng(seed)
    labels = np.zeros(random.integers(2, 9), dtype=bool)
    labels[: random.integers(1, labels.size)] = True
    scores = random.integers(0, 1 + seed % 4, labels.size).astype(float)
    curve = roc(labels, scores)
    shares = [((scores >= t)[labels].mean(), (scores >= t)[~labels].mean()) for t in (math.inf, *set(scores))]
    for prevalence in (0.0, 0.006, labels.mean(), 1.0):
        recalls = [(found, prevalence * found + (1 - prevalence) * false) for found, false in shares]
        for limit in (0.0, 0.1, 0.5, 1.0):
            best = max(found for found, recalled in recalls if recalled <= limit + 1e-12)
            assert sensitivity_at_recall(curve, prevalence, limit) == best
            least = min(recalled for found, recalled in recalls if found >= limit - 1e-12)
            assert recall_rate_at(curve, prevalence, limit) == pytest.approx(least)
