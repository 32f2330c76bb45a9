"""Tests of two models: by patients, by folds, and several at once; numbers from scipy and statsmodels."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.metrics.holm import holm
from readingroom.metrics.paired_runs import corrected_t, sign_flip, wilcoxon
from readingroom.metrics.permutation import paired_permutation, paired_permutations, permutation_p

FIRST = [0.61, 0.55, 0.6, 0.52, 0.66, 0.58, 0.57, 0.63, 0.59, 0.53]
SECOND = [0.53, 0.54, 0.55, 0.5, 0.6, 0.57, 0.49, 0.6, 0.51, 0.55]


def test_exact_sign_flip():
    found = sign_flip(FIRST, SECOND)
    assert found.difference == pytest.approx(0.04, abs=1e-9)
    assert found.p == pytest.approx(0.01171875, abs=1e-12)
    assert found.smallest_p == 2 / 1024


def test_many_pairs_are_flipped_at_random_and_p_is_never_0():
    found = sign_flip(np.arange(1.0, 41), np.zeros(40), permutations=199)
    assert found.p == found.smallest_p == 1 / 200


def test_wilcoxon():
    assert wilcoxon(FIRST, SECOND).p == pytest.approx(0.01171875, abs=1e-9)


def test_six_runs_cannot_give_a_p_below_its_floor():
    found = wilcoxon(np.arange(1.0, 7), np.zeros(6))
    assert found.p == found.smallest_p == 0.03125


def test_equal_runs_have_nothing_to_test():
    with pytest.raises(ValueError, match="equal in every pair"):
        wilcoxon([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="no variance"):
        corrected_t([1.0, 2.0], [1.0, 2.0], 0.1)


def test_corrected_t_of_ten_folds():
    found = corrected_t(FIRST, SECOND, 1 / 9)
    assert found.t == pytest.approx(2.4678382369818683, abs=1e-9)
    assert found.p == pytest.approx(0.03569665009600467, abs=1e-9)


def test_without_its_correction_the_t_test_is_the_usual_one():
    found = corrected_t(FIRST, SECOND, 0)
    assert (found.t, found.p) == pytest.approx((3.5856858280031823, 0.00587827548991775), abs=1e-9)


def test_lists_of_different_lengths_are_no_pairs():
    for test in (sign_flip, wilcoxon):
        with pytest.raises(ValueError, match="one length"):
            test(FIRST, SECOND[:5])


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


def test_a_model_does_not_differ_from_itself():
    labels, first, _, patients = cases()
    found = paired_permutation(lambda scores: auc(labels, scores), patients, first, first, 99)
    assert (found.difference, found.p) == (0, 1)


def test_a_much_better_model_differs_as_far_as_the_permutations_can_tell():
    labels, first, second, patients = cases(n=200, advantage=3)
    found = paired_permutation(lambda scores: auc(labels, scores), patients, first, second, 199)
    assert found.difference > 0.1
    assert found.p == 1 / 200


def test_copies_of_a_patient_s_image_do_not_add_certainty():
    p = []
    for copies in (1, 5):
        labels, first, second, patients = cases(advantage=0.6, copies=copies)
        p.append(paired_permutation(lambda s, y=labels: auc(y, s), patients, first, second, 199).p)
    assert p[0] == p[1]


def test_p_is_uniform_when_the_models_are_alike():
    found = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        first, second = generator.normal(size=(2, 30))
        found.append(paired_permutation(np.mean, np.arange(30), first, second, 99, seed).p)
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.05) < 0.15


def test_answers_of_other_cases_are_refused():
    with pytest.raises(ValueError, match="do not fit together"):
        paired_permutation(np.mean, range(3), [1, 2, 3], [1, 2])


def test_several_metrics_share_the_swaps_of_one():
    labels, first, second, patients = cases(advantage=0.5)
    alone = paired_permutation(lambda scores: auc(labels, scores), patients, first, second, 99)
    both = paired_permutations(lambda s: {"auc": auc(labels, s), "mean": float(s.mean())}, patients, first, second, 99)
    assert both["auc"] == alone
    assert 0 < both["mean"].p <= 1
