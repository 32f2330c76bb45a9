"""The points of a ROC curve and of a precision-recall curve, from the strictest threshold to the most lenient one.

scikit-learn has the same curves; they are written here because Slicer does not bundle scikit-learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .binary import Floats, both_classes, labels_and_scores


@dataclass(frozen=True)
class RocCurve:
    """``(points,)`` each; it starts at no call at all (threshold infinity) and ends where every case is called."""

    thresholds: Floats
    sensitivity: Floats
    specificity: Floats

    @property
    def area(self) -> float:
        """The AUC, as in `auc.auc`: equal scores of a positive and a negative count one half."""
        return float(np.trapezoid(self.sensitivity, 1 - self.specificity))

    def sensitivity_at(self, specificity: float) -> float:
        """The sensitivity at this specificity or above.

        It looks for the threshold on the cases that it measures; `operating_points.cross_fitted` does not.
        """
        return float(self.sensitivity[self.specificity >= specificity - 1e-12].max())

    def specificity_at(self, sensitivity: float) -> float:
        """The specificity at this sensitivity or above; see `sensitivity_at`."""
        return float(self.specificity[self.sensitivity >= sensitivity - 1e-12].max())


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """``(points,)`` each; a point for every score that occurs. ``chance`` is the share of positives."""

    thresholds: Floats
    precision: Floats
    recall: Floats
    chance: float

    @property
    def average_precision(self) -> float:
        """The area as a sum of steps, without interpolation: the mean of the precision over the positives."""
        return float((np.diff(self.recall, prepend=0.0) * self.precision).sum())


def roc(labels: ArrayLike, scores: ArrayLike) -> RocCurve:
    """Points for ``labels`` (cases,) 0 or 1 and ``scores`` (cases,).

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    thresholds, positives, negatives = _called(labels, scores)
    return RocCurve(
        thresholds=np.concatenate([[math.inf], thresholds]),
        sensitivity=np.concatenate([[0.0], positives / positives[-1]]),
        specificity=np.concatenate([[1.0], 1 - negatives / negatives[-1]]),
    )


def precision_recall(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Points for ``labels`` (cases,) 0 or 1 and ``scores`` (cases,).

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    thresholds, positives, negatives = _called(labels, scores)
    called = positives + negatives
    return PrecisionRecallCurve(
        thresholds, positives / called, positives / positives[-1], float(positives[-1] / called[-1])
    )


def _called(labels: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The scores that occur, falling, and how many positives and negatives are at or above each."""
    truth, values = labels_and_scores(labels, scores)
    both_classes(truth)
    order = np.argsort(-values, kind="stable")
    sorted_scores = values[order]
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), values.size - 1)  # of each run of equal scores
    positives = np.cumsum(truth[order], dtype=np.float64)[last]
    return sorted_scores[last], positives, last + 1 - positives
