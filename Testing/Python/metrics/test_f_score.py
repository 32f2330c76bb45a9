"""F1 of decisions and of probabilities; numbers of the RSNA 2023 challenge's own pF1 code."""

import numpy as np
import pytest

from readingroom.metrics.binary import OneClassError
from readingroom.metrics.f_score import f1, macro_f1, probabilistic_f1

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


def test_macro_f1_weighs_a_rare_class_like_a_frequent_one():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, called = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 0, 1, 0, 2])
    classes = np.arange(3)[:, None]
    expected = metrics.f1_score(truth, called, average="macro")
    assert macro_f1(truth == classes, called == classes) == pytest.approx(expected, abs=1e-12)


def test_without_positives_there_is_no_f1():
    with pytest.raises(OneClassError):
        f1([0, 0], [0, 1])


def test_what_is_no_probability_has_no_pf1():
    with pytest.raises(ValueError, match="between 0 and 1"):
        probabilistic_f1([0, 1], [0.2, -1.2])
