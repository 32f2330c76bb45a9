"""Survival from clinical facts and tumor features, from one cohort to the other."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import lung1_out_of_fold
from experiments.lung1_out_of_fold import fold_concordance, integrated_brier, out_of_fold, predict
from experiments.lung1_tables import Cohort, lung1, r01, tumor_features
from experiments.survival_transfer import Result, _row
from readingroom.errors import InputError
from readingroom.reading import Estimate, Interval
from readingroom.survival.cumulative_incidence import cumulative_incidence


@pytest.fixture
def a_cohort(monkeypatch) -> Cohort:
    """Sixty patients, one fact that matters; two divisions into folds are enough here."""
    monkeypatch.setattr(lung1_out_of_fold, "REPEATS", 2)
    generator = np.random.default_rng(0)
    design = generator.normal(size=(60, 2))
    time = generator.exponential(15 * np.exp(-design[:, 0]))
    event = (generator.random(60) < 0.8).astype(np.int64)
    return Cohort(np.array([f"P{number}" for number in range(60)]), time, event, design)


def test_nobody_is_predicted_by_a_model_that_has_seen_them(a_cohort):
    before = out_of_fold(a_cohort)
    time, event = a_cohort.time.copy(), a_cohort.event.copy()
    time[7], event[7] = 0.1, 1
    after = out_of_fold(Cohort(a_cohort.patients, time, event, a_cohort.design))
    assert np.array_equal(before[:, 7], after[:, 7])
    assert not np.array_equal(before, after)


def test_a_fact_that_matters_is_found_out_of_fold(a_cohort):
    predicted = out_of_fold(a_cohort)
    assert predicted.shape == (2, 60, 24)
    assert fold_concordance(a_cohort, predicted)[0] > 0.6
    assert lung1_out_of_fold.concordance(a_cohort, predicted).value > 0.6
    plain = np.tile(cumulative_incidence(a_cohort.time, a_cohort.event).at(np.arange(1, 25)), (60, 1))
    score, gain = integrated_brier(a_cohort, predicted, plain)
    assert gain.value > 0
    assert integrated_brier(a_cohort, plain[None], plain)[1].value == pytest.approx(0)
    assert score.value < 0.25


def test_a_model_of_one_cohort_reads_another(a_cohort):
    strangers = np.array([[2.0, 0.0], [-2.0, 0.0], [np.nan, np.nan]])
    risk = predict(a_cohort, strangers)[:, -1]
    assert risk[0] > risk[2] > risk[1]


def test_the_tables_hold_the_cohorts(shared):
    first, second = lung1(shared / "data"), r01(shared / "data")
    assert (first.time.size, second.time.size) == (252, 86)
    assert not set(first.patients) & set(second.patients)
    assert first.design.shape[1] == second.design.shape[1] == 9
    # T5 and N4 of LUNG1, "Tis" and stage IV of R01 are nothing that the model knows.
    assert np.isnan(first.design).sum(axis=0).tolist() == [13, 0, 0, 2, 1, 27, 27, 27, 27]
    assert np.isnan(second.design).sum(axis=0).tolist() == [0, 0, 3, 5, 0, 0, 0, 0, 0]


def test_the_features_belong_to_their_patients(shared):
    cohort = lung1(shared / "data")
    known, values, names = tumor_features(shared / "data", cohort.patients)
    assert known.sum() == 121
    assert len(names) == 53
    assert np.isnan(values[~known]).all()
    place = cohort.patients.tolist().index("LUNG1-001")
    assert values[place, names.index("original_shape_VoxelVolume")] == pytest.approx(np.log(156553))


def test_a_missing_table_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: no such file"):
        lung1(tmp_path)


def test_a_row_of_the_page_says_where_the_model_comes_from():
    half = Estimate(0.5, Interval(0.4, 0.6))
    made = Result("tumor volume", "LUNG1", "R01", 60, 13, half, half, half, half, half, None, np.zeros((60, 24)))
    assert _row(made).startswith("| tumor volume | LUNG1 | R01 | 60, 13 | 0.500 (0.400 to 0.600) |")
    assert _row(made).endswith("| not known |")
