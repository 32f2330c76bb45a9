"""How many patients a number needs before it may stand without a warning."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .predictions import Predictions

# With fewer patients of each class the 95 % interval of an AUC of 0.8 is more than 0.2 wide (Hanley and McNeil 1982).
EXPLORATORY_BELOW = 30
# The same for a subgroup of the patients, which is shown all the same and marked.
SUBGROUP_EXPLORATORY_BELOW = 30
# Patients of a subgroup with and without the finding below which its AUC says nothing at all.
SUBGROUP_AUC_FROM = 5


def patients_of_each(predictions: Predictions) -> Mapping[str, int]:
    """Patients by class; of labels that do not exclude each other also those without, as ``no <label>``."""
    counts = {}
    for name in predictions.classes:
        present = predictions.present(name)
        counts[name] = _patients(predictions, present)
        if predictions.multilabel:
            counts[f"no {name}"] = _patients(predictions, ~present)
    return counts


def exploratory(predictions: Predictions) -> tuple[str, ...]:
    """The classes of fewer than 30 patients; empty where the numbers may stand without a warning."""
    return tuple(name for name, count in patients_of_each(predictions).items() if count < EXPLORATORY_BELOW)


def can_be_evaluated(predictions: Predictions, finding: str, patients: int = 2) -> bool:
    """Whether this many patients have the finding and as many do not."""
    present = predictions.present(finding)
    return min(_patients(predictions, present), _patients(predictions, ~present)) >= patients


def _patients(predictions: Predictions, rows: np.ndarray) -> int:
    return len(np.unique(predictions.patients[rows]))
