"""Calibration of whole tables: the same that a read applies to one study, and what it does where there is little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    Label,
    PlattScaling,
    Preprocessing,
    TemperatureScaling,
    Training,
)
from readingroom.errors import InputError
from readingroom.learning.evaluation import calibrate as calibrate_table
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.readers.probabilities import calibrate

TEMPERATURE = Calibration("temperature", 40, temperature=TemperatureScaling(1.7, (1.6, 1.8)))
ONE = Calibration("platt", 40, {"b": PlattScaling(0.6, -0.4)})
ALL = Calibration("platt", 40, {name: PlattScaling(0.6, i / 3) for i, name in enumerate("abc")})


def some(classes: int, multilabel: bool, rows: int = 40) -> Predictions:
    generator = np.random.default_rng(0)
    numbers = np.arange(rows)
    return Predictions(
        classes=tuple("abc"[:classes]),
        multilabel=multilabel,
        study_ids=numbers.astype(str),
        patients=np.array([f"P{i // 2:02d}" for i in numbers]),
        sites=np.full(rows, ""),
        truth=generator.integers(0, 2, (rows, classes)) if multilabel else numbers // 2 % classes,
        logits=generator.normal(0, 2, (1, rows, classes)),
        folds=np.zeros((1, rows), dtype=int),
    )


def bundle(predictions: Predictions, calibration: Calibration | None) -> ClassifierMetadata:
    return ClassifierMetadata(
        name="test", title="Test", version="1.0.0", reader="chest-xray", task="own", backbone="resnet18",
        labels=tuple(Label(name, name) for name in predictions.classes), multilabel=predictions.multilabel,
        preprocessing=Preprocessing("picture", (64, 64), 1, mean=(0.5,), std=(0.2,)),
        training=Training("rigorous", 1, 1, {}, (), 0), intended_use="Tests.", license="Apache-2.0",
        demonstration=True, calibration=calibration,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "multilabel", "calibration"),
    [
        (2, False, None),
        (2, False, ONE),
        (3, False, TEMPERATURE),
        (3, True, None),
        (3, True, ALL),
        (3, True, ONE),
        (3, True, TEMPERATURE),
    ],
)
def test_a_table_is_calibrated_as_a_read_calibrates_a_study(
    classes: int, multilabel: bool, calibration: Calibration | None
) -> None:
    found = some(classes, multilabel)
    described = bundle(found, calibration)
    expected = np.stack([calibrate(described, logits).probabilities for logits in found.logits[0]])
    assert np.allclose(calibrate_table.probabilities(found, calibration), expected, atol=1e-12)


def test_folds_for_fitting_keep_patients_together_and_classes_even() -> None:
    found = some(2, False)
    folds = calibrate_table.fitting_folds(found)
    assert len(np.unique(folds)) == 5
    for patient in np.unique(found.patients):
        assert len(np.unique(folds[found.patients == patient])) == 1
    assert [found.truth[folds == fold].mean() for fold in range(5)] == [0.5] * 5


def test_folds_of_the_training_are_used_where_there_are_some() -> None:
    found = some(2, False)
    folds = np.arange(40)[None] // 2 % 4
    trained = Predictions(
        found.classes, False, found.study_ids, found.patients, found.sites, found.truth, found.logits, folds
    )
    assert np.array_equal(calibrate_table.fitting_folds(trained), folds[0])


def test_a_patient_of_two_sites_is_in_one_fold() -> None:
    found = some(2, False)
    by_site = Predictions(
        found.classes, False, found.study_ids, found.patients, found.sites, found.truth, found.logits,
        np.arange(40)[None] % 2 + np.arange(40)[None] // 20 * 2,
    )  # fmt: skip
    folds = calibrate_table.fitting_folds(by_site)
    assert np.array_equal(folds[::2], folds[1::2])


def test_a_class_of_one_patient_does_not_prevent_folds() -> None:
    found = some(2, False)
    rare = Predictions(
        found.classes, False, found.study_ids, found.patients, found.sites,
        (found.patients == "P07").astype(int), found.logits, found.folds,
    )  # fmt: skip
    folds = calibrate_table.fitting_folds(rare)
    assert len(np.unique(folds)) == 5
    assert np.isfinite(calibrate_table.cross_fitted(rare, folds)).all()


def test_one_patient_alone_cannot_be_evaluated() -> None:
    with pytest.raises(InputError, match="single patient"):
        calibrate_table.fitting_folds(some(2, False).take([0, 1]))


def test_where_logits_do_not_rise_the_probability_is_the_share_of_the_others() -> None:
    found = some(2, False)
    wrong = np.where(found.truth == 0, -3.0, 3.0)
    turned = Predictions(
        found.classes, False, found.study_ids, found.patients, found.sites, found.truth,
        np.stack([wrong, np.zeros(40)], axis=1)[None], found.folds,
    )  # fmt: skip
    made, problems = calibrate_table.fit(turned)
    assert made is None
    assert "'a' is not calibrated" in problems[0]
    assert calibrate_table.cross_fitted(turned, calibrate_table.fitting_folds(turned)) == pytest.approx(
        np.full((40, 2), 0.5)
    )


def test_networks_of_folds_that_answer_on_other_scales_are_told_by_their_slopes() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 2, 400)
    folds = np.arange(400) % 2
    logits = np.where(truth == 1, 1.0, -1.0) + generator.normal(0, 1.2, 400)
    logits *= np.where(folds == 1, 4.0, 1.0)
    rows = replace(
        some(2, multilabel=False, rows=400),
        truth=truth,
        logits=np.stack([-logits, logits], axis=1)[None] / 2,
        folds=folds[None],
        positive="b",
    )
    slopes = calibrate_table.slopes_by_fold(rows, calibrate_table.cross_fitted(rows, folds))
    assert len(slopes) == 2
    assert max(slopes) / min(slopes) > 6
    few = rows.take(np.arange(30))
    assert calibrate_table.slopes_by_fold(few, calibrate_table.cross_fitted(few, few.folds[0])) == ()
