"""Net benefit; numbers from an independent implementation."""

import numpy as np
import pytest

from readingroom.metrics.decision_curve import decision_curve, net_benefit

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
PROBABILITIES = [
    0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75,
]  # fmt: skip


def test_net_benefit_of_model_and_of_everybody():
    found = decision_curve(LABELS, PROBABILITIES, (0.1, 0.2, 0.3, 0.5))
    assert [point.model for point in found] == pytest.approx([0.45, 0.4125, 0.39285714285714285, 0.2], abs=1e-9)
    expected = [0.4444444444444444, 0.375, 0.2857142857142857, 0.0]
    assert [point.everybody for point in found] == pytest.approx(expected, abs=1e-9)


def test_a_perfect_model_has_the_prevalence_as_net_benefit():
    assert net_benefit([1, 0, 0, 0], [1.0, 0, 0, 0], 0.7) == 0.25


def test_the_curve_runs_from_1_to_99_percent():
    found = decision_curve(LABELS, PROBABILITIES)
    assert [found[0].threshold, found[-1].threshold, len(found)] == [0.01, 0.99, 99]
    assert np.isfinite([point.model for point in found]).all()


def test_nobody_acts_from_a_threshold_of_1():
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit(LABELS, PROBABILITIES, 1.0)
