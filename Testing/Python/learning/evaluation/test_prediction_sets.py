"""Conformal sets and operating points of tables of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.bundles.metadata import OperatingPoint
from readingroom.learning.evaluation import calibrate, prediction_sets, thresholds
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.metrics.operating_points import confusion


def some(classes: int = 3, multilabel: bool = False, rows: int = 200) -> Predictions:
    generator = np.random.default_rng(3)
    logits = generator.normal(0, 2, (rows, classes))
    chances = np.exp(logits)
    if multilabel:
        truth = (generator.random((rows, classes)) < chances / (1 + chances)).astype(int)
    else:
        truth = np.array([generator.choice(classes, p=row / row.sum()) for row in chances])
    return Predictions(
        classes=tuple("abc"[:classes]),
        multilabel=multilabel,
        study_ids=np.arange(rows).astype(str),
        patients=np.array([f"P{i:03d}" for i in range(rows)]),
        sites=np.full(rows, ""),
        truth=truth,
        logits=logits[None],
        folds=np.arange(rows)[None] % 5,
    )


@pytest.mark.parametrize(("classes", "multilabel"), [(2, False), (3, False), (3, True)])
def test_sets_of_other_folds_keep_their_promise(classes: int, multilabel: bool) -> None:
    found = some(classes, multilabel)
    crossed = calibrate.cross_fitted(found, found.folds[0])
    covered = prediction_sets.covered_by_others(found, crossed, found.folds[0])
    assert covered is not None
    assert covered.shape == (200, 3 if multilabel else 1)
    assert covered.mean(axis=0) == pytest.approx(np.full(covered.shape[1], 0.9), abs=0.06)


def test_few_patients_promise_less() -> None:
    found = some(rows=12)
    conformal, problems = prediction_sets.fit(found, found.probabilities[0])
    assert conformal is not None
    assert set(conformal.quantiles) == {"0.8", "0.9"}
    assert problems == ()


def test_too_few_patients_have_no_sets_and_are_told_why() -> None:
    found = some(rows=8)
    conformal, problems = prediction_sets.fit(found, found.probabilities[0])
    assert conformal is None
    assert problems == ("There are no prediction sets: they need 9 patients, and there are 8.",)


def test_two_folds_are_too_few_to_try_sets() -> None:
    found = some()
    assert prediction_sets.covered_by_others(found, found.probabilities[0], found.folds[0] % 2) is None


def test_a_point_is_measured_at_its_own_threshold() -> None:
    found = some(2)
    shown = found.probabilities[0]
    (point,) = thresholds.measured(found, shown, [OperatingPoint("a", "mine", 0.7), OperatingPoint("z", "other", 0.5)])
    expected = confusion(found.present("a"), shown[:, 0], 0.7)
    assert (point.name, point.threshold) == ("mine", 0.7)
    assert (point.sensitivity, point.specificity) == (expected.sensitivity, expected.specificity)


def test_a_finding_that_is_in_one_fold_alone_has_no_points() -> None:
    found = some(2)
    truth = np.where((found.folds[0] == 1) & (np.arange(200) < 30), 0, 1)
    rare = Predictions(
        found.classes, False, found.study_ids, found.patients, found.sites, truth, found.logits, found.folds
    )
    assert thresholds.fit(rare, rare.probabilities[0], rare.folds[0]) == ()


def test_a_point_that_calls_nobody_is_none() -> None:
    """A tenth of the healthy are as certain as can be: no threshold up to 1 spares 95 % of them."""
    healthy, number = np.arange(200) % 2 == 0, np.arange(200)
    logits = np.where(healthy & (number % 20 != 0), -1.0, 60.0) + np.where(healthy | (number % 3 > 0), 0.0, -60.0)
    found = Predictions(
        ("cancer",), True, number.astype(str), number.astype(str), np.full(200, ""), (~healthy).astype(int)[:, None],
        logits[None, :, None], number[None] // 2 % 5,
    )  # fmt: skip
    points = thresholds.fit(found, found.probabilities[0], found.folds[0])
    assert found.probabilities.max() == 1
    assert {point.name for point in points} == {"balanced", "sensitive"}
    assert all(point.threshold <= 1 for point in points)


def test_of_two_classes_the_finding_is_called_from_its_default_threshold_on() -> None:
    two = some(2)
    shown = two.probabilities[0]
    decided = thresholds.called(two, shown, [OperatingPoint(two.positive, "sensitive", 0.2)], "sensitive")
    assert np.array_equal(decided[:, two.classes.index(two.positive)], shown[:, two.classes.index(two.positive)] >= 0.2)
    assert (decided.sum(axis=1) == 1).all()
    undecided = thresholds.called(two, shown)
    assert np.array_equal(undecided.argmax(axis=1), shown.argmax(axis=1))


def test_the_most_probable_class_is_called_and_every_label_from_its_own_threshold() -> None:
    exclusive = some(3)
    called = thresholds.called(exclusive, exclusive.probabilities[0])
    assert (called.sum(axis=1) == 1).all()
    labels = some(3, multilabel=True)
    shown = labels.probabilities[0]
    decided = thresholds.called(labels, shown, [OperatingPoint("b", "balanced", 0.8), OperatingPoint("c", "x", 0.1)])
    assert np.array_equal(decided, shown >= np.array([0.5, 0.8, 0.5]))
    decided = thresholds.called(labels, shown, [OperatingPoint("c", "x", 0.1)], "x")
    assert np.array_equal(decided, shown >= np.array([0.5, 0.5, 0.1]))


def test_a_rare_label_is_called_at_all() -> None:
    generator = np.random.default_rng(0)
    truth = (np.arange(300) % 20 == 0).astype(int)[:, None]
    found = Predictions(
        ("rare",), True, np.arange(300).astype(str), np.arange(300).astype(str), np.full(300, ""), truth,
        (truth * 1.5 - 4 + generator.normal(0, 0.7, (300, 1)))[None], np.arange(300)[None] // 20 % 5,
    )  # fmt: skip
    assert not (found.probabilities[0] >= 0.5).any()
    points = thresholds.fit(found, found.probabilities[0], found.folds[0])
    decided = thresholds.called_by_others(found, found.probabilities[0], found.folds[0], points)
    assert decided[truth == 1].mean() > 0.3
