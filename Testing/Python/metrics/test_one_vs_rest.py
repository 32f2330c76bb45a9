"""Several classes, one against the rest."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.metrics.binary import OneClassError
from readingroom.metrics.calibration import brier
from readingroom.metrics.one_vs_rest import macro, one_vs_rest

GENERATOR = np.random.default_rng(3)
TRUTH = np.arange(90) % 3
PROBABILITIES = GENERATOR.dirichlet([1, 1, 1], 90) * 0.6 + 0.4 * np.eye(3)[TRUTH]
PRESENT = TRUTH[:, None] == np.arange(3)


def test_macro_auc_equals_scikit_learn_s():
    metrics = pytest.importorskip("sklearn.metrics")
    expected = metrics.roc_auc_score(TRUTH, PROBABILITIES, multi_class="ovr")
    assert macro(auc, PRESENT, PROBABILITIES) == pytest.approx(expected, abs=1e-12)


def test_each_class_has_its_own_value():
    found = one_vs_rest(brier, PRESENT, PROBABILITIES)
    assert found[1] == brier(PRESENT[:, 1], PROBABILITIES[:, 1])
    assert found.shape == (3,)


def test_a_class_that_never_occurs_has_no_value():
    with pytest.raises(OneClassError):
        macro(auc, PRESENT & [True, True, False], PROBABILITIES)


def test_tables_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        macro(auc, PRESENT[:, :2], PROBABILITIES)
