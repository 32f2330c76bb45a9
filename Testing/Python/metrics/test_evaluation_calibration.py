"""Brier score, recalibration, reliability bins and ECE."""

import numpy as np
import pytest
from scipy import special

from readingroom.metrics.binary import OneClassError
from readingroom.metrics.calibration import brier, expected_calibration_error, recalibration, reliability_bins

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
PROBABILITIES = [
    0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75,
]  # fmt: skip


def truth_and_probabilities(slope: float, intercept: float, n: int = 4000):
    """Cases whose true calibration is known."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, n)
    return (random.random(n) < special.expit(slope * logits + intercept)).astype(int), special.expit(logits)


def test_brier_score():
    assert brier(LABELS, PROBABILITIES) == pytest.approx(0.151125, abs=1e-9)


def test_ece_with_ten_bins():
    assert expected_calibration_error(LABELS, PROBABILITIES) == pytest.approx(0.2075, abs=1e-9)


def test_bins_hold_every_case_once_and_leave_out_empty_ones():
    table = reliability_bins(LABELS, PROBABILITIES)
    assert sum(row.observed.n for row in table) == 20
    assert all(row.low <= row.mean_probability <= row.high for row in table)
    assert len(reliability_bins([0, 1], [0.0, 1.0])) == 2


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.0), (1.6, 0.0)])
def test_the_slope_is_found_with_an_interval_around_it(slope, intercept):
    labels, probabilities = truth_and_probabilities(slope, intercept)
    found = recalibration(labels, probabilities).slope
    assert found.interval.low < slope < found.interval.high
    assert found.interval.high - found.interval.low < 0.25


def test_the_intercept_says_that_the_finding_is_more_frequent():
    labels, probabilities = truth_and_probabilities(1.0, 0.7)
    found = recalibration(labels, probabilities).intercept
    assert found.interval.low < 0.7 < found.interval.high
    assert found.interval.low > 0


def test_copies_of_a_patient_do_not_narrow_the_interval():
    labels, probabilities = truth_and_probabilities(1.0, 0.0, n=300)
    plain = recalibration(np.repeat(labels, 4), np.repeat(probabilities, 4)).slope.interval
    robust = recalibration(np.repeat(labels, 4), np.repeat(probabilities, 4), np.repeat(np.arange(300), 4))
    assert robust.slope.interval.high - robust.slope.interval.low > 1.5 * (plain.high - plain.low)


def test_a_certain_probability_has_no_slope():
    with pytest.raises(ValueError, match="no logit"):
        recalibration([0, 1, 1], [0.1, 1.0, 0.6])


def test_one_class_alone_cannot_be_recalibrated():
    with pytest.raises(OneClassError):
        recalibration([1, 1], [0.4, 0.6])


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        brier([0, 1], [0.2, 1.2])


def test_ece_depends_on_which_bin_an_edge_belongs_to():
    """Edges as floats make them (0.6 is a hair below the seventh, as in netcal), and bins that own their right edge."""
    for edges, right, expected in ((np.linspace(0, 1, 11), False, 0.1875), (np.arange(11) / 10, True, 0.1525)):
        which = np.digitize(PROBABILITIES, edges, right)
        gaps = [np.sum((which == b) * (np.array(PROBABILITIES) - LABELS)) for b in np.unique(which)]
        assert np.abs(gaps).sum() / 20 == pytest.approx(expected, abs=1e-9)
        assert abs(expected_calibration_error(LABELS, PROBABILITIES) - expected) > 0.01
