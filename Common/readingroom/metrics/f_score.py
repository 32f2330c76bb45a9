"""F1: the harmonic mean of precision and recall, of decisions and of probabilities.

scikit-learn has F1 of decisions; it is written here because Slicer does not bundle scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .binary import OneClassError, labels_and_scores


def f1(labels: ArrayLike, called: ArrayLike) -> float:
    """F1 of decisions ``called`` (cases,) 0 or 1; 0 where no positive was called.

    Raises
    ------
    OneClassError : there are no positives, so recall has no value
    """
    truth, decisions = labels_and_scores(labels, np.asarray(called, dtype=np.float64))
    if not truth.any():
        raise OneClassError("F1 needs positives.")
    return float(2 * decisions[truth].sum() / (truth.sum() + decisions.sum()))


def probabilistic_f1(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """pF1 of the RSNA 2023 mammography challenge: F1 with probabilities (cases,) in place of decisions.

    It rewards confidence, not only order, so it moves with the calibration.

    Raises
    ------
    OneClassError : there are no positives
    ValueError : a probability is not between 0 and 1
    """
    truth, values = labels_and_scores(labels, probabilities)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("Probabilities must lie between 0 and 1.")
    return f1(truth, values)


def macro_f1(labels: Sequence[ArrayLike] | np.ndarray, called: Sequence[ArrayLike] | np.ndarray) -> float:
    """Mean over classes of `f1`, each class weighing the same; ``labels`` and ``called`` are (classes, cases).

    Raises
    ------
    OneClassError : a class has no positives
    """
    return float(np.mean([f1(truth, decisions) for truth, decisions in zip(labels, called, strict=True)]))
