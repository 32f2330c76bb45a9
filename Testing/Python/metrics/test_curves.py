"""ROC and precision-recall points, average precision; numbers from scikit-learn 1.9.1."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.metrics.binary import OneClassError
from readingroom.metrics.curves import Ranking, precision_recall, roc

LABELS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1]
SCORES = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.55, 0.9, 0.6, 0.05, 0.3, 0.45, 0.25, 0.5, 0.65, 0.15, 0.85, 0.6, 0.3, 0.75]
RANKED = np.arange(100) / 100
RARE = np.isin(np.arange(100), [55, 60, 75, 81, 90, 92, 95, 97, 98, 99]).astype(int)


def average_precision(labels, scores):
    return precision_recall(labels, scores).average_precision


def test_average_precision():
    assert average_precision(LABELS, SCORES) == pytest.approx(0.8961247086247085, abs=1e-9)


def test_average_precision_of_a_constant_is_the_share_of_positives():
    assert average_precision([0, 0, 0, 1], [0.3] * 4) == 0.25


def test_the_area_under_the_roc_points_is_the_auc():
    curve = roc(LABELS, SCORES)
    assert curve.area == pytest.approx(auc(LABELS, SCORES), abs=1e-12)
    tied = roc([0, 1, 1], [0.5, 0.5, 0.9])
    assert tied.area == pytest.approx(0.75, abs=1e-12)


def test_a_roc_curve_runs_from_nobody_to_everybody():
    curve = roc(LABELS, SCORES)
    assert (curve.sensitivity[0], curve.specificity[0], curve.thresholds[0]) == (0, 1, np.inf)
    assert (curve.sensitivity[-1], curve.specificity[-1]) == (1, 0)


def test_equal_scores_are_one_point():
    curve = precision_recall([1, 0, 1], [0.5, 0.5, 0.2])
    assert curve.thresholds.tolist() == [0.5, 0.2]
    assert curve.precision == pytest.approx([1 / 2, 2 / 3])
    assert curve.recall == pytest.approx([1 / 2, 1])
    assert curve.chance == pytest.approx(2 / 3)


def test_points_equal_scikit_learn_s():
    metrics = pytest.importorskip("sklearn.metrics")
    wrong, right, _ = metrics.roc_curve(LABELS, SCORES, drop_intermediate=False)
    ours = roc(LABELS, SCORES)
    assert np.allclose(ours.sensitivity, right)
    assert np.allclose(1 - ours.specificity, wrong)
    precision, recall, _ = metrics.precision_recall_curve(LABELS, SCORES)
    assert np.allclose(precision_recall(LABELS, SCORES).precision, precision[-2::-1])
    assert np.allclose(precision_recall(LABELS, SCORES).recall, recall[-2::-1])


@pytest.mark.parametrize("metric", [average_precision, roc, precision_recall])
def test_one_class_alone_has_no_curve(metric):
    with pytest.raises(OneClassError):
        metric([1, 1], [0.2, 0.3])


def test_sensitivity_and_specificity_are_read_off_the_roc_curve():
    curve = roc(RARE, RANKED)
    assert curve.sensitivity_at(0.9) == pytest.approx(0.6, abs=1e-9)
    assert curve.specificity_at(0.8) == pytest.approx(73 / 90, abs=1e-9)
    assert (curve.sensitivity_at(0.0), curve.specificity_at(0.0)) == (1, 1)


def test_curves_by_weights_are_those_of_the_copied_cases():
    weights = np.random.default_rng(2).integers(0, 3, (6, 20))
    weighted, precise = Ranking(LABELS, SCORES).curves(weights)
    for number, row in enumerate(weights):
        copied = np.repeat(np.arange(20), row)
        alone, alone_precise = Ranking(np.array(LABELS)[copied], np.array(SCORES)[copied]).curves()
        assert weighted.area[number] == pytest.approx(alone.area, abs=1e-12)
        assert weighted.sensitivity_at(0.8)[number] == pytest.approx(alone.sensitivity_at(0.8), abs=1e-12)
        assert weighted.specificity_at(0.8)[number] == pytest.approx(alone.specificity_at(0.8), abs=1e-12)
        assert precise.average_precision[number] == pytest.approx(alone_precise.average_precision, abs=1e-12)
        assert precise.chance[number] == pytest.approx(alone_precise.chance, abs=1e-12)


def test_weights_without_a_positive_or_without_a_negative_have_no_number():
    for weights in (np.array(LABELS), 1 - np.array(LABELS)):
        curve = Ranking(LABELS, SCORES).curves(weights)[0]
        assert np.isnan([curve.area, curve.sensitivity_at(0.9), curve.specificity_at(0.9)]).all()
