"""Which class was called what, and what follows from it: accuracy, Matthews' correlation, F1.

scikit-learn has the same numbers; they are written here because Slicer does not bundle scikit-learn, and so that all
resamples of the same decisions are counted at once: a row of weights says how often each case counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .binary import Floats, OneClassError, labels_and_scores

Counts = NDArray[np.int64] | Floats


def confusion_matrix(truth: ArrayLike, called: ArrayLike, classes: int, weights: Floats | None = None) -> Counts:
    """``[..., true class, called class]`` counts for class numbers (cases,), weighted by ``weights`` (..., cases).

    Raises
    ------
    ValueError : lists of different lengths, or a number without a class
    """
    true, decided = np.asarray(truth), np.asarray(called)
    if true.ndim != 1 or true.shape != decided.shape:
        raise ValueError(f"Truth {true.shape} and decisions {decided.shape} must be two lists of one length.")
    both = np.concatenate([true, decided])
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise ValueError("A case has a class that is not there.")
    cells = true.astype(np.int64) * classes + decided
    if weights is None:
        return np.asarray(np.bincount(cells, minlength=classes**2).reshape(classes, classes))
    counts = weights @ (cells[:, None] == np.arange(classes**2)).astype(np.float64)
    return np.asarray(counts.reshape(*weights.shape[:-1], classes, classes))


def accuracy(counts: Counts) -> Floats:
    """Share (...) of cases called what they are. Read it beside `majority_share`: with rare disease both are near 1."""
    return np.asarray(np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1)))


def majority_share(counts: Counts) -> Floats:
    """The accuracy (...) of always calling the most frequent class."""
    return np.asarray(counts.sum(axis=-1).max(axis=-1) / counts.sum(axis=(-2, -1)))


def balanced_accuracy(counts: Counts) -> Floats:
    """Mean (...) over classes of the share of its cases that were called right; chance is ``1 / classes``.

    NaN where a class has no cases.
    """
    right, cases = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1)
    return np.asarray(np.divide(right, cases, out=np.full(cases.shape, np.nan), where=cases > 0).mean(axis=-1))


def matthews(counts: Counts) -> Floats:
    """Matthews' correlation (...) of truth and decisions, -1 to 1, for any number of classes (Gorodkin 2004).

    0 where all cases are one class or are called one class.
    """
    table = np.asarray(counts, dtype=np.float64)
    true, decided, total = table.sum(axis=-1), table.sum(axis=-2), table.sum(axis=(-2, -1))
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (decided**2).sum(axis=-1))
    above_chance = np.trace(table, axis1=-2, axis2=-1) * total - (true * decided).sum(axis=-1)
    return np.asarray(np.divide(above_chance, np.sqrt(spread), out=np.zeros(spread.shape), where=spread > 0))


def f1(labels: ArrayLike, called: ArrayLike, weights: Floats | None = None) -> Floats:
    """F1 (...), the harmonic mean of precision and recall, of decisions ``called`` (cases,) 0 or 1.

    0 where no positive was called; NaN where positives weigh nothing by ``weights`` (..., cases).

    Raises
    ------
    OneClassError : there are no positives, so recall has no value
    """
    truth, decisions = labels_and_scores(labels, np.asarray(called, dtype=np.float64))
    if not truth.any():
        raise OneClassError("F1 needs positives.")
    drawn = np.ones(truth.size) if weights is None else weights
    positives = np.asarray(drawn @ truth)
    found = 2 * (drawn @ (decisions * truth))
    return np.divide(found, positives + drawn @ decisions, out=np.full(positives.shape, np.nan), where=positives > 0)


def probabilistic_f1(labels: ArrayLike, probabilities: ArrayLike, weights: Floats | None = None) -> Floats:
    """pF1 of the RSNA 2023 mammography challenge: `f1` with probabilities (cases,) in place of decisions.

    It rewards confidence, not only order, so it moves with the calibration.

    Raises
    ------
    OneClassError : there are no positives
    ValueError : a probability is not between 0 and 1
    """
    truth, values = labels_and_scores(labels, probabilities)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("Probabilities must lie between 0 and 1.")
    return f1(truth, values, weights)
