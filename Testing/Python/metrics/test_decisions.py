"""Confusion matrices, their rates and F1; numbers from scikit-learn 1.9.1 and the pF1 code of RSNA 2023."""

import numpy as np
import pytest

from readingroom.metrics.binary import OneClassError
from readingroom.metrics.decisions import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    majority_share,
    matthews,
    probabilistic_f1,
)

TRUTH = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
CALLED = [0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 1]


def test_rows_are_the_truth_and_columns_what_was_called():
    assert confusion_matrix(TRUTH, CALLED, 2).tolist() == [[7, 3], [3, 7]]
    assert confusion_matrix([0, 0, 2], [0, 1, 2], 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_rates_of_two_classes():
    counts = confusion_matrix(TRUTH, CALLED, 2)
    assert accuracy(counts) == pytest.approx(0.7, abs=1e-9)
    assert balanced_accuracy(counts) == pytest.approx(0.7, abs=1e-9)
    assert matthews(counts) == pytest.approx(0.4, abs=1e-9)


def test_rates_of_three_classes_equal_scikit_learn_s():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    truth, called = generator.integers(0, 3, 50), generator.integers(0, 3, 50)
    counts = confusion_matrix(truth, called, 3)
    assert matthews(counts) == pytest.approx(metrics.matthews_corrcoef(truth, called), abs=1e-12)
    assert balanced_accuracy(counts) == pytest.approx(metrics.balanced_accuracy_score(truth, called), abs=1e-12)


@pytest.mark.parametrize(("cases", "cancers", "share"), [(54706, 1158, 0.9788323035864439), (11913, 486, 0.9592042306)])
def test_calling_every_mammogram_normal_is_nearly_always_right(cases, cancers, share):
    truth = np.arange(cases) < cancers
    counts = confusion_matrix(truth.astype(int), np.zeros(cases, dtype=int), 2)
    assert accuracy(counts) == majority_share(counts) == pytest.approx(share, abs=1e-9)
    assert balanced_accuracy(counts) == 0.5
    assert matthews(counts) == 0


def test_a_class_without_cases_has_no_balanced_accuracy():
    assert np.isnan(balanced_accuracy(confusion_matrix([0, 0], [0, 1], 2)))


@pytest.mark.parametrize(("truth", "called"), [([0, 1], [0]), ([0, 2], [0, 1]), ([0, -1], [0, 1])])
def test_what_is_no_pair_of_lists_of_classes_is_refused(truth, called):
    with pytest.raises(ValueError, match=r"one length|not there"):
        confusion_matrix(truth, called, 2)


LABELS = [0, 0, 0, 1, 0, 1, 0, 0, 1, 0]
PROBABILITIES = [0.1, 0.05, 0.4, 0.8, 0.2, 0.3, 0.02, 0.6, 0.9, 0.1]
OTHER_LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
OTHER_PROBABILITIES = [
    0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75,
]  # fmt: skip


def test_probabilistic_f1():
    assert probabilistic_f1(LABELS, PROBABILITIES) == pytest.approx(0.6182380216383307, abs=1e-9)


def test_f1_of_decisions_at_one_half():
    assert f1(LABELS, np.array(PROBABILITIES) >= 0.5) == pytest.approx(0.6666666666666666, abs=1e-9)
    assert f1(OTHER_LABELS, np.array(OTHER_PROBABILITIES) >= 0.5) == pytest.approx(0.7, abs=1e-9)


def test_probabilistic_f1_of_certainties_is_f1():
    decisions = np.array(PROBABILITIES) >= 0.5
    assert probabilistic_f1(LABELS, decisions.astype(float)) == f1(LABELS, decisions)


def test_calling_nothing_scores_0():
    assert f1([0, 1], [0, 0]) == 0


def test_without_positives_there_is_no_f1():
    with pytest.raises(OneClassError):
        f1([0, 0], [0, 1])


def test_what_is_no_probability_has_no_pf1():
    with pytest.raises(ValueError, match="between 0 and 1"):
        probabilistic_f1([0, 1], [0.2, -1.2])


def test_weights_count_like_copies_of_a_case():
    generator = np.random.default_rng(7)
    truth, called = generator.integers(0, 3, (2, 40))
    weights = generator.integers(0, 4, (5, 40)).astype(float)
    counts = confusion_matrix(truth, called, 3, weights)
    for row, table in zip(weights.astype(int), counts, strict=True):
        copied = np.repeat(np.arange(40), row)
        alone = confusion_matrix(truth[copied], called[copied], 3)
        assert table.tolist() == alone.tolist()
    for rate in (accuracy, balanced_accuracy, majority_share, matthews):
        assert rate(counts).tolist() == [rate(table) for table in counts]


def test_f1_by_weights_is_that_of_the_copied_cases_and_nan_without_a_positive():
    labels, called = np.array(OTHER_LABELS), np.array(OTHER_PROBABILITIES) >= 0.5
    weights = np.random.default_rng(1).integers(0, 3, (4, 20)).astype(float)
    weights[3] = labels == 0
    found = f1(labels, called, weights)
    for row, value in zip(weights[:3].astype(int), found[:3], strict=True):
        copied = np.repeat(np.arange(20), row)
        assert value == pytest.approx(f1(labels[copied], called[copied]), abs=1e-12)
    assert np.isnan(found[3])
