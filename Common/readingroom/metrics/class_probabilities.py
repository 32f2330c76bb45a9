"""Probabilities of several exclusive classes: their Brier score and log loss, and how far several models disagree.

Both scores are proper: no prediction can improve them by saying what it does not mean. The Brier score of one finding
is `calibration.brier`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .binary import Floats


@dataclass(frozen=True)
class Disagreement:
    """In nats, each (cases,): ``total`` entropy of the mean probabilities is ``within`` (mean entropy of each model's
    own) plus ``between``, their mutual information with the model: 0 where all models say the same, and the part of
    the uncertainty that more training data could remove."""

    total: Floats
    within: Floats
    between: Floats


def brier_multiclass(truth: ArrayLike, probabilities: ArrayLike) -> Floats:
    """(cases,) squared distances summed over classes, 0 to 2; their mean is the Brier score (Brier 1950).

    For two classes it is twice the Brier score of one of them. ``truth`` (cases,) holds class numbers,
    ``probabilities`` is (cases, classes).
    """
    numbers, values = classes_and_probabilities(truth, probabilities)
    return np.asarray(((values - np.eye(values.shape[1])[numbers]) ** 2).sum(axis=1))


def log_loss(truth: ArrayLike, probabilities: ArrayLike) -> Floats:
    """(cases,) negative logarithm of the probability of the true class, in nats; infinite where that is 0."""
    numbers, values = classes_and_probabilities(truth, probabilities)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(values[np.arange(numbers.size), numbers]))


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


def disagreement(probabilities: ArrayLike) -> Disagreement:
    """For probabilities (models, cases, classes) that sum to 1 over the classes (Depeweg et al., ICML 2018).

    Raises
    ------
    ValueError : another number of axes
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 3:
        raise ValueError(f"Probabilities {values.shape} are not (models, cases, classes).")
    total = special.entr(values.mean(axis=0)).sum(axis=-1)
    within = special.entr(values).sum(axis=-1).mean(axis=0)
    return Disagreement(total, within, np.maximum(total - within, 0))
