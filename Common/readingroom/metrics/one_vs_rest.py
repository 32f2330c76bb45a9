"""Metrics of several classes as the mean of one metric of each class against the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .binary import Floats

Metric = Callable[[ArrayLike, ArrayLike], float]  # labels (cases,) 0 or 1, scores (cases,)


def one_vs_rest(metric: Metric, present: ArrayLike, scores: ArrayLike) -> Floats:
    """(classes,) the metric of each class, as in ``one_vs_rest(auc, present, probabilities)``.

    Parameters
    ----------
    present : (cases, classes) 0 or 1; one in each row where classes exclude each other
    scores : (cases, classes)

    Raises
    ------
    OneClassError : a class is present in no case or in every case
    ValueError : shapes that do not fit
    """
    truth, values = np.asarray(present), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != values.shape:
        raise ValueError(f"Classes {truth.shape} and scores {values.shape} must be two tables of one shape.")
    return np.array([metric(truth[:, c], values[:, c]) for c in range(truth.shape[1])])


def macro(metric: Metric, present: ArrayLike, scores: ArrayLike) -> float:
    """Mean over classes of `one_vs_rest`: each class weighs the same, however rare."""
    return float(one_vs_rest(metric, present, scores).mean())
