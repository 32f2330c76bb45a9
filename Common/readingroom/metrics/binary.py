"""Labels 0 and 1 with one score each, checked before any metric is computed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]


class OneClassError(ValueError):
    """Positives or negatives are missing, so the metric has no value (a resample may well be like that)."""


def labels_and_scores(labels: ArrayLike, scores: ArrayLike) -> tuple[Booleans, Floats]:
    """``labels`` (cases,) as booleans and ``scores`` (cases,) as float64.

    Raises
    ------
    ValueError : different lengths, no cases, a label other than 0 and 1, a score that is not finite
    """
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape or truth.size == 0:
        raise ValueError(f"Labels {truth.shape} and scores {values.shape} must be two lists of one length.")
    if not np.isin(truth, (0, 1)).all():
        raise ValueError("Labels must be 0 or 1.")
    if not np.isfinite(values).all():
        raise ValueError("A score is not a finite number.")
    return truth.astype(bool), values


def both_classes(labels: Booleans) -> None:
    """Raises `OneClassError` unless ``labels`` hold positives and negatives."""
    if labels.all() or not labels.any():
        raise OneClassError("Positives and negatives are both needed.")
