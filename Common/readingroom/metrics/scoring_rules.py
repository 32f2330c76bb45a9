"""Scores of the probabilities of several exclusive classes, which no prediction can improve by saying what it does not
mean: multi-class Brier score and log loss. The Brier score of one finding is `calibration.brier`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .binary import Floats


def brier_multiclass(truth: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean over cases of the squared distances summed over classes, 0 to 2 (Brier 1950).

    For two classes it is twice the Brier score of one of them. ``truth`` (cases,) holds class numbers,
    ``probabilities`` is (cases, classes).
    """
    numbers, values = classes_and_probabilities(truth, probabilities)
    return float(((values - np.eye(values.shape[1])[numbers]) ** 2).sum(axis=1).mean())


def log_loss(truth: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative logarithm of the probability of the true class, in nats; infinite where that is 0."""
    numbers, values = classes_and_probabilities(truth, probabilities)
    with np.errstate(divide="ignore"):
        return float(-np.log(values[np.arange(numbers.size), numbers]).mean())


def classes_and_probabilities(truth: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """``truth`` (cases,) as class numbers and ``probabilities`` (cases, classes) as float64.

    Raises
    ------
    ValueError : shapes that do not fit, a number without a class, or rows that do not sum to 1
    """
    numbers, values = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    if numbers.ndim != 1 or values.ndim != 2 or numbers.shape != values.shape[:1] or numbers.size == 0:
        raise ValueError(f"Truth {numbers.shape} and probabilities {values.shape} do not fit together.")
    if not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0 or numbers.max() >= values.shape[1]:
        raise ValueError("The truth must be numbers of the classes.")
    if not np.isfinite(values).all() or values.min() < 0 or not np.allclose(values.sum(axis=1), 1, atol=1e-6):
        raise ValueError("The probabilities of a case must be 0 or more and sum to 1.")
    return numbers.astype(np.int64), values
