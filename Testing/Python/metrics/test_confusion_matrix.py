"""Confusion matrices and their rates; numbers from scikit-learn 1.9.1."""

import numpy as np
import pytest

from readingroom.metrics.binary import OneClassError
from readingroom.metrics.confusion_matrix import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    majority_share,
    matthews,
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
    with pytest.raises(OneClassError):
        balanced_accuracy(confusion_matrix([0, 0], [0, 1], 2))


@pytest.mark.parametrize(("truth", "called"), [([0, 1], [0]), ([0, 2], [0, 1]), ([0, -1], [0, 1])])
def test_what_is_no_pair_of_lists_of_classes_is_refused(truth, called):
    with pytest.raises(ValueError, match=r"one length|not there"):
        confusion_matrix(truth, called, 2)
