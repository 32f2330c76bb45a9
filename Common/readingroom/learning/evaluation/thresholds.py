"""Operating points: thresholds on calibrated probabilities, with what they do on rows that did not choose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...metrics.binary import OneClassError
from ...metrics.operating_points import Choice, at_recall, at_sensitivity, at_specificity, cross_fitted, youden
from ...metrics.proportions import proportion_of_patients
from ...reading import Estimate, OperatingPoint
from .predictions import Floats, Integers, Predictions
from .sample_size import can_be_evaluated

POINTS: Mapping[str, Choice] = {
    "balanced": youden,
    "sensitive": at_sensitivity(0.95),
    "specific": at_specificity(0.95),
}
DEFAULT_POINT = "balanced"
SCREENING_PREVALENCE = 0.006  # of women without symptoms
# Of breasts, beside those: a tenth is recalled.
SCREENING_POINTS: Mapping[str, Choice] = {**POINTS, "recall-10": at_recall(0.1, SCREENING_PREVALENCE)}
_INTERVAL_FROM = 3  # patients


def fit(
    predictions: Predictions, probabilities: Floats, folds: Integers, choices: Mapping[str, Choice] = POINTS
) -> tuple[OperatingPoint, ...]:
    """The ``choices`` of each finding that two patients have and two have not, where a probability can reach them.

    Thresholds come from all rows; sensitivity and specificity from thresholds that the other ``folds`` (rows,) chose.
    ``probabilities`` (rows, classes) are those that the bundle gives, since its thresholds will be compared with them.
    """
    points = []
    for finding in predictions.findings:
        if not can_be_evaluated(predictions, finding):
            continue
        column = probabilities[:, predictions.classes.index(finding)]
        for name, choose in choices.items():
            try:
                chosen = cross_fitted(predictions.present(finding), column, folds, choose)
            except OneClassError:  # all patients with the finding are in one fold
                break
            if chosen.threshold <= 1:  # beyond, it calls nobody
                points.append(_point(predictions, finding, name, chosen.threshold, chosen.called))
    return tuple(points)


def measured(
    predictions: Predictions, probabilities: Floats, points: Sequence[OperatingPoint]
) -> tuple[OperatingPoint, ...]:
    """The same thresholds with their sensitivity and specificity on these rows; None where nobody has the finding, or
    everybody."""
    return tuple(
        _point(
            predictions,
            point.finding,
            point.name,
            point.threshold,
            probabilities[:, predictions.classes.index(point.finding)] >= point.threshold,
        )
        for point in points
        if point.finding in predictions.findings
    )


def _point(
    predictions: Predictions, finding: str, name: str, threshold: float, called: NDArray[np.bool_]
) -> OperatingPoint:
    """With what the decisions ``called`` (rows,) did; intervals allow for several rows of a patient."""
    present = predictions.present(finding)
    return OperatingPoint(
        finding, name, threshold, share(called, predictions, present), share(~called, predictions, ~present)
    )


def share(right: NDArray[np.bool_], predictions: Predictions, among: NDArray[np.bool_]) -> Estimate | None:
    """The share of ``right`` (rows,) ``among`` these rows (rows,); None where there are none.

    One or two patients give no interval.
    """
    if not among.any():
        return None
    found = proportion_of_patients(right[among], patients := predictions.patients[among])
    return found if len(np.unique(patients)) >= _INTERVAL_FROM else replace(found, interval=None)


def called(
    predictions: Predictions,
    probabilities: Floats,
    points: Sequence[OperatingPoint] = (),
    default_point: str = DEFAULT_POINT,
) -> NDArray[np.bool_]:
    """(rows, classes) what is called, as a read calls it: a finding whose probability reaches its default threshold.

    Of more than two exclusive classes it is the most probable one, since several can reach their thresholds. Where
    there is no default threshold a finding is called from one half on.
    """
    if predictions.kind == "multi-class":
        return np.asarray(probabilities.argmax(axis=1)[:, None] == np.arange(len(predictions.classes)))
    default = {point.finding: point.threshold for point in points if point.name == default_point}
    decisions = np.empty(probabilities.shape, dtype=bool)
    for finding in predictions.findings:
        number = predictions.classes.index(finding)
        _decide(predictions, decisions, number, probabilities[:, number] >= default.get(finding, 0.5))
    return decisions


def called_by_others(
    predictions: Predictions, probabilities: Floats, folds: Integers, points: Sequence[OperatingPoint]
) -> NDArray[np.bool_]:
    """`called` for cross-fitted probabilities, each fold at the default point that the other ``folds`` (rows,) chose.

    A finding that has none of `fit`'s ``points`` is called from one half on, as in the bundle. The thresholds are on
    logits: the probabilities of the other folds were calibrated with this one.
    """
    decisions = called(predictions, probabilities)
    if predictions.kind == "multi-class":
        return decisions
    for finding in dict.fromkeys(point.finding for point in points):
        truth, scores = predictions.present(finding), predictions.scores(finding)[0]
        number = predictions.classes.index(finding)
        column = decisions[:, number].copy()
        for fold in np.unique(folds):
            inside = folds == fold
            column[inside] = scores[inside] >= POINTS[DEFAULT_POINT](truth[~inside], scores[~inside])
        _decide(predictions, decisions, number, column)
    return decisions


def _decide(predictions: Predictions, decisions: NDArray[np.bool_], number: int, column: NDArray[np.bool_]) -> None:
    """Set whether class ``number`` is called (rows,); of two exclusive classes the other one is called else."""
    decisions[:, number] = column
    if predictions.kind == "binary":
        decisions[:, 1 - number] = ~column
