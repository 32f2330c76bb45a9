"""The bootstrap over patients."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.metrics.bootstrap import patient_bootstrap, patient_intervals, patient_resamples

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
SCORES = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]


def test_one_image_a_patient_equals_the_plain_bootstrap():
    """Reference: numpy's PCG64 with seed 0, 2000 resamples."""
    found = patient_bootstrap(auc, range(20), LABELS, SCORES)
    assert found.mean == pytest.approx(0.8810160204297337, abs=1e-9)
    assert found.deviation == pytest.approx(0.07643952416125074, abs=1e-9)
    assert (found.estimate.interval.low, found.estimate.interval.high) == pytest.approx((0.7, 1.0), abs=1e-9)
    assert (found.kept, found.patients, found.estimate.n) == (2000, 20, 20)


def test_all_images_of_a_patient_are_drawn_together():
    patients = np.array(["b", "a", "b", "c", "a", "b"])
    for rows in patient_resamples(patients, 50, seed=1):
        drawn, counts = np.unique(rows, return_counts=True)
        for patient in "abc":
            assert len(set(counts[np.isin(drawn, np.flatnonzero(patients == patient))])) <= 1
            inside = np.isin(np.flatnonzero(patients == patient), drawn)
            assert inside.all() or not inside.any()


def test_copies_of_an_image_do_not_narrow_the_interval():
    single = patient_bootstrap(auc, range(20), LABELS, SCORES).estimate.interval
    copied = patient_bootstrap(auc, np.repeat(range(20), 3), np.repeat(LABELS, 3), np.repeat(SCORES, 3))
    assert (copied.estimate.interval.low, copied.estimate.interval.high) == (single.low, single.high)


def test_another_seed_gives_another_interval_and_the_same_seed_the_same():
    first, again, other = (patient_bootstrap(np.mean, range(20), SCORES, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.mean != other.mean


def test_resamples_of_one_class_are_left_out_and_counted():
    found = patient_bootstrap(auc, range(4), [0, 1, 1, 1], [0.1, 0.4, 0.3, 0.2], resamples=200)
    assert 100 < found.kept < 200


def test_too_few_usable_resamples_are_an_error():
    with pytest.raises(ValueError, match="too few cases"):
        patient_bootstrap(auc, range(60), [1] + 59 * [0], np.arange(60), resamples=20, seed=1)


def test_several_metrics_share_the_resamples_of_one():
    single = patient_bootstrap(auc, range(20), LABELS, SCORES).estimate
    several = patient_intervals(
        lambda labels, scores: {"auc": auc(labels, scores), "mean": float(scores.mean())}, range(20), LABELS, SCORES
    )
    assert several["auc"] == single
    assert several["mean"].interval.low < np.mean(SCORES) < several["mean"].interval.high


def test_a_metric_that_most_resamples_lack_has_no_interval():
    def metrics(labels):
        return {"positives": 1.0} if labels[0] else {}

    found = patient_intervals(metrics, range(30), [1] + 29 * [0], resamples=40)
    assert found["positives"].interval is None


def test_a_metric_that_is_infinite_in_many_resamples_has_no_interval():
    losses = np.array([0.1, 0.2, np.inf, np.inf, 0.3, 0.4])
    found = patient_intervals(lambda x: {"loss": float(x.mean())}, list("abcdef"), losses, resamples=50)
    assert found["loss"].interval is None
