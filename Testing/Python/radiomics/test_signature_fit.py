"""A signature is evaluated by models that know nothing of the rows they are evaluated on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from readingroom.errors import CancelledError, InputError
from readingroom.metrics.calibration import recalibration
from readingroom.progress import Progress
from readingroom.radiomics.signature.external import evaluate_external
from readingroom.radiomics.signature.fit import fit
from readingroom.radiomics.signature.fold_auc import FoldComparisons
from readingroom.radiomics.signature.preparation import prepare
from readingroom.radiomics.signature.recipe import published, rigorous
from readingroom.radiomics.signature.table import FeatureTable

pytest.importorskip("sklearn", reason="needs the extra [train]")

QUICK = dataclasses.replace(rigorous(), candidates=8, inner_folds=3, repeats=1)


def a_table(rows=90, features=6, signal=1.5, seed=0, regions=1) -> FeatureTable:
    """Features of which the first two tell the outcome; each patient has some regions."""
    random = np.random.default_rng(seed)
    outcome = np.repeat(random.permutation(np.arange(rows) % 2), regions)
    values = random.normal(size=(rows * regions, features))
    values[:, :2] += signal * outcome[:, None]
    values[:, 0] = np.exp(values[:, 0]) * 1e4
    patients = np.repeat([f"p{i:03}" for i in range(rows)], regions)
    names = ("original_shape_VoxelVolume", *(f"original_glcm_F{i}" for i in range(1, features)))
    return FeatureTable(patients, names, values, outcome.astype(np.int64))


@pytest.fixture(scope="module")
def fitted():
    return fit(a_table(), QUICK)


def test_every_row_has_a_score_of_a_model_that_had_not_seen_its_patient():
    table = a_table(rows=40, regions=2)
    found = fit(table, QUICK)
    assert np.isfinite(found.out_of_fold).all()
    for fold in np.unique(found.folds):
        inside = found.folds[0] != fold
        assert not set(table.patients[inside]) & set(table.patients[~inside])
        again = prepare(table.values[inside], QUICK)
        np.testing.assert_array_equal(found.of_folds[0, int(fold)].preparation.mean, again.mean)


def test_held_out_rows_change_nothing_of_the_model_that_scores_them(fitted):
    table, fold = a_table(), 2
    held_out = fitted.folds[0] == fold
    values = table.values.copy()
    values[held_out] = 1e6 * np.random.default_rng(1).normal(size=values[held_out].shape)
    other = fit(dataclasses.replace(table, values=values), QUICK)
    np.testing.assert_array_equal(other.folds, fitted.folds)
    before, after = fitted.of_folds[0, fold], other.of_folds[0, fold]
    np.testing.assert_array_equal(after.preparation.columns, before.preparation.columns)
    np.testing.assert_array_equal(after.preparation.mean, before.preparation.mean)
    np.testing.assert_array_equal(after.preparation.scale, before.preparation.scale)
    assert after.choice == before.choice
    np.testing.assert_array_equal(after.model.arrays()["coefficients"], before.model.arrays()["coefficients"])
    assert not np.array_equal(other.of_folds[0, 0].preparation.mean, fitted.of_folds[0, 0].preparation.mean)


def test_pure_noise_comes_out_as_noise_where_a_leak_would_shine():
    recipe = dataclasses.replace(published(), repeats=1, inner_folds=2, tolerance=1e-3)
    honest, leaky = [], []
    for seed in range(3):
        noise = a_table(rows=50, features=60, signal=0.0, seed=seed)
        found = fit(noise, recipe)
        honest.append(found.evaluation.auc)
        # What the liver paper's code did: features chosen on all rows, then evaluated by folds.
        separation = np.abs(np.corrcoef(noise.values.T, noise.outcome)[-1, :-1])
        chosen = noise.of([noise.names[i] for i in np.argsort(separation)[-5:]])
        leaky.append(fit(chosen, recipe).evaluation.auc.value)
    assert np.mean([found.value for found in honest]) == pytest.approx(0.5, abs=0.1)
    assert sum(found.interval.low <= 0.5 <= found.interval.high for found in honest) >= 2
    assert np.mean(leaky) > 0.7


def test_a_signal_is_found_and_told_from_chance(fitted):
    auc = fitted.evaluation.auc
    assert auc.value > 0.8
    assert auc.interval.low > 0.7
    assert set(fitted.inputs) >= {"original_shape_VoxelVolume", "original_glcm_F1"}
    assert fitted.selected["original_glcm_F1"] > 0.95
    assert min(fitted.selected.values()) < 0.7
    assert fitted.calibration is not None


def test_simpler_models_are_evaluated_on_the_same_folds(fitted):
    evaluation = fitted.evaluation
    assert 0.6 < evaluation.baselines["volume"].value < evaluation.auc.value
    assert evaluation.advantage["volume"].value == pytest.approx(
        evaluation.auc.value - evaluation.baselines["volume"].value
    )
    assert evaluation.majority.value == pytest.approx(0.5)


def test_clinical_columns_make_a_baseline_with_numbers_and_categories():
    table = a_table(rows=60)
    random = np.random.default_rng(0)
    clinical = {
        "age": np.array([str(60 + 10 * y + random.integers(5)) if i else "" for i, y in enumerate(table.outcome)]),
        "histology": np.array(random.choice(["adeno", "squamous", ""], 60)),
    }
    found = fit(dataclasses.replace(table, clinical=clinical), QUICK).evaluation
    assert found.baselines["clinical"].value > 0.9
    assert set(found.baselines) == {"volume", "clinical", "clinical_and_volume"}


@pytest.mark.parametrize("model", ["svm", "forest", "boosting"])
def test_other_models_find_the_signal_too(model):
    recipe = dataclasses.replace(published(model), repeats=1, folds=3)
    found = fit(a_table(rows=60), recipe)
    assert found.evaluation.auc.value > 0.75
    assert found.calibration is not None


def test_unstable_features_are_left_out_beforehand():
    icc_low = {"original_shape_VoxelVolume": 0.9, "original_glcm_F1": 0.3}
    found = fit(a_table(rows=60), QUICK, icc_low)
    assert "original_glcm_F1" not in found.table.names
    assert "original_glcm_F2" in found.table.names  # nothing is known about it
    with pytest.raises(InputError, match=r"agreement of 0\.75"):
        fit(a_table(rows=60), QUICK, dict.fromkeys(a_table().names, 0.1))


def test_volume_stays_a_rival_where_it_is_too_unstable_for_the_signature():
    found = fit(a_table(rows=60, signal=2.5), QUICK, {"original_shape_VoxelVolume": 0.3})
    assert "original_shape_VoxelVolume" not in found.inputs
    assert found.evaluation.baselines["volume"].value > 0.8
    other = a_table(rows=40, signal=2.5, seed=5)
    other = dataclasses.replace(other, patients=np.array([f"x{name}" for name in other.patients]))
    assert evaluate_external(found, other).metrics["auc_volume"].value > 0.8


def test_the_same_seed_gives_the_same_signature(fitted):
    again = fit(a_table(), QUICK)
    np.testing.assert_array_equal(again.out_of_fold, fitted.out_of_fold)
    assert again.selected == fitted.selected


def test_few_patients_are_refused():
    table = a_table(rows=16)
    with pytest.raises(InputError, match="has 8 patients; a signature needs 10"):
        fit(table, QUICK)


def test_training_can_be_canceled():
    with pytest.raises(CancelledError):
        fit(a_table(rows=40), QUICK, progress=Progress(canceled=lambda: True))


def test_probabilities_of_the_final_model_are_calibrated(fitted):
    probabilities = fitted.calibration.probabilities(fitted.trained.values(fitted.table.values))
    assert probabilities[fitted.table.outcome == 1].mean() > 0.6 > probabilities[fitted.table.outcome == 0].mean()
    assert probabilities.mean() == pytest.approx(fitted.table.outcome.mean(), abs=0.1)


def test_other_patients_are_a_test_and_known_ones_are_refused(fitted):
    other = a_table(seed=5)
    other = dataclasses.replace(other, patients=np.array([f"x{name}" for name in other.patients]))
    found = evaluate_external(fitted, other)
    assert found.metrics["auc"].value > found.metrics["auc_volume"].value > 0.6
    assert set(found.metrics) == {"auc", "auc_volume", "brier", "calibration_slope", "calibration_intercept"}
    assert (found.patients, found.events) == (90, 45)
    with pytest.raises(InputError, match="p000 is in both tables"):
        evaluate_external(fitted, a_table(seed=5))
    with pytest.raises(InputError, match="no feature original_glcm_F5"):
        evaluate_external(fitted, other.of(other.names[:5]))


def test_a_test_on_separated_patients_has_no_calibration_slope(fitted):
    other = a_table(rows=20, signal=40.0)
    other = dataclasses.replace(other, patients=np.array([f"x{name}" for name in other.patients]))
    found = evaluate_external(fitted, other).metrics
    assert found["auc"].value == 1
    assert "calibration_slope" not in found


def test_only_pairs_that_one_model_scored_are_compared():
    y, folds = np.array([1, 0, 1, 0]), np.array([[0, 0, 1, 1]])
    scores = np.array([[0.2, 0.1, 10.1, 10.2]])  # the second model is 10 above the first
    comparisons = FoldComparisons.of(y, folds, scores)
    assert comparisons.auc(np.ones((1, 4)))[0] == pytest.approx(0.5)
    assert np.isnan(comparisons.auc(np.array([[1.0, 0.0, 0.0, 1.0]]))[0])
    ties = FoldComparisons.of(y, np.zeros((1, 4), dtype=np.int64), np.zeros((1, 4)))
    assert ties.auc(np.ones((1, 4)))[0] == pytest.approx(0.5)


def test_within_one_fold_the_auc_is_the_usual_one():
    from readingroom.metrics.auc import auc

    random = np.random.default_rng(0)
    y, scores = np.arange(50) % 2, random.normal(size=(1, 50))
    found = FoldComparisons.of(y, np.zeros((1, 50), dtype=np.int64), scores)
    assert found.auc(np.ones((1, 50)))[0] == pytest.approx(auc(y, scores[0]))


@pytest.mark.parametrize("model", ["lasso", "svm"])
def test_what_a_signature_says_of_itself_holds_for_new_patients(model):
    """Each fold chooses its own penalty, so scores are compared as deviations from the model's own training rows."""
    slopes, lifts = [], []
    for seed in range(3):
        recipe = dataclasses.replace(QUICK, model=model, seed=seed)
        found = fit(a_table(rows=200, features=12, signal=1.0, seed=seed), recipe)
        new = a_table(rows=4000, features=12, signal=1.0, seed=100 + seed)
        assert found.calibration is not None
        probabilities = found.calibration.probabilities(found.trained.values(new.values))
        slopes.append(recalibration(new.outcome, probabilities, new.patients).slope.value)
        for point in found.evaluation.points.values():
            called = probabilities >= point.threshold
            lifts.append(called[new.outcome == 1].mean() - point.confusion.sensitivity.value)
            lifts.append((~called[new.outcome == 0]).mean() - point.confusion.specificity.value)
    assert np.exp(np.mean(np.log(slopes))) == pytest.approx(1, abs=0.2)
    assert abs(np.mean(lifts)) < 0.03
    assert np.std(lifts) < 0.1
