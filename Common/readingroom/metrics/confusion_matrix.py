"""Which class was called what, and the rates that follow from it.

scikit-learn has the same numbers; they are written here because Slicer does not bundle scikit-learn.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .binary import OneClassError

Counts = NDArray[np.int64]


def confusion_matrix(truth: ArrayLike, called: ArrayLike, classes: int) -> Counts:
    """``[true class, called class]`` counts for class numbers (cases,).

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
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (true, decided), 1)
    return counts


def accuracy(counts: Counts) -> float:
    """Share of cases called what they are. Read it beside `majority_share`: with rare disease both are near 1."""
    return float(np.trace(counts) / counts.sum())


def majority_share(counts: Counts) -> float:
    """The accuracy of always calling the most frequent class."""
    return float(counts.sum(axis=1).max() / counts.sum())


def balanced_accuracy(counts: Counts) -> float:
    """Mean over classes of the share of its cases that were called right; chance is ``1 / classes``.

    Raises
    ------
    OneClassError : a class has no cases
    """
    cases = counts.sum(axis=1)
    if not cases.all():
        raise OneClassError("A class has no cases.")
    return float((np.diag(counts) / cases).mean())


def matthews(counts: Counts) -> float:
    """Matthews' correlation of truth and decisions, -1 to 1, for any number of classes (Gorodkin 2004).

    0 where all cases are one class or are called one class.
    """
    true, decided, total = (part.astype(np.float64) for part in (counts.sum(axis=1), counts.sum(axis=0), counts.sum()))
    spread = (total**2 - true @ true) * (total**2 - decided @ decided)
    return float((np.trace(counts) * total - true @ decided) / math.sqrt(spread)) if spread > 0 else 0.0
