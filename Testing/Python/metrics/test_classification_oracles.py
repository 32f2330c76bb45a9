"""Every number on classification that the oracles beside the checkout hold, read from their files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom.metrics.auc import auc, auc_estimate, compare, delong
from readingroom.metrics.bootstrap import patient_interval, patient_weights
from readingroom.metrics.calibration import brier, expected_calibration_error
from readingroom.metrics.class_probabilities import disagreement, log_loss
from readingroom.metrics.curves import Ranking, precision_recall, roc
from readingroom.metrics.decision_curve import net_benefit
from readingroom.metrics.decisions import accuracy, balanced_accuracy, confusion_matrix, f1, matthews, probabilistic_f1
from readingroom.metrics.operating_points import confusion
from readingroom.metrics.paired_tests import holm, wilcoxon
from readingroom.metrics.proportions import clopper_pearson, wilson
from readingroom.reading import Estimate
from readingroom.trust.conformal import lac_members, lac_quantile, minimum_cases
from readingroom.trust.predictive_values import predictive_values

EXACT = {"abs": 1e-9}


@pytest.fixture(scope="module")
def stats(shared):
    return json.loads((shared / "oracles" / "stats" / "stats.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def mammo(shared):
    return json.loads((shared / "oracles" / "mammo" / "mammo.json").read_text("utf-8"))


def ends(interval):
    return [interval.low, interval.high]


def test_wilcoxon_over_folds(stats):
    pairs = stats["paired_signflip_exact"]
    assert wilcoxon(pairs["a"], pairs["b"]).p == pytest.approx(stats["wilcoxon_same"][1], **EXACT)
    assert wilcoxon(np.arange(1, 7), np.zeros(6)).p == pytest.approx(stats["wilcoxon_n6_all_positive"][1], **EXACT)


def test_point_metrics(stats):
    y, p, expected = np.array(stats["y"]), np.array(stats["p"]), stats["point"]
    counts, table = confusion(y, p, 0.5), confusion_matrix(y, (p >= 0.5).astype(int), 2)
    found = {
        "auc": auc(y, p),
        "auc_second": auc(y, stats["q_second_model"]),
        "ap": precision_recall(y, p).average_precision,
        "acc": accuracy(table),
        "prec": counts.true_positives / (counts.true_positives + counts.false_positives),
        "rec": counts.sensitivity.value,
        "f1": f1(y, p >= 0.5),
        "bal_acc": balanced_accuracy(table),
        "mcc": matthews(table),
        "brier": brier(y, p),
        "logloss": log_loss(y, np.stack([1 - p, p], axis=1)).mean(),
        "spec": counts.specificity.value,
        "tp": counts.true_positives,
        "fp": counts.false_positives,
        "tn": counts.true_negatives,
        "fn": counts.false_negatives,
    }
    assert found == pytest.approx(expected, **EXACT)
    assert expected_calibration_error(y, p) == pytest.approx(stats["ece_10_equal_width"], **EXACT)


def test_delong(stats):
    y, p, q, expected = stats["y"], stats["p"], stats["q_second_model"], stats["delong"]
    areas, covariance = delong(np.array(y, dtype=bool), np.array([p, q]))
    assert areas == pytest.approx(expected["auc"], **EXACT)
    assert np.diag(covariance) == pytest.approx(expected["var"], **EXACT)
    assert covariance[0, 1] == pytest.approx(expected["cov"], **EXACT)
    tested = compare(y, p, q)
    assert [tested.z, tested.p] == pytest.approx([expected["z"], expected["p"]], **EXACT)
    assert ends(auc_estimate(y, p, form="wald").interval) == pytest.approx(expected["ci95_wald"], **EXACT)
    # The reference has 1.96 for 1.959964 here.
    assert ends(auc_estimate(y, p).interval) == pytest.approx(expected["ci95_logit"], abs=1e-5)


def test_intervals(stats):
    expected = stats["proportion_6_of_8"]
    assert ends(wilson(6, 8)) == pytest.approx(expected["wilson"], **EXACT)
    assert ends(clopper_pearson(6, 8)) == pytest.approx(expected["beta"], **EXACT)
    ranking, drawn = Ranking(stats["y"], stats["p"]), stats["bootstrap_auc"]
    found = patient_interval(lambda weights: ranking.curves(weights)[0].area, range(20))
    assert ends(found.interval) == pytest.approx(drawn["ci95_percentile"], **EXACT)
    values = np.concatenate([ranking.curves(weights)[0].area for weights in patient_weights(range(20), 2000, 0)])
    assert [values.mean(), values.std(ddof=1)] == pytest.approx([drawn["mean"], drawn["sd"]], **EXACT)


def test_correction_of_several_tests(stats):
    assert list(holm(stats["holm_bonferroni"]["p"])) == pytest.approx(stats["holm_bonferroni"]["holm"], **EXACT)


def test_conformal_sets(stats):
    expected = stats["conformal_LAC"]
    quantile = lac_quantile(expected["scores"], 1 - expected["alpha"])
    assert quantile == expected["qhat"]
    assert [sorted(lac_members(row, quantile)) for row in expected["probs"]] == expected["sets"]
    for alpha, needed in expected["min_n_for_alpha"].items():
        assert minimum_cases(1 - float(alpha)) == needed


def test_disagreement_of_models(stats):
    expected = stats["ensemble_uncertainty"]
    found = disagreement(np.array(expected["members"])[:, None])
    assert found.total[0] == pytest.approx(expected["predictive_entropy_nats"], **EXACT)
    assert found.within[0] == pytest.approx(expected["expected_entropy"], **EXACT)
    assert found.between[0] == pytest.approx(expected["mutual_information"], **EXACT)


def test_decision_curve(stats):
    y, p = stats["y"], stats["p"]
    for threshold, expected in stats["decision_curve"].items():
        assert net_benefit(y, p, float(threshold)) == pytest.approx(expected, **EXACT)
    for threshold, expected in stats["decision_curve_treat_all"].items():
        assert net_benefit(y, np.ones(20), float(threshold)) == pytest.approx(expected, **EXACT)


def test_mammography_scores(mammo):
    labels, probabilities = mammo["labels"], np.array(mammo["probs"])
    assert probabilistic_f1(labels, probabilities) == pytest.approx(mammo["pF1"], **EXACT)
    assert f1(labels, probabilities >= 0.5) == pytest.approx(mammo["pF1_at_0.5"], **EXACT)
    best, threshold = mammo["best_threshold"]
    assert f1(labels, probabilities > threshold) == pytest.approx(best, **EXACT)
    scores, cancers = np.arange(100) / 100, np.isin(np.arange(100), [55, 60, 75, 81, 90, 92, 95, 97, 98, 99])
    assert roc(cancers, scores).sensitivity_at(0.9) == pytest.approx(mammo["sens_at_spec_0.90"], **EXACT)
    assert auc(cancers, scores) == pytest.approx(mammo["auc_demo"], **EXACT)
    assert roc(cancers, scores).partial_area(0.9) == pytest.approx(mammo["pauc_demo_maxfpr0.1"], **EXACT)


def test_predictive_values_by_prevalence(mammo):
    for name, expected in mammo["ppv_from_sens_spec"].items():
        found = predictive_values(Estimate(0.70), Estimate(0.95), float(name.removeprefix("prev")))
        assert found.positive.value == pytest.approx(expected, **EXACT)
