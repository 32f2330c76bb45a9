"""Thresholds on a score, and what they do on cases that did not choose them. Positive means ``score >= threshold``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..reading import Estimate
from .binary import Floats, both_classes, labels_and_scores
from .proportions import proportion

Choice: TypeAlias = Callable[[ArrayLike, ArrayLike], float]  # labels, scores -> threshold


@dataclass(frozen=True)
class Confusion:
    """Counts at one threshold. Sensitivity and specificity carry Wilson intervals."""

    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int

    @property
    def sensitivity(self) -> Estimate:
        return proportion(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> Estimate:
        return proportion(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def called(self) -> Estimate:
        """The share of cases that are called: the recall rate of a screening program."""
        called = self.true_positives + self.false_positives
        return proportion(called, called + self.true_negatives + self.false_negatives)


@dataclass(frozen=True)
class CrossFitted:
    """``threshold`` chosen on all cases, for use on new ones; ``confusion`` is what thresholds chosen on the other
    folds did on each fold (``fold_thresholds``, by fold in sorted order), so it is not optimistic; ``called`` (cases,)
    are those decisions."""

    threshold: float
    fold_thresholds: tuple[float, ...]
    confusion: Confusion
    called: NDArray[np.bool_] = field(compare=False)


def youden(labels: ArrayLike, scores: ArrayLike) -> float:
    """The threshold with the largest sensitivity + specificity - 1; of equals the most sensitive."""
    thresholds, sensitivities, specificities = _roc(labels, scores)
    return float(thresholds[np.argmax(np.round(sensitivities + specificities, 12))])


def at_sensitivity(sensitivity: float) -> Choice:
    """A choice of the highest threshold that reaches this sensitivity (between 0 and 1)."""

    def choose(labels: ArrayLike, scores: ArrayLike) -> float:
        thresholds, sensitivities, _ = _roc(labels, scores)
        return float(thresholds[sensitivities >= sensitivity - 1e-12].max())

    return choose


def at_specificity(specificity: float) -> Choice:
    """A choice of the lowest threshold that reaches this specificity (between 0 and 1)."""

    def choose(labels: ArrayLike, scores: ArrayLike) -> float:
        thresholds, _, specificities = _roc(labels, scores)
        return float(thresholds[specificities >= specificity - 1e-12].min())

    return choose


def at_recall(rate: float, prevalence: float) -> Choice:
    """A choice of the lowest threshold that calls at most this share of cases at this prevalence (both 0 to 1)."""

    def choose(labels: ArrayLike, scores: ArrayLike) -> float:
        thresholds, sensitivities, specificities = _roc(labels, scores)
        called = prevalence * sensitivities + (1 - prevalence) * (1 - specificities)
        return float(thresholds[called <= rate + 1e-12].min())

    return choose


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Confusion:
    """Counts at ``threshold`` for ``labels`` (cases,) 0 or 1 and ``scores`` (cases,)."""
    truth, values = labels_and_scores(labels, scores)
    called = values >= threshold
    return _count(truth, called)


def cross_fitted(labels: ArrayLike, scores: ArrayLike, folds: ArrayLike, choose: Choice) -> CrossFitted:
    """Choose on all folds but one, count on that one, for each fold.

    Parameters
    ----------
    folds : (cases,) fold of each case; a patient's cases must share one
    choose : `youden`, ``at_sensitivity(0.9)``, ``at_specificity(0.9)``

    Raises
    ------
    ValueError : fewer than two folds
    OneClassError : the folds that choose lack positives or negatives
    """
    truth, values = labels_and_scores(labels, scores)
    where = np.asarray(folds)
    names = np.unique(where)
    if where.shape != truth.shape or names.size < 2:
        raise ValueError("Each case needs a fold, and there must be two folds or more.")
    called = np.zeros(truth.size, dtype=bool)
    thresholds = []
    for name in names:
        held_out = where == name
        thresholds.append(choose(truth[~held_out], values[~held_out]))
        called[held_out] = values[held_out] >= thresholds[-1]
    return CrossFitted(choose(truth, values), tuple(thresholds), _count(truth, called), called)


def _count(truth: np.ndarray, called: np.ndarray) -> Confusion:
    both_classes(truth)
    return Confusion(
        true_positives=int((truth & called).sum()),
        false_negatives=int((truth & ~called).sum()),
        true_negatives=int((~truth & ~called).sum()),
        false_positives=int((~truth & called).sum()),
    )


def _roc(labels: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Thresholds rising (the observed scores and one just above all), with sensitivity and specificity at each."""
    truth, values = labels_and_scores(labels, scores)
    both_classes(truth)
    thresholds = np.unique(values)
    thresholds = np.append(thresholds, np.nextafter(thresholds[-1], math.inf))
    positives, negatives = np.sort(values[truth]), np.sort(values[~truth])
    sensitivities = 1 - np.searchsorted(positives, thresholds) / positives.size
    specificities = np.searchsorted(negatives, thresholds) / negatives.size
    return thresholds, sensitivities, specificities
