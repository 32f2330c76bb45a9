"""AUC, DeLong's interval and test; numbers from an independent implementation (MLstatkit 0.1.91 and closed forms)."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from readingroom.metrics.auc import (
    auc,
    auc_estimate,
    auc_interval,
    aucs,
    compare,
    compare_means,
    delong,
    mean_auc_estimate,
    perfect_interval,
)
from readingroom.metrics.binary import OneClassError
from readingroom.metrics.bootstrap import patient_interval, percentiles
from readingroom.metrics.curves import Ranking

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
FIRST = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]
SECOND = [0.2, 0.5, 0.3, 0.6, 0.4, 0.55, 0.5, 0.8, 0.5, 0.1, 0.45, 0.4, 0.3, 0.6, 0.7, 0.2, 0.6, 0.5, 0.35, 0.5]


def test_ties_count_one_half():
    assert auc([0, 1, 1], [0.5, 0.5, 0.9]) == 0.75


def test_auc_is_the_share_of_pairs_in_the_right_order():
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 2, 60), random.integers(0, 9, 60)
    gaps = np.subtract.outer(scores[labels == 1], scores[labels == 0])
    assert auc(labels, scores) == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean(), abs=1e-12)


def test_delong_covariance_of_two_models():
    areas, covariance = delong(np.array(LABELS, dtype=bool), np.array([FIRST, SECOND]))
    assert areas == pytest.approx([0.88, 0.75], abs=1e-12)
    expected = [0.005688888888888888, 0.007472222222222222, 0.007472222222222222, 0.012222222222222221]
    assert covariance.ravel() == pytest.approx(expected, abs=1e-12)


def test_wald_interval_may_leave_the_range_and_the_logit_interval_does_not():
    wald = auc_estimate(LABELS, FIRST, form="wald").interval
    assert (wald.low, wald.high) == pytest.approx((0.7321702587360344, 1.0278297412639656), abs=1e-9)
    level = 2 * stats.norm.cdf(1.96) - 1  # the reference rounded 1.959964 to 1.96
    logit = auc_estimate(LABELS, FIRST, level=level).interval
    assert (logit.low, logit.high) == pytest.approx((0.6439389200180179, 0.9674648717643732), abs=1e-9)


def test_paired_test_of_two_models():
    test = compare(LABELS, FIRST, SECOND)
    assert test.difference == pytest.approx(0.13, abs=1e-9)
    assert (test.z, test.p) == pytest.approx((2.386761239312208, 0.016997526263810875), abs=1e-9)
    assert test.interval.low > 0


def test_a_perfect_score_has_no_delong_interval():
    assert auc_estimate([0, 0, 1, 1], [1, 2, 3, 4]).interval is None


def test_equal_rankings_cannot_be_compared():
    with pytest.raises(ValueError, match="rank the cases alike"):
        compare(LABELS, FIRST, np.exp(FIRST))


def test_one_class_alone_has_no_auc():
    with pytest.raises(OneClassError):
        auc([1, 1], [0.2, 0.3])


@pytest.mark.parametrize(("labels", "scores"), [([0, 2], [1, 2]), ([0, 1], [1, np.nan]), ([0, 1], [1]), ([], [])])
def test_nonsense_is_refused(labels, scores):
    with pytest.raises(ValueError, match=r"Labels|finite"):
        auc(labels, scores)


def test_copies_of_a_model_have_the_interval_of_one():
    twice = mean_auc_estimate(LABELS, [FIRST, FIRST])
    once = auc_estimate(LABELS, FIRST)
    assert (twice.value, twice.interval.low) == pytest.approx((once.value, once.interval.low), abs=1e-12)


def test_the_mean_of_two_models_is_surer_than_the_worse_one():
    both = mean_auc_estimate(LABELS, [FIRST, SECOND])
    assert both.value == pytest.approx(0.815, abs=1e-12)
    covariance = np.array([[0.005688888888888888, 0.007472222222222222], [0.007472222222222222, 0.012222222222222221]])
    half = 1.959963984540054 * np.sqrt(covariance.mean())
    wald = mean_auc_estimate(LABELS, [FIRST, SECOND], form="wald").interval
    assert wald.high - wald.low == pytest.approx(2 * half, abs=1e-9)


def test_mean_aucs_of_repeats_are_compared():
    once, twice = compare(LABELS, FIRST, SECOND), compare_means(LABELS, [FIRST, FIRST], [SECOND, SECOND])
    assert (twice.z, twice.p) == pytest.approx((once.z, once.p), abs=1e-9)


def test_several_aucs_at_once_are_those_of_each():
    random = np.random.default_rng(4)
    labels, scores = random.integers(0, 2, (40, 3)), random.integers(0, 9, (40, 2, 3))
    found = aucs(labels, scores)
    assert found.shape == (2, 3)
    assert found[1, 2] == auc(labels[:, 2], scores[:, 1, 2])
    with pytest.raises(OneClassError):
        aucs(np.ones((40, 3)), scores)


@pytest.mark.parametrize("area", [0.0, 1.0])
def test_a_perfect_order_of_few_cases_is_not_certain(area: float) -> None:
    few, many = perfect_interval(area, 8, 200), perfect_interval(area, 150, 200)
    for interval, pairs in ((few, 8), (many, 150)):
        uncertain = 1 - 0.025 ** (1 / pairs)  # Clopper and Pearson's bound where all trials agree
        assert interval.high - interval.low == pytest.approx(uncertain)
        assert area in (interval.low, interval.high)


@pytest.mark.parametrize("negatives", [3, 4, 5, 10])
@pytest.mark.parametrize("distance", [0.8, 1.5, 2.5])
def test_intervals_of_few_patients_hold_the_true_auc_as_often_as_they_say(negatives: int, distance: float) -> None:
    generator = np.random.default_rng(negatives)
    truth = np.repeat([True, False], [40, negatives])
    true, held = stats.norm.cdf(distance / np.sqrt(2)), []
    for seed in range(80):
        ranking = Ranking(truth, generator.normal(size=len(truth)) + distance * truth)
        found = patient_interval(
            lambda weights, ranking=ranking: ranking.curves(weights)[0].area,
            np.arange(len(truth)),
            200,
            seed=seed,
            interval=partial(auc_interval, positives=40, negatives=negatives),
        )
        assert found.interval is not None
        held.append(found.interval.low <= true <= found.interval.high)
    assert np.mean(held) > 0.91


@pytest.mark.parametrize("few", [1, 2])
def test_one_or_two_patients_of_a_class_give_no_interval(few: int) -> None:
    resampled = np.linspace(0.6, 0.9, 100)
    assert auc_interval(0.8, resampled, positives=70, negatives=few) is None
    assert auc_interval(1.0, np.ones(100), positives=few, negatives=70) is None
    assert auc_interval(0.8, resampled, positives=70, negatives=3) is not None
    assert auc_interval(0.75, resampled, positives=70, negatives=30) == percentiles(0.75, resampled)
