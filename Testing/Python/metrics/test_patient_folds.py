"""Splits by patient."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.metrics.patient_folds import patient_folds

PATIENTS = np.repeat(np.arange(60), np.tile([1, 2, 4], 20))
LABELS = (PATIENTS % 2).astype(int)


def test_a_patient_s_films_share_a_fold() -> None:
    folds = patient_folds(LABELS, PATIENTS, 5, seed=3)
    assert all(np.unique(folds[patient == PATIENTS]).size == 1 for patient in np.unique(PATIENTS))


def test_every_fold_holds_both_labels_about_evenly() -> None:
    folds = patient_folds(LABELS, PATIENTS, 5, seed=3)
    shares = [LABELS[folds == fold].mean() for fold in range(5)]
    assert np.ptp(shares) < 0.15


def test_the_seed_decides_the_split() -> None:
    first, again, other = (patient_folds(LABELS, PATIENTS, 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_more_folds_than_patients_of_a_label_are_refused() -> None:
    with pytest.raises(ValueError, match="3 folds need 3 patients of each label; there are 2"):
        patient_folds([0, 0, 0, 1, 1], ["a", "b", "c", "d", "e"], 3, seed=0)
