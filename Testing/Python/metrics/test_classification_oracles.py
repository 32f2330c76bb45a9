"""Every number on classification that the oracles beside the checkout hold, read from their files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom.metrics.aggregation import aggregate
from readingroom.metrics.auc import auc, auc_estimate, compare, delong
from readingroom.metrics.bootstrap import patient_bootstrap
from readingroom.metrics.calibration import brier, expected_calibration_error
from readingroom.metrics.confusion_matrix import accuracy, balanced_accuracy, confusion_matrix, matthews
from readingroom.metrics.curves import precision_recall, roc
from readingroom.metrics.decision_curve import net_benefit
from readingroom.metrics.ensemble import disagreement
from readingroom.metrics.f_score import f1, probabilistic_f1
from readingroom.metrics.holm import holm
from readingroom.metrics.operating_points import confusion
from readingroom.metrics.paired_runs import corrected_t, sign_flip, wilcoxon
from readingroom.metrics.partial_auc import partial_auc
from readingroom.metrics.proportions import clopper_pearson, wilson
from readingroom.metrics.scoring_rules import log_loss
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
        "logloss": log_loss(y, np.stack([1 - p, p], axis=1)),
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
    found, drawn = patient_bootstrap(auc, range(20), stats["y"], stats["p"]), stats["bootstrap_auc"]
    assert ends(found.estimate.interval) == pytest.approx(drawn["ci95_percentile"], **EXACT)
    assert [found.mean, found.deviation, found.kept] == pytest.approx([drawn["mean"], drawn["sd"], 2000], **EXACT)


def test_paired_tests(stats):
    expected = stats["paired_signflip_exact"]
    a, b = expected["a"], expected["b"]
    assert sign_flip(a, b).p == pytest.approx(expected["p_two_sided"], **EXACT)
    assert wilcoxon(a, b).p == pytest.approx(stats["wilcoxon_same"][1], **EXACT)
    assert wilcoxon(range(1, 7), [0] * 6).p == stats["wilcoxon_n6_all_positive"][1]
    corrected = stats["nadeau_bengio_corrected_t"]
    found = corrected_t(a, b, corrected["n_test_over_n_train"])
    assert [found.t, found.p] == pytest.approx([corrected["t"], corrected["p"]], **EXACT)
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
    assert partial_auc(cancers, scores, 0.9) == pytest.approx(mammo["pauc_demo_maxfpr0.1"], **EXACT)


def test_breasts_and_women(mammo):
    records = mammo["records"]
    values = [record[3] for record in records]
    breasts = [f"{woman}_{side}" for woman, side, _, _ in records]
    mean = aggregate(values, breasts)
    views = aggregate(values, [(breast, record[2]) for breast, record in zip(breasts, records, strict=True)])
    found = {
        "breast_mean": mean,
        "breast_max": aggregate(values, breasts, "max"),
        "breast_mean_of_view_means": aggregate(list(views.values()), [breast for breast, _ in views]),
        "patient_max_of_breast_mean": aggregate(list(mean.values()), [str(b)[0] for b in mean], "max"),
    }
    for name, groups in found.items():
        assert {group: float(value) for group, value in groups.items()} == pytest.approx(mammo[name], **EXACT)


def test_predictive_values_by_prevalence(mammo):
    for name, expected in mammo["ppv_from_sens_spec"].items():
        found = predictive_values(Estimate(0.70), Estimate(0.95), float(name.removeprefix("prev")))
        assert found.positive.value == pytest.approx(expected, **EXACT)
