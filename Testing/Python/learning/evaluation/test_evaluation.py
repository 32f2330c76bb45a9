"""What a model is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from readingroom.bundles.metadata import ClassifierMetadata, Label, Preprocessing, Training, from_json
from readingroom.errors import InputError
from readingroom.learning.evaluation.evaluation import EvaluationResult, evaluate, evaluate_bundle
from readingroom.learning.evaluation.predictions import EXTERNAL, Predictions
from readingroom.metrics.auc import auc

CLASSES = ("covid", "pneumonia", "normal")


def binary(strength: float = 1.5, patients: int = 100, studies: int = 2, repeats: int = 2) -> Predictions:
    """Every patient has several studies with one truth."""
    generator = np.random.default_rng(5)
    who = np.repeat(np.arange(patients), studies)
    truth = who % 2
    scores = strength * (1 - 2 * truth) + generator.normal(0, 1.5, (repeats, len(who)))
    return Predictions(
        classes=("cancer", "none"),
        multilabel=False,
        study_ids=np.arange(len(who)).astype(str),
        patients=np.array([f"P{i:03d}" for i in who]),
        sites=np.full(len(who), "north"),
        truth=truth,
        logits=np.stack([scores, np.zeros_like(scores)], axis=2),
        folds=np.stack([(who // 2 + r) % 5 for r in range(repeats)]),
    )


def several(multilabel: bool, rows: int = 150, temperature: float = 2.0) -> Predictions:
    """Truth drawn from the softmax or sigmoid of ``logits / temperature``, so the true temperature is known."""
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 3, (1, rows, 3))
    chances = np.exp(logits[0] / temperature)
    if multilabel:
        truth = (generator.random((rows, 3)) < chances / (1 + chances)).astype(int)
    else:
        truth = np.array([generator.choice(3, p=row / row.sum()) for row in chances])
    return Predictions(
        classes=CLASSES,
        multilabel=multilabel,
        study_ids=np.arange(rows).astype(str),
        patients=np.array([f"P{i:03d}" for i in range(rows)]),
        sites=np.full(rows, "north"),
        truth=truth,
        logits=logits,
        folds=np.arange(rows)[None] % 5,
    )


def bundle_of(evaluated: EvaluationResult) -> ClassifierMetadata:
    predictions = evaluated.calibrated.predictions
    return ClassifierMetadata(
        name="own-cancer",
        title="Cancer",
        version="1.0.0",
        reader="chest-xray",
        task="own",
        backbone="resnet18",
        labels=tuple(Label(name, name) for name in predictions.classes),
        multilabel=predictions.multilabel,
        preprocessing=Preprocessing("picture", (64, 64), 1, mean=(0.5,), std=(0.2,)),
        training=Training("rigorous", 100, 200, {}, ("phantoms",), 0),
        intended_use="Tests.",
        license="Apache-2.0",
        demonstration=True,
        calibration=evaluated.calibration,
        operating_points=evaluated.points,
        default_operating_point=evaluated.default_point,
        conformal=evaluated.conformal,
        metrics=evaluated.metrics,
    )


@pytest.fixture(scope="module")
def cancer() -> EvaluationResult:
    return evaluate(binary(), resamples=60)


@pytest.fixture(scope="module")
def diseases() -> EvaluationResult:
    return evaluate(several(multilabel=False), resamples=60)


@pytest.fixture(scope="module")
def labels() -> EvaluationResult:
    return evaluate(several(multilabel=True), resamples=60)


def test_the_auc_is_the_mean_over_repeats(cancer: EvaluationResult) -> None:
    found = binary()
    expected = np.mean([auc(found.present("cancer"), repeat) for repeat in found.scores("cancer")])
    assert cancer.metrics["auc"].value == pytest.approx(expected)
    assert cancer.metrics["auc"].interval is not None


def test_every_fitted_part_goes_into_a_bundle_and_comes_back(
    cancer: EvaluationResult, diseases: EvaluationResult, labels: EvaluationResult
) -> None:
    for evaluated in (cancer, diseases, labels):
        made = bundle_of(evaluated)
        assert from_json(made.to_json()) == made
        assert made.calibration is not None
        assert made.conformal is not None


def test_probabilities_of_other_folds_mean_what_they_say(cancer: EvaluationResult) -> None:
    for name, perfect in (("calibration_slope", 1), ("calibration_intercept", 0)):
        interval = cancer.metrics[name].interval
        assert interval is not None
        assert interval.low < perfect < interval.high


def test_several_classes_share_one_temperature_near_the_true_one(diseases: EvaluationResult) -> None:
    assert diseases.calibration is not None
    assert diseases.calibration.temperature.temperature == pytest.approx(2, abs=0.4)
    assert np.allclose(diseases.calibrated.probabilities.sum(axis=1), 1)


def test_each_label_has_its_own_calibration_points_and_sets(labels: EvaluationResult) -> None:
    assert labels.calibration is not None
    assert labels.conformal is not None
    assert list(labels.calibration.platt) == list(CLASSES)
    assert [scaling.slope for scaling in labels.calibration.platt.values()] == pytest.approx([0.5] * 3, abs=0.2)
    assert {point.finding for point in labels.points} == set(CLASSES)
    assert set(labels.conformal.by_finding) == set(CLASSES)


def test_the_mean_over_classes_is_that_of_the_classes(diseases: EvaluationResult, labels: EvaluationResult) -> None:
    for evaluated in (diseases, labels):
        each = [evaluated.metrics[f"auc.{name}"].value for name in CLASSES]
        assert evaluated.metrics["auc"].value == pytest.approx(np.mean(each))


def test_prediction_sets_hold_the_truth_as_often_as_promised(
    cancer: EvaluationResult, diseases: EvaluationResult, labels: EvaluationResult
) -> None:
    found = [cancer.metrics["set_coverage"], diseases.metrics["set_coverage"]]
    found += [labels.metrics[f"set_coverage.{name}"] for name in CLASSES]
    assert [coverage.value for coverage in found] == pytest.approx([0.9] * 5, abs=0.06)


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_fold_does_not_calibrate_itself(multilabel: bool) -> None:
    found = several(multilabel)
    before = evaluate(found, resamples=0).calibrated
    inside = found.folds[0] == 2
    turned = found.truth.copy()
    turned[inside] = 1 - found.truth[inside] if multilabel else (found.truth[inside] + 1) % 3
    after = evaluate(replace(found, truth=turned), resamples=0).calibrated
    assert np.allclose(before.probabilities[inside], after.probabilities[inside])
    assert np.array_equal(before.called[inside], after.called[inside])
    assert not np.allclose(before.probabilities[~inside], after.probabilities[~inside])


def test_a_model_that_knows_nothing_is_not_calibrated_and_says_so() -> None:
    found = binary(strength=-0.3)
    evaluated = evaluate(found, resamples=60)
    assert evaluated.calibration is None
    assert evaluated.points == ()
    assert any("do not rise" in note for note in evaluated.notes)
    assert evaluated.metrics["auc"].value < 0.5
    assert np.isfinite(evaluated.calibrated.probabilities).all()


def test_decisions_are_those_of_the_default_operating_point(cancer: EvaluationResult) -> None:
    point = next(point for point in cancer.points if point.name == cancer.default_point)
    rows, called = cancer.calibrated.predictions, cancer.calibrated.called[:, 0]
    assert point.sensitivity is not None
    assert called[rows.present("cancer")].mean() == pytest.approx(point.sensitivity.value)


def test_a_bundle_calls_at_its_own_default_point(cancer: EvaluationResult) -> None:
    sensitive = replace(bundle_of(cancer), default_operating_point="sensitive")
    asked = evaluate_bundle(binary(), sensitive, resamples=20)
    point = next(point for point in asked.points if point.name == "sensitive")
    assert asked.default_point == "sensitive"
    assert point.sensitivity is not None
    called = asked.calibrated.called[:, 0]
    assert called[asked.calibrated.predictions.present("cancer")].mean() == pytest.approx(point.sensitivity.value)


def test_a_bundle_asked_about_one_class_alone_has_its_sensitivity(cancer: EvaluationResult) -> None:
    found = binary()
    asked = evaluate_bundle(found.take(found.present("cancer")), bundle_of(cancer), resamples=20)
    assert asked.metrics == {}
    for point in asked.points:
        assert point.specificity is None
        assert point.sensitivity is not None
        assert point.sensitivity.n == 100


def test_studies_of_one_patient_do_not_make_a_sensitivity_surer() -> None:
    found = binary(studies=1, repeats=1)
    twice = found.take(np.repeat(np.arange(100), 4))
    widths = []
    for rows in (found, twice):
        sensitivity = evaluate(rows, resamples=20).points[0].sensitivity
        assert sensitivity is not None
        assert sensitivity.interval is not None
        widths.append(sensitivity.interval.high - sensitivity.interval.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_images_of_a_study_become_one_answer() -> None:
    found = binary(studies=4)
    pairs = replace(found, study_ids=np.array([str(i // 2) for i in range(400)]))
    evaluated = evaluate(pairs, resamples=20)
    assert len(evaluated.calibrated.predictions) == 200
    assert "Evaluated on 200 studies of 100 patients, from 400 images; intervals resample patients." in evaluated.notes
    assert evaluated.metrics["auc_by_patient"].n == 100
    assert evaluated.metrics["auc_by_patient"].value > evaluated.metrics["auc"].value


def test_patients_are_evaluated_as_a_whole_when_asked_for() -> None:
    evaluated = evaluate(binary(), level="patient", resamples=20)
    assert evaluated.metrics["auc"].n == 100
    assert "auc_by_patient" not in evaluated.metrics
    assert "auc_delong" in evaluated.metrics


def test_fewer_than_30_patients_of_a_class_are_exploratory(cancer: EvaluationResult) -> None:
    assert cancer.exploratory == ()
    few = evaluate(binary(patients=50), resamples=20)
    assert few.exploratory == ("cancer", "none")
    assert few.patients == {"cancer": 25, "none": 25}
    assert "Exploratory: fewer than 30 patients with cancer, none." in few.notes


def test_rows_of_one_network_are_dealt_to_folds_by_patient() -> None:
    found = binary(repeats=1)
    evaluated = evaluate(replace(found, folds=np.zeros((1, 200), dtype=int)), resamples=20)
    assert evaluated.points[0].sensitivity is not None
    assert evaluated.metrics["calibration_slope"].value == pytest.approx(1, abs=0.35)


def test_a_bundle_is_measured_as_it_is(cancer: EvaluationResult) -> None:
    """Nothing is fitted on the rows: where all patients look a little more suspicious, the probabilities are wrong."""
    other = binary(repeats=1)
    moved = replace(
        other, folds=np.full((1, 200), EXTERNAL), logits=other.logits + np.array([1.5, 0.0]), positive="none"
    )
    evaluated = evaluate_bundle(moved, bundle_of(cancer), resamples=60)
    assert evaluated.calibration == cancer.calibration
    assert [point.threshold for point in evaluated.points] == [point.threshold for point in cancer.points]
    assert evaluated.metrics["calibration_intercept"].value < -1
    point, before = evaluated.points[0], cancer.points[0]
    assert point.specificity is not None
    assert before.specificity is not None
    assert point.specificity.value < before.specificity.value - 0.1


def test_a_bundle_for_other_classes_is_refused(cancer: EvaluationResult, diseases: EvaluationResult) -> None:
    with pytest.raises(InputError, match="answers cancer, none; the predictions are of covid"):
        evaluate_bundle(several(multilabel=False), bundle_of(cancer))


def test_a_cohort_of_one_class_cannot_be_evaluated() -> None:
    found = binary()
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluate(found.take(found.truth == 0))


def test_a_label_that_nobody_has_is_left_out_and_named() -> None:
    found = several(multilabel=True)
    truth = found.truth.copy()
    truth[:, 1] = 0
    evaluated = evaluate(replace(found, truth=truth), resamples=20)
    assert "'pneumonia' has sensitivity or specificity alone: no patient has it, or every one." in evaluated.notes
    assert "auc.pneumonia" not in evaluated.metrics
    assert evaluated.metrics["auc"].value == pytest.approx(
        np.mean([evaluated.metrics[f"auc.{name}"].value for name in ("covid", "normal")])
    )


def test_the_same_seed_gives_the_same_numbers(cancer: EvaluationResult) -> None:
    again: Mapping = evaluate(binary(), resamples=60).metrics
    assert again == cancer.metrics


def test_where_each_site_is_one_class_no_threshold_can_be_tried_and_the_judgment_says_so() -> None:
    found = binary(repeats=1)
    evaluated = evaluate(replace(found, folds=found.truth[None]), resamples=20)
    assert evaluated.points == ()
    assert any("'cancer' has no operating points" in note for note in evaluated.notes)
    assert bundle_of(evaluated).default_operating_point == ""


def test_sets_need_every_label_to_be_calibrated() -> None:
    found = several(multilabel=True)
    logits = found.logits.copy()
    logits[:, :, 0] *= -1
    evaluated = evaluate(replace(found, logits=logits), resamples=20)
    assert evaluated.conformal is None
    assert evaluated.calibration is not None
    assert list(evaluated.calibration.platt) == ["pneumonia", "normal"]
    assert not any(name.startswith("set_coverage") for name in evaluated.metrics)
    bundle_of(evaluated)
