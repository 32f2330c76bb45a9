"""The points of a ROC curve and of a precision-recall curve, from the strictest threshold to the most lenient one.

scikit-learn has the same curves; they are written here because Slicer does not bundle scikit-learn, and so that many
resamples of the same cases share one sorting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .binary import Floats, both_classes, labels_and_scores


@dataclass(frozen=True)
class RocCurve:
    """``thresholds`` (points,) with ``sensitivity`` and ``specificity`` (..., points), one row for each weighting.

    It starts at no call at all (threshold infinity) and ends where every case is called.
    """

    thresholds: Floats
    sensitivity: Floats
    specificity: Floats

    @property
    def area(self) -> Floats:
        """The AUC (...), as in `auc.auc`: equal scores of a positive and a negative count one half."""
        return np.asarray(np.trapezoid(self.sensitivity, 1 - self.specificity))

    def partial_area(self, specificity: float) -> Floats:
        """The area (...) where the specificity is at least this (below 1), put to the scale of an AUC (McClish 1989).

        0.5 is chance and 1 perfect, however narrow the part.
        """
        return _standardized_area(1 - self.specificity, self.sensitivity, 1 - specificity)

    def sensitive_partial_area(self, sensitivity: float) -> Floats:
        """The same where the sensitivity is at least this (below 1): the curve with both axes exchanged."""
        missed, specificity = 1 - self.sensitivity[..., ::-1], self.specificity[..., ::-1]
        return _standardized_area(missed, specificity, 1 - sensitivity)

    def sensitivity_at(self, specificity: float) -> Floats:
        """The sensitivity (...) at this specificity or above.

        It looks for the threshold on the cases that it measures; `operating_points.cross_fitted` does not.
        """
        return _largest(self.sensitivity, self.specificity, specificity)

    def specificity_at(self, sensitivity: float) -> Floats:
        """The specificity (...) at this sensitivity or above; see `sensitivity_at`."""
        return _largest(self.specificity, self.sensitivity, sensitivity)


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """``thresholds`` (points,), every score that occurs, with ``precision`` and ``recall`` (..., points).

    ``chance`` (...) is the share of positives. The precision is NaN where no case is called yet.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats
    chance: Floats

    @property
    def average_precision(self) -> Floats:
        """The area (...) as a sum of steps, without interpolation: the mean of the precision over the positives."""
        steps = np.diff(self.recall, prepend=0.0)
        return np.asarray((steps * np.where(steps == 0, 0.0, self.precision)).sum(axis=-1))


class Ranking:
    """Cases sorted by score once, for the curves of as many weightings of them as are wanted.

    A weight says how often a case counts, so that a resample is a row of weights: a weighted curve is that of the
    resampled cases, with a few points twice.

    Parameters
    ----------
    labels : (cases,) 0 or 1
    scores : (cases,) higher means more likely 1

    Raises
    ------
    OneClassError : positives or negatives are missing
    """

    def __init__(self, labels: ArrayLike, scores: ArrayLike):
        truth, values = labels_and_scores(labels, scores)
        both_classes(truth)
        self._order = np.argsort(-values, kind="stable")
        self._positive = truth[self._order]
        ranked = values[self._order]
        self._last = np.append(np.flatnonzero(np.diff(ranked)), values.size - 1)  # of each run of equal scores
        self.thresholds: Floats = ranked[self._last]

    def curves(self, weights: ArrayLike | None = None) -> tuple[RocCurve, PrecisionRecallCurve]:
        """Both curves, for ``weights`` (..., cases), each case once when left out.

        Where positives or negatives weigh nothing, the curves are NaN.
        """
        drawn = np.ones(self._order.size) if weights is None else np.asarray(weights, dtype=np.float64)
        drawn = drawn[..., self._order]
        positives = np.cumsum(drawn * self._positive, axis=-1)[..., self._last]
        called = np.cumsum(drawn, axis=-1)[..., self._last]
        negatives = called - positives
        with np.errstate(divide="ignore", invalid="ignore"):
            recall = positives / positives[..., -1:]
            false_positives = negatives / negatives[..., -1:]
            precision, chance = positives / called, positives[..., -1] / called[..., -1]
        start = np.zeros((*recall.shape[:-1], 1))
        roc = RocCurve(
            thresholds=np.concatenate([[math.inf], self.thresholds]),
            sensitivity=np.concatenate([start, recall], axis=-1),
            specificity=1 - np.concatenate([start, false_positives], axis=-1),
        )
        return roc, PrecisionRecallCurve(self.thresholds, precision, recall, np.asarray(chance))


def roc(labels: ArrayLike, scores: ArrayLike) -> RocCurve:
    """Points for ``labels`` (cases,) 0 or 1 and ``scores`` (cases,).

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    return Ranking(labels, scores).curves()[0]


def precision_recall(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Points for ``labels`` (cases,) 0 or 1 and ``scores`` (cases,).

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    return Ranking(labels, scores).curves()[1]


def _standardized_area(across: Floats, up: Floats, end: float) -> Floats:
    """The area (...) below a curve ``(across, up)`` (..., points) from 0 to ``end``, as McClish puts it to 0.5 to 1."""
    widths = np.diff(across)
    taken = np.clip(end - across[..., :-1], 0, widths)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(widths > 0, np.diff(up) / widths, 0.0)
    area = (taken * (up[..., :-1] + slopes * taken / 2)).sum(axis=-1)
    chance = end**2 / 2
    return np.asarray((1 + (area - chance) / (end - chance)) / 2)


def _largest(values: Floats, other: Floats, least: float) -> Floats:
    """The largest of ``values`` (..., points) where the ``other`` is at least so much."""
    reached = np.where(np.isnan(other), np.nan, np.where(other >= least - 1e-12, values, -math.inf))
    return np.asarray(reached.max(axis=-1))
