"""Folds in which all rows of a patient stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def patient_folds(labels: ArrayLike, patients: ArrayLike, folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number (cases,) of each case; labels are spread evenly as far as the patients allow.

    Raises
    ------
    ValueError : more folds than patients with one of the labels
    """
    from sklearn.model_selection import StratifiedGroupKFold  # heavy, and of the extra "train" only

    truth, who = np.asarray(labels), np.asarray(patients)
    fewest = fewest_patients(truth, who)
    if folds > fewest:
        raise ValueError(f"{folds} folds need {folds} patients of each label; there are {fewest}.")
    numbers = np.empty(len(truth), dtype=np.int64)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(truth, truth, who)):
        numbers[held_out] = number
    return numbers


def fewest_patients(labels: ArrayLike, patients: ArrayLike) -> int:
    """How many patients the rarest label that occurs has."""
    truth, who = np.asarray(labels), np.asarray(patients)
    return min((len(np.unique(who[truth == label])) for label in np.unique(truth)), default=0)
