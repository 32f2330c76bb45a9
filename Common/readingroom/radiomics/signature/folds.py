"""Splits in which all rows of a patient stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .algorithm import Labels


def patient_folds(y: Labels, patients: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number (rows,) of each row; labels are spread evenly as far as the patients allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    numbers = np.empty(len(y), dtype=np.int64)
    for number, (_, held_out) in enumerate(
        StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(y, y, patients)
    ):
        numbers[held_out] = number
    return numbers


def fewest_patients(y: Labels, patients: NDArray[np.str_]) -> int:
    """How many patients the rarer label has."""
    return min((len(np.unique(patients[y == label])) for label in (0, 1)), default=0)
