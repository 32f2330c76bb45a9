"""LASSO and its filters against stored results of scikit-learn (oracle ``lasso``), and the filters themselves."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.radiomics.signature.lasso import PUBLISHED_C, Lasso, fit_l1, lambda_max
from readingroom.radiomics.signature.preparation import prepare, uncorrelated, varying
from readingroom.radiomics.signature.recipe import published, rigorous
from readingroom.radiomics.signature.tuning import choose, fold_results

model_selection = pytest.importorskip("sklearn.model_selection", reason="needs the extra [train]")

TRAINING = 32  # rows of the oracle that train; the other 8 are its test set


@pytest.fixture(scope="module")
def oracle(shared):
    folder = shared / "oracles" / "lasso"
    return json.loads((folder / "lasso.json").read_text()), np.load(folder / "lasso_data.npz")


def test_filter_and_z_scores_are_learned_from_the_training_rows_alone(oracle):
    expected, data = oracle
    found = prepare(data["X"][:TRAINING], published())
    assert found.columns.tolist() == expected["kept_features_variance_gt_1e-6_train_only"]
    np.testing.assert_allclose(found.mean, expected["scaler_mean"], rtol=1e-12)
    np.testing.assert_allclose(found.scale, expected["scaler_scale"], rtol=1e-12)


@pytest.mark.parametrize("c", PUBLISHED_C)
def test_coefficients_agree_with_liblinear_and_saga(oracle, c):
    expected, data = oracle
    reference = expected["per_C"][f"{c:g}"]
    prepared = prepare(data["X"][:TRAINING], published())
    z, y = prepared.apply(data["X"][:TRAINING]), data["y"][:TRAINING]
    penalized, free = fit_l1(z, y, c, "penalized"), fit_l1(z, y, c, "free")
    np.testing.assert_allclose(penalized.coefficients, reference["coef"], atol=1e-4)
    assert penalized.intercept == pytest.approx(reference["intercept"], abs=1e-4)
    np.testing.assert_allclose(free.coefficients, reference["saga_coef"], atol=1e-4)
    if reference["nonzero"]:  # saga had not converged where no feature was left: its optimum is then 0
        assert free.intercept == pytest.approx(reference["saga_intercept"], abs=1e-4)
    test = prepared.apply(data["X"][TRAINING:])
    for values, truth, accuracy in ((z, y, "train_acc"), (test, data["y"][TRAINING:], "test_acc")):
        if reference["nonzero"]:
            assert ((penalized.values(values) > 0) == truth).mean() == reference[accuracy]


def test_grid_of_the_published_recipe_chooses_as_the_reference_did(oracle):
    expected, data = oracle
    x, y = data["X"][:TRAINING], data["y"][:TRAINING].astype(np.int64)
    folds = np.empty(TRAINING, dtype=np.int64)
    for number, (_, held_out) in enumerate(model_selection.StratifiedKFold(3).split(x, y)):
        folds[held_out] = number
    recipe = dataclasses.replace(published(), tolerance=1e-8)
    candidates = Lasso().candidates(x, y, recipe)
    assert [candidate["C"] for candidate in candidates] == expected["gridsearch_3fold"]["order_of_C"]
    accuracy = fold_results(Lasso(), x, y, folds, candidates, recipe, accuracy=True).mean(axis=0)
    np.testing.assert_allclose(accuracy, expected["gridsearch_3fold"]["mean_test_score"], atol=1e-4)
    assert choose(Lasso(), x, y, folds, candidates, recipe)["C"] == expected["gridsearch_3fold"]["best_C"]


def test_the_rigorous_grid_begins_where_the_last_feature_leaves(rng):
    z = rng.normal(size=(60, 12))
    y = (z[:, 0] + rng.normal(size=60) > 0).astype(np.int64)
    grid = Lasso().candidates(z, y, rigorous())
    assert len(grid) == 50
    assert grid[0]["lambda"] == pytest.approx(lambda_max(z, y))
    assert not fit_l1(z, y, 1 / (1.001 * grid[0]["lambda"] * 60), "free").used.any()
    assert fit_l1(z, y, 1 / (0.98 * grid[0]["lambda"] * 60), "free").used.any()


def test_one_standard_error_rule_prefers_the_simpler_model(rng):
    z = rng.normal(size=(80, 12))
    y = (z[:, 0] + rng.normal(size=80) > 0).astype(np.int64)
    recipe = rigorous()
    grid, folds = Lasso().candidates(z, y, recipe), np.arange(80) % 5
    losses = fold_results(Lasso(), z, y, folds, grid, recipe)
    mean, best = losses.mean(axis=0), int(losses.mean(axis=0).argmin())
    chosen = grid.index(choose(Lasso(), z, y, folds, grid, recipe))
    limit = mean[best] + losses[:, best].std(ddof=1) / np.sqrt(5)
    assert 0 < chosen < best
    assert mean[chosen] <= limit < mean[chosen - 1]


def test_the_relative_filter_does_not_care_for_units_and_the_raw_one_does(rng):
    litres = rng.uniform(1e-4, 9e-4, size=(50, 1))
    both = np.hstack([litres, litres * 1e6])
    assert varying(both, 1e-3, relative=True).tolist() == [0, 1]
    assert varying(both, 1e-3, relative=False).tolist() == [1]
    assert varying(np.ones((5, 1)) * 3.7, 0.0, relative=True).tolist() == []


def test_of_correlated_features_one_is_kept(rng):
    a, b = rng.normal(size=(2, 200))
    values = np.stack([a, np.exp(3 * a), b], axis=1)
    assert len(uncorrelated(values, "spearman", 0.9)) == 2
    assert 2 in uncorrelated(values, "spearman", 0.9)
    assert len(uncorrelated(values, "pearson", 0.9)) == 3  # the relation is no straight line
    assert len(uncorrelated(values, "none", 0.9)) == 3


def test_no_varying_feature_is_said():
    with pytest.raises(InputError, match="nothing to learn from"):
        prepare(np.ones((10, 3)), rigorous())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "tree"}, "no model 'tree'"),
        ({"protocol": "sloppy"}, "no protocol 'sloppy'"),
        ({"largest_correlation": 0.0}, "not between 0 and 1"),
        ({"least_deviation": -1.0}, "below 0"),
        ({"folds": 1}, "two folds or more"),
    ],
)
def test_implausible_recipes_are_refused(change, sentence):
    with pytest.raises(InputError, match=sentence):
        dataclasses.replace(rigorous(), **change)


@pytest.fixture
def rng():
    return np.random.default_rng(7)
