"""Tests of two models by patients, and of several at once; numbers from statsmodels."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc, aucs
from readingroom.metrics.paired_tests import PermutationTest, holm, paired_permutations, permutation_p, wilcoxon


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.2]) == pytest.approx((0.04, 0.09, 0.09, 0.2), abs=1e-12)
    assert holm([0.9, 0.8]) == (1, 1)
    assert holm([]) == ()


def test_what_is_no_p_value_cannot_be_corrected():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, 1.2])


def test_the_smallest_p_of_5000_permutations():
    assert permutation_p(0, 5000) == pytest.approx(0.00019996, abs=1e-8)


def cases(n=60, advantage=0.0, copies=1):
    generator = np.random.default_rng(1)
    labels = np.arange(n) % 2
    first = generator.normal(labels * (1 + advantage), 1)
    second = generator.normal(labels * 1.0, 1)
    patients = np.arange(n)
    return [np.repeat(part, copies) for part in (labels, first, second, patients)]


def compared(labels, first, second, patients, permutations=99, seed=0) -> PermutationTest:
    """Of the AUC."""

    def metrics(scores):
        return {"auc": aucs(labels[:, None], scores[..., None])[:, 0]}

    return paired_permutations(metrics, patients, first, second, permutations, seed)["auc"]


def mean_difference(patients, first, second, permutations=99, seed=0) -> PermutationTest:
    return paired_permutations(lambda s: {"": s.mean(axis=0)}, patients, first, second, permutations, seed)[""]


def test_a_model_does_not_differ_from_itself():
    labels, first, _, patients = cases()
    found = compared(labels, first, first, patients)
    assert (found.difference, found.p) == (0, 1)


def test_a_much_better_model_differs_as_far_as_the_permutations_can_tell():
    labels, first, second, patients = cases(n=200, advantage=3)
    found = compared(labels, first, second, patients, 199)
    assert found.difference > 0.1
    assert found.p == 1 / 200


def test_copies_of_a_patient_s_image_do_not_add_certainty():
    p = []
    for copies in (1, 5):
        labels, first, second, patients = cases(advantage=0.6, copies=copies)
        p.append(compared(labels, first, second, patients, 199).p)
    assert p[0] == p[1]


def test_p_is_uniform_when_the_models_are_alike():
    found = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        first, second = generator.normal(size=(2, 30))
        found.append(mean_difference(np.arange(30), first, second, 99, seed).p)
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.05) < 0.15


def test_answers_of_other_cases_are_refused():
    with pytest.raises(ValueError, match="do not fit together"):
        mean_difference(range(3), [1, 2, 3], [1, 2])


def test_several_metrics_share_the_swaps_of_one():
    labels, first, second, patients = cases(advantage=0.5)

    def metrics(scores):
        return {"auc": aucs(labels[:, None], scores[..., None])[:, 0], "mean": scores.mean(axis=0)}

    both = paired_permutations(metrics, patients, first, second, 99)
    assert both["auc"] == compared(labels, first, second, patients)
    assert both["mean"] == mean_difference(patients, first, second)


def test_swaps_made_many_at_once_are_those_made_one_by_one():
    labels, first, second, patients = cases(advantage=0.5, copies=2)
    generator, people = np.random.default_rng(3), len(np.unique(patients))
    observed = auc(labels, first) - auc(labels, second)
    as_extreme = 0
    for _ in range(199):
        swap = (generator.random(people) < 0.5)[patients]
        difference = auc(labels, np.where(swap, second, first)) - auc(labels, np.where(swap, first, second))
        as_extreme += abs(difference) >= abs(observed) - 1e-12
    assert compared(labels, first, second, patients, 199, seed=3).p == permutation_p(as_extreme, 199)


def test_six_runs_can_never_be_more_significant_than_one_in_32():
    test = wilcoxon([0.9] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert test.p == test.smallest_p == 0.03125
    assert test.n == 6


def test_the_signed_rank_test_by_hand():
    # Differences 1, 2, -3 have ranks 1, 2, 3, which add up to 3 on both sides: nothing is less extreme.
    test = wilcoxon([2, 4, 0], [1, 2, 3])
    assert test.p == 1
    assert test.difference == 0


def test_a_fold_without_a_value_is_left_out():
    assert wilcoxon([0.5, np.nan, 0.7, 0.8], [0.4, 0.5, 0.5, 0.5]).n == 3


def test_equal_results_cannot_be_tested():
    with pytest.raises(ValueError, match="equal in all of them"):
        wilcoxon([0.5, 0.6], [0.5, 0.6])
