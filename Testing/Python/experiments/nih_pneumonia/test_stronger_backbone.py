"""Another backbone against the shipped network, paired."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.nih_pneumonia.films import Film, Films
from experiments.nih_pneumonia.fine_tune import Recipe
from experiments.nih_pneumonia.out_of_fold import OutOfFold
from experiments.nih_pneumonia.stronger_backbone import SHIPPED, Comparison, frozen_head, section

pytest.importorskip("sklearn", reason="needs the extra [train]")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """60 films of 60 patients; one more film of the first patient and one of a new one train only."""
    random = np.random.default_rng(0)
    patients = [*(f"p{number:02d}" for number in range(60)), "p00", "new"]
    path = tmp_path_factory.getbasetemp()
    films = [Film(p, path, p, number % 2 == 0, "PA", 50.0, "F", False, True) for number, p in enumerate(patients)]
    labels = np.arange(60) % 2 == 0
    folds = (np.arange(60) // 2 % 5)[None]
    shipped = OutOfFold(
        labels.astype(np.int64), np.array(patients[:60]), folds, labels[None] + random.normal(size=(1, 60))
    )
    return Comparison(Films(tuple(films)), shipped)


def test_no_film_of_a_held_out_patient_trains_and_new_patients_do(compared: Comparison) -> None:
    rows = compared.train_rows(0)
    assert 60 not in rows
    assert 61 in rows
    assert not set(np.flatnonzero(compared.shipped.folds[0] == 0)) & set(rows)
    assert 60 in compared.train_rows(1)


def test_a_better_model_is_better_by_an_interval_above_zero(compared: Comparison) -> None:
    random = np.random.default_rng(1)
    features = np.stack([compared.cohort.labels + random.normal(0, 0.4, 62), random.normal(size=62)], axis=1)
    better = frozen_head(compared, features)
    assert np.isfinite(better.logits).all()
    text = section(compared, {SHIPPED: compared.shipped, "better": better}, Recipe())
    row = next(line for line in text.splitlines() if line.startswith("| better"))
    assert row.split("|")[3].strip().startswith("+")
    assert "(+" in row
