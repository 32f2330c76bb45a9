"""The bootstrap over patients."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.metrics.binary import OneClassError
from readingroom.metrics.bootstrap import (
    patient_interval,
    patient_intervals,
    patient_resamples,
    patient_weights,
    weighted_mean,
)
from readingroom.metrics.curves import Ranking

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
SCORES = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]


def area(labels=LABELS, scores=SCORES):
    ranking = Ranking(labels, scores)
    return lambda weights: ranking.curves(weights)[0].area


def test_one_image_a_patient_equals_the_plain_bootstrap():
    """Reference: numpy's PCG64 with seed 0, 2000 resamples."""
    drawn = np.concatenate([area()(weights) for weights in patient_weights(range(20), 2000, seed=0)])
    assert drawn.mean() == pytest.approx(0.8810160204297337, abs=1e-9)
    assert drawn.std(ddof=1) == pytest.approx(0.07643952416125074, abs=1e-9)
    found = patient_interval(area(), range(20))
    assert (found.interval.low, found.interval.high) == pytest.approx((0.7, 1.0), abs=1e-9)
    assert (found.value, found.n) == (pytest.approx(auc(LABELS, SCORES), abs=1e-12), 20)


def test_all_images_of_a_patient_are_drawn_together():
    patients = np.array(["b", "a", "b", "c", "a", "b"])
    for weights in patient_weights(patients, 50, seed=1):
        for patient in "abc":
            assert (np.ptp(weights[:, patients == patient], axis=1) == 0).all()
        assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()  # as many patients as there are


def test_weights_and_rows_are_the_same_resamples_in_however_many_blocks(monkeypatch):
    patients = np.array(["b", "a", "b", "c", "a", "b"])
    rows = [np.bincount(rows, minlength=6).tolist() for rows in patient_resamples(patients, 25, seed=4)]
    assert np.concatenate(list(patient_weights(patients, 25, seed=4))).tolist() == rows
    monkeypatch.setattr("readingroom.metrics.bootstrap._AT_ONCE", 6 * 7)
    blocks = list(patient_weights(patients, 25, seed=4))
    assert [len(block) for block in blocks] == [7, 7, 7, 4]
    assert np.concatenate(blocks).tolist() == rows


def test_an_interval_is_that_of_the_metric_on_the_rows_of_each_resample():
    patients = np.arange(20) // 2
    values = []
    for rows in patient_resamples(patients, 300, seed=2):
        try:
            values.append(auc(np.array(LABELS)[rows], np.array(SCORES)[rows]))
        except OneClassError:
            continue
    found = patient_interval(area(), patients, 300, seed=2).interval
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=1e-12)


def test_copies_of_an_image_do_not_narrow_the_interval():
    single = patient_interval(area(), range(20)).interval
    copied = patient_interval(area(np.repeat(LABELS, 3), np.repeat(SCORES, 3)), np.repeat(range(20), 3)).interval
    assert (copied.low, copied.high) == (single.low, single.high)


def test_another_seed_gives_another_interval_and_the_same_seed_the_same():
    first, again, other = (
        patient_interval(lambda weights: weighted_mean(SCORES, weights), range(20), seed=seed) for seed in (3, 3, 4)
    )
    assert first == again
    assert first.interval != other.interval


def test_resamples_of_one_class_are_left_out():
    found = patient_interval(area([0, 1, 1, 1], [0.1, 0.4, 0.3, 0.2]), range(4), resamples=200)
    assert (found.interval.low, found.interval.high) == (1, 1)


def test_too_few_usable_resamples_make_no_interval():
    found = patient_interval(area([1] + 59 * [0], np.arange(60)), range(60), resamples=20, seed=1)
    share = np.concatenate([weights[:, 0] > 0 for weights in patient_weights(range(60), 20, seed=1)]).mean()
    assert share < 0.5
    assert found.interval is None


def test_several_metrics_share_the_resamples_of_one():
    several = patient_intervals(
        lambda weights: {"auc": area()(weights), "mean": weighted_mean(SCORES, weights)}, range(20)
    )
    assert several["auc"] == patient_interval(area(), range(20))
    assert several["mean"].interval.low < np.mean(SCORES) < several["mean"].interval.high


def test_a_metric_that_is_infinite_in_many_resamples_has_no_interval():
    losses = np.array([0.1, 0.2, np.inf, np.inf, 0.3, 0.4])
    found = patient_interval(lambda weights: weighted_mean(losses, weights), list("abcdef"), resamples=50)
    assert found.value == np.inf
    assert found.interval is None


def test_an_infinite_value_that_was_not_drawn_leaves_the_mean_finite():
    means = weighted_mean([0.5, np.inf, 1.5], np.array([[1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]))
    assert means.tolist() == [1.0, np.inf]


def test_a_metric_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="gave"):
        patient_interval(lambda weights: weights.mean(axis=0)[:1], range(20), resamples=10)
