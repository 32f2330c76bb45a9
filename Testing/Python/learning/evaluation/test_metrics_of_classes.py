"""The metric family of classes: names, intervals and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from readingroom.formatting import TOO_FEW
from readingroom.learning.evaluation.calibrated_predictions import CalibratedPredictions
from readingroom.learning.evaluation.evaluation import evaluate
from readingroom.learning.evaluation.metric_families import NAMES, load_family, title
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.metrics.decisions import f1

CLASSIFICATION = load_family("classification")


def calibrated(classes: int = 2, multilabel: bool = False, rows: int = 60, repeats: int = 1) -> CalibratedPredictions:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, (rows, classes)) if multilabel else np.arange(rows) % classes
    present = truth if multilabel else np.eye(classes)[truth]
    predictions = Predictions(
        classes=tuple("abc"[:classes]),
        multilabel=multilabel,
        study_ids=np.arange(rows).astype(str),
        patients=np.arange(rows).astype(str),
        sites=np.full(rows, ""),
        truth=truth,
        logits=2 * present + generator.normal(0, 1, (repeats, rows, classes)),
        folds=np.zeros((repeats, rows), dtype=int),
    )
    probabilities = predictions.probabilities[0]
    called = probabilities >= 0.5 if multilabel else probabilities.argmax(axis=1)[:, None] == np.arange(classes)
    return CalibratedPredictions(predictions, probabilities, called)


def compute(given: CalibratedPredictions) -> dict:
    return CLASSIFICATION.compute(given, resamples=40)


@pytest.mark.parametrize(("classes", "multilabel"), [(2, False), (3, False), (3, True)])
def test_every_metric_has_a_title_a_finite_value_and_its_number_of_rows(classes: int, multilabel: bool) -> None:
    for name, estimate in compute(calibrated(classes, multilabel)).items():
        assert name.partition(".")[0] in CLASSIFICATION.TITLES
        assert math.isfinite(estimate.value)
        assert estimate.n == 60


def test_intervals_hold_the_value() -> None:
    found = compute(calibrated())
    for name in ("auc", "average_precision", "brier", "pf1", "f1", "accuracy", "sensitivity_at_90_specificity"):
        interval = found[name].interval
        assert interval is not None, name
        assert interval.low <= found[name].value <= interval.high


def test_several_classes_have_their_own_metrics_and_their_mean() -> None:
    given = calibrated(3)
    found = compute(given)
    each = [found[f"f1.{name}"].value for name in "abc"]
    assert each[0] == f1(given.predictions.present("a"), given.called[:, 0])
    assert found["macro_f1"].value == pytest.approx(np.mean(each))
    assert found["brier"].value == pytest.approx(sum(found[f"brier.{name}"].value for name in "abc"))


def test_accuracy_stands_beside_that_of_the_most_frequent_class() -> None:
    given = calibrated().take(np.arange(60) % 6 != 1)
    found = compute(given)
    assert found["majority_accuracy"].value == 0.6
    assert "accuracy" in found


def test_repeats_that_contradict_each_other_disagree() -> None:
    assert "disagreement" not in compute(calibrated())
    assert compute(calibrated(repeats=3))["disagreement"].value > 0.01


def test_delong_needs_one_row_of_each_patient() -> None:
    given = calibrated()
    assert compute(given)["auc_delong"].value == pytest.approx(compute(given)["auc"].value)
    twice = given.take(np.repeat(np.arange(60), 2))
    assert "auc_delong" not in compute(twice)


def test_what_all_resamples_agree_on_is_not_certain() -> None:
    few = calibrated().take(np.arange(12))
    sorted_out = replace(few.predictions, logits=10.0 * np.eye(2)[few.predictions.truth][None])
    found = compute(CalibratedPredictions(sorted_out, few.probabilities, np.eye(2, dtype=bool)[few.predictions.truth]))
    assert found["auc"].value == found["accuracy"].value == found["sensitivity_at_95_specificity"].value == 1.0
    assert found["auc"].interval is not None
    assert found["auc"].interval.low == pytest.approx(0.025 ** (1 / 6))
    assert found["accuracy"].interval is None
    assert found["sensitivity_at_95_specificity"].interval is None


def test_a_class_that_nobody_has_is_left_out() -> None:
    given = calibrated(3)
    found = compute(given.take(given.predictions.truth != 2))
    assert "auc.c" not in found
    assert "balanced_accuracy" not in found
    assert found["auc"].value == pytest.approx((found["auc.a"].value + found["auc.b"].value) / 2)
    assert found["macro_f1"].value == pytest.approx((found["f1.a"].value + found["f1.b"].value) / 2)


def test_one_class_alone_has_no_metrics() -> None:
    given = calibrated()
    assert compute(given.take(given.predictions.truth == 0)) == {}


def test_separated_classes_have_no_calibration_slope() -> None:
    given = calibrated()
    sure = np.where(given.predictions.truth[:, None] == np.arange(2), 0.99, 0.01)
    found = compute(CalibratedPredictions(given.predictions, sure, given.called))
    assert "calibration_slope" not in found
    assert "brier" in found


def test_a_family_is_found_by_its_file() -> None:
    assert "classification" in NAMES
    assert title("auc.covid") == "AUC: covid"
    assert title("something_else") == "something_else"
    with pytest.raises(ValueError, match="no family of metrics named 'other'; there are classification"):
        load_family("other")


def test_probabilities_of_other_rows_are_refused() -> None:
    given = calibrated()
    with pytest.raises(ValueError, match="must be"):
        CalibratedPredictions(given.predictions, given.probabilities[:5], given.called)


@pytest.mark.parametrize("few", [1, 2, 5])
def test_a_class_of_few_patients_gives_no_interval_and_its_reason(few: int) -> None:
    generator = np.random.default_rng(1)
    truth = np.repeat([0, 1], [40, few])
    rows = replace(
        calibrated(rows=40 + few).predictions,
        truth=truth,
        logits=(np.eye(2)[truth] + generator.normal(0, 1, (40 + few, 2)))[None],
    )
    found = evaluate(rows, resamples=60) if few > 1 else None
    metrics = found.metrics if found else CLASSIFICATION.compute(shown(rows), 60)
    assert {name for name, estimate in metrics.items() if estimate.interval} <= {"auc"}
    assert (metrics["auc"].interval is not None) == (few >= 3)
    if found is not None:
        assert TOO_FEW in found.notes
        assert {point.sensitivity.interval is None for point in found.points if point.sensitivity} == {False}
        assert {point.specificity.interval is None for point in found.points if point.specificity} == {few < 3}


def shown(rows: Predictions) -> CalibratedPredictions:
    probabilities = rows.probabilities[0]
    return CalibratedPredictions(rows, probabilities, probabilities.argmax(axis=1)[:, None] == np.arange(2))
