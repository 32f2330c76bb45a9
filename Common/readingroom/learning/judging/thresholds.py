"""Operating points: thresholds on calibrated probabilities, with what they do on rows that did not choose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...bundles.confidence import OperatingPoint
from ...evaluation.binary import OneClassError
from ...evaluation.f_score import best_f1
from ...evaluation.operating_points import Choice, at_sensitivity, at_specificity, confusion, cross_fitted, youden
from .minimum import can_be_judged
from .predictions import Floats, Integers, Predictions

POINTS: Mapping[str, Choice] = {
    "balanced": youden,
    "sensitive": at_sensitivity(0.95),
    "specific": at_specificity(0.95),
}
DEFAULT_POINT = "balanced"


def fit(predictions: Predictions, probabilities: Floats, folds: Integers) -> tuple[OperatingPoint, ...]:
    """`POINTS` of each finding that two patients have and two have not.

    Thresholds come from all rows; sensitivity and specificity from thresholds that the other ``folds`` (rows,) chose.
    ``probabilities`` (rows, classes) are those that the bundle gives, since its thresholds will be held against them.
    """
    points = []
    for finding in predictions.findings:
        if not can_be_judged(predictions, finding):
            continue
        column = probabilities[:, predictions.classes.index(finding)]
        for name, choose in POINTS.items():
            try:
                chosen = cross_fitted(predictions.present(finding), column, folds, choose)
            except OneClassError:  # all patients with the finding are in one fold
                break
            points.append(
                OperatingPoint(
                    finding=finding,
                    name=name,
                    threshold=min(chosen.threshold, 1.0),
                    sensitivity=chosen.confusion.sensitivity,
                    specificity=chosen.confusion.specificity,
                )
            )
    return tuple(points)


def measured(
    predictions: Predictions, probabilities: Floats, points: Sequence[OperatingPoint]
) -> tuple[OperatingPoint, ...]:
    """The same thresholds with their sensitivity and specificity on these rows, where both can be counted."""
    found = []
    for point in points:
        if point.finding not in predictions.findings or not can_be_judged(predictions, point.finding):
            continue
        column = probabilities[:, predictions.classes.index(point.finding)]
        counts = confusion(predictions.present(point.finding), column, point.threshold)
        found.append(OperatingPoint(point.finding, point.name, point.threshold, counts.sensitivity, counts.specificity))
    return tuple(found)


def called(
    predictions: Predictions,
    probabilities: Floats,
    points: Sequence[OperatingPoint] = (),
    default_point: str = DEFAULT_POINT,
) -> NDArray[np.bool_]:
    """(rows, classes) what is called: the most probable class, or each label that reaches its default threshold.

    A label without an operating point is called from one half on.
    """
    if not predictions.multilabel:
        return np.asarray(probabilities.argmax(axis=1)[:, None] == np.arange(len(predictions.classes)))
    default = {point.finding: point.threshold for point in points if point.name == default_point}
    limits = np.array([default.get(name, 0.5) for name in predictions.classes])
    return np.asarray(probabilities >= limits)


def called_by_others(predictions: Predictions, probabilities: Floats, folds: Integers) -> NDArray[np.bool_]:
    """`called` for cross-fitted probabilities: each label from the threshold that has the best F1 on the other folds.

    One half would never call a rare label, whose F1 would be 0 for that reason alone. The thresholds are on logits: the
    probabilities of the other ``folds`` (rows,) were calibrated with this one.
    """
    decisions = called(predictions, probabilities)
    if not predictions.multilabel:
        return decisions
    for number, name in enumerate(predictions.classes):
        truth, scores = predictions.present(name), predictions.scores(name)[0]
        for fold in np.unique(folds):
            inside = folds == fold
            if truth[~inside].any() and not truth[~inside].all():
                decisions[inside, number] = scores[inside] >= best_f1(truth[~inside], scores[~inside])
    return decisions
