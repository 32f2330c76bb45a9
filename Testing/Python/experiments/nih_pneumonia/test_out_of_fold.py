"""What the shipped bundle may say of itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.nih_pneumonia.out_of_fold import EvaluationResult, OutOfFold, advantage, auc_of, evaluate
from readingroom.metrics.auc import auc

EVERY = np.ones(400, dtype=bool)


def predictions(strength: float = 1.5, n: int = 400, repeats: int = 2) -> OutOfFold:
    generator = np.random.default_rng(5)
    labels = np.arange(n) % 2
    logits = strength * (2 * labels - 1) + generator.normal(0, 1.5, (repeats, n))
    patients = np.array([f"P{i // 4:03d}" for i in range(n)])
    folds = np.stack([(np.arange(n) // 4 + r) % 5 for r in range(repeats)])
    return OutOfFold(labels, patients, folds, logits)


def mean_auc(found: OutOfFold, films: int = 400) -> float:
    return float(np.mean([auc(found.labels[:films], repeat[:films]) for repeat in found.logits]))


@pytest.fixture(scope="module")
def evaluated() -> EvaluationResult:
    return evaluate(predictions(), EVERY, resamples=50)


def test_the_auc_is_that_of_one_network_not_of_the_ensemble_of_repeats() -> None:
    found = predictions()
    ensemble = auc(found.labels, found.logits.mean(axis=0))
    single = mean_auc(found)
    assert auc_of(found, resamples=50).value == pytest.approx(single)
    assert single < ensemble


def test_a_better_model_has_an_advantage_whose_interval_is_above_0() -> None:
    found = advantage(predictions(1.5), predictions(0.5), resamples=200)
    assert found.interval is not None
    assert 0 < found.interval.low < found.value < found.interval.high


def test_a_model_has_no_advantage_over_itself() -> None:
    found = predictions()
    assert advantage(found, found, resamples=50).value == 0


def test_rows_restrict_the_auc() -> None:
    found = predictions()
    rows = np.arange(400) < 100
    part = auc_of(found, rows, resamples=50)
    assert part.value == pytest.approx(mean_auc(found, 100))
    assert part.n == 100


def test_probabilities_calibrated_by_other_folds_are_near_the_truth(evaluated: EvaluationResult) -> None:
    slope, intercept = evaluated.metrics["calibration_slope"], evaluated.metrics["calibration_intercept"]
    assert slope.value == pytest.approx(1, abs=0.15)
    assert intercept.value == pytest.approx(0, abs=0.15)


def test_a_fold_does_not_calibrate_itself(evaluated: EvaluationResult) -> None:
    found, before = predictions(), evaluated.cross_fitted_probabilities
    inside = found.folds[0] == 2
    turned = np.where(inside, 1 - found.labels, found.labels)
    after = evaluate(replace(found, labels=turned), EVERY, resamples=50).cross_fitted_probabilities
    assert np.allclose(before[inside], after[inside])
    assert not np.allclose(before[~inside], after[~inside])


def test_the_sensitive_point_is_at_least_as_sensitive_as_the_balanced_one(evaluated: EvaluationResult) -> None:
    points = {point.name: point for point in evaluated.points}
    assert set(points) == {"balanced", "sensitive", "specific"}
    assert points["sensitive"].threshold < points["balanced"].threshold < points["specific"].threshold
    assert points["sensitive"].sensitivity is not None
    assert points["sensitive"].sensitivity.value == pytest.approx(0.95, abs=0.04)


def test_conformal_sets_count_each_patient_once(evaluated: EvaluationResult) -> None:
    assert evaluated.conformal.n == 100
