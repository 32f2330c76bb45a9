"""What simpler models make of the same patients on the same folds: volume alone, clinical columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .algorithm import Labels
from .preparation import Floats
from .table import FeatureTable

TITLES = {
    "volume": "volume alone",
    "clinical": "clinical facts alone",
    "clinical_and_volume": "clinical facts and volume",
}
_VOLUMES = ("original_shape_VoxelVolume", "original_shape_MeshVolume", "original_shape_Volume")


def designs(table: FeatureTable) -> Mapping[str, list[NDArray]]:
    """The columns of each baseline that the table allows, by its name."""
    found: dict[str, list[NDArray]] = {}
    if (size := volume(table)) is not None:
        found["volume"] = [size]
    if table.clinical:
        found["clinical"] = list(table.clinical.values())
        if "volume" in found:
            found["clinical_and_volume"] = [*found["clinical"], *found["volume"]]
    return found


def volume(table: FeatureTable) -> Floats | None:
    """Logarithm (rows,) of the volume; None where the table has none."""
    name = next((name for name in _VOLUMES if name in table.names), "")
    return np.log(np.maximum(table.values[:, table.names.index(name)], 1e-6)) if name else None


def out_of_fold(columns: list[NDArray], y: Labels, folds: NDArray[np.int64]) -> Floats:
    """Logits (repeats, rows) of logistic regression on ``columns``; ``folds`` (repeats, rows)."""
    from sklearn.linear_model import LogisticRegression

    logits = np.empty(folds.shape)
    for repeat, split in enumerate(folds):
        for fold in np.unique(split):
            inside = split != fold
            design = np.concatenate([_encoded(column, inside) for column in columns], axis=1)
            fitted = LogisticRegression(max_iter=1000).fit(design[inside], y[inside])
            logits[repeat, ~inside] = fitted.decision_function(design[~inside])
    return logits


def _encoded(column: NDArray, inside: NDArray[np.bool_]) -> Floats:
    """Z-scores (rows, 1) of numbers, or a column for each category; all learned from the rows ``inside``.

    A missing number becomes the median, a missing category one of its own.
    """
    try:
        numbers = np.array([float(value) if str(value) else np.nan for value in column])
    except ValueError:
        kinds = np.unique(column[inside])
        return (column[:, None] == kinds[None, :]).astype(np.float64)
    known = numbers[inside & np.isfinite(numbers)]
    if not known.size or known.std() == 0:
        return np.zeros((len(column), 1))
    filled = np.where(np.isfinite(numbers), numbers, np.median(known))
    result: Floats = ((filled - known.mean()) / known.std())[:, None]
    return result
