"""Models without the library that made them: the same scores, and contributions that are Shapley values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from readingroom.radiomics.signature import boosting
from readingroom.radiomics.signature.forest import Forest
from readingroom.radiomics.signature.lasso import fit_l1
from readingroom.radiomics.signature.model import from_arrays
from readingroom.radiomics.signature.recipe import Recipe
from readingroom.radiomics.signature.svm import Svm

pytest.importorskip("sklearn", reason="needs the extra [train]")

FEATURES = 5


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(3)
    z = random.normal(size=(70, FEATURES))
    y = (z[:, 0] + z[:, 1] * z[:, 2] + 0.5 * random.normal(size=70) > 0).astype(np.int64)
    return z, y, random.normal(size=(40, FEATURES))


def models(data):
    z, y, _ = data
    return {
        "lasso": fit_l1(z, y, 1.0, "free"),
        "svm": Svm().train(z, y, {"C": 1.0}, Recipe(model="svm")),
        "linear svm": Svm().train(z, y, {"C": 1.0}, Recipe(model="svm", kernel="linear")),
        "forest": Forest().train(z, y, {"least_rows": 3}, Recipe(model="forest")),
        "boosting": boosting.with_sklearn(z, y, 30, 3, 0),
    }


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_svm_gives_the_decision_values_of_scikit_learn(data, kernel):
    from sklearn.svm import SVC

    z, y, new = data
    ours = Svm().train(z, y, {"C": 2.0}, Recipe(model="svm", kernel=kernel))
    theirs = SVC(C=2.0, kernel=kernel, gamma=1 / FEATURES).fit(z, y)
    np.testing.assert_allclose(ours.values(new), theirs.decision_function(new), atol=1e-9)


def test_lasso_gives_the_decision_values_of_scikit_learn(data):
    from sklearn.linear_model import LogisticRegression

    z, y, new = data
    theirs = LogisticRegression(C=1.0, l1_ratio=1.0, solver="liblinear", tol=1e-8, random_state=0).fit(z, y)
    np.testing.assert_allclose(fit_l1(z, y, 1.0, "penalized").values(new), theirs.decision_function(new), atol=1e-9)


def test_forest_gives_the_probabilities_of_scikit_learn(data):
    from sklearn.ensemble import RandomForestClassifier

    z, y, new = data
    theirs = RandomForestClassifier(200, min_samples_leaf=3, random_state=0).fit(z, y)
    ours = Forest().train(z, y, {"least_rows": 3}, Recipe(model="forest"))
    np.testing.assert_allclose(ours.values(new), theirs.predict_proba(new)[:, 1], atol=1e-9)


def test_boosting_of_scikit_learn_gives_its_decision_values(data):
    from sklearn.ensemble import GradientBoostingClassifier

    z, y, new = data
    theirs = GradientBoostingClassifier(n_estimators=30, max_depth=3, learning_rate=0.1, random_state=0).fit(z, y)
    np.testing.assert_allclose(
        boosting.with_sklearn(z, y, 30, 3, 0).values(new), theirs.decision_function(new), atol=1e-9
    )


def test_boosting_of_xgboost_gives_its_margins_in_single_precision(data):
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed")
    z, y, new = data
    theirs = xgboost.XGBClassifier(
        n_estimators=30, max_depth=3, learning_rate=0.1, random_state=0, n_jobs=1, tree_method="exact"
    ).fit(z, y)
    ours = boosting.with_xgboost(z, y, 30, 3, 0)
    for rows in (new, z):  # training rows lie on thresholds
        np.testing.assert_allclose(ours.values(rows), theirs.predict(rows, output_margin=True), atol=1e-6)


def test_without_xgboost_boosting_is_scikit_learns_and_says_so(data, monkeypatch):
    monkeypatch.setattr(boosting, "_xgboost", lambda: None)
    z, y, new = data
    assert "scikit-learn" in boosting.Boosting().made_with()
    found = boosting.Boosting().train(z, y, {"trees": 20, "depth": 2}, Recipe(model="boosting"))
    np.testing.assert_allclose(found.values(new), boosting.with_sklearn(z, y, 20, 2, 0).values(new))


def test_contributions_are_the_shapley_values_of_all_subsets(data):
    _, _, new = data
    background = new[1:6]
    for name, model in models(data).items():
        expected = _shapley(model, new[0], background)
        np.testing.assert_allclose(model.contributions(new[0], background), expected, atol=1e-10, err_msg=name)


def test_contributions_add_up_to_the_score_minus_the_mean_of_the_background(data):
    z, _, new = data
    for name, model in models(data).items():
        difference = model.values(new[:1])[0] - model.values(z).mean()
        assert model.contributions(new[0], z).sum() == pytest.approx(difference, abs=1e-10), name


def test_a_linear_contribution_is_coefficient_times_z_score(data):
    _, _, new = data
    model = models(data)["lasso"]
    np.testing.assert_allclose(model.contributions(new[0], np.zeros((1, FEATURES))), model.coefficients * new[0])


def test_models_come_back_from_their_arrays(data):
    _, _, new = data
    for name, model in models(data).items():
        again = from_arrays(model.form, model.arrays(), FEATURES)
        np.testing.assert_array_equal(again.values(new), model.values(new), err_msg=name)


def test_features_without_a_say_can_be_left_out(data):
    z, y, new = data
    for model in (
        fit_l1(z, y, 0.15, "free"),
        boosting.with_sklearn(z, y, 2, 1, 0),
        Forest().train(z[:, :2], y, {"least_rows": 20}, Recipe(model="forest")),
    ):
        rows = new[:, : len(model.used)]
        np.testing.assert_allclose(model.only(model.used).values(rows[:, model.used]), model.values(rows))


@pytest.mark.parametrize(
    ("model", "name", "change", "sentence"),
    [
        ("lasso", "coefficients", lambda old: old[:2], "2 coefficients for 5"),
        ("lasso", "coefficients", lambda old: old[None], "wrong shape"),
        ("lasso", "intercept", lambda old: old * np.nan, "'intercept' is not finite"),
        ("lasso", "intercept", lambda old: old * 0 + 1e300, "'intercept' is not finite"),
        ("lasso", "intercept", lambda old: old[:0], "not a single number"),
        ("svm", "support", lambda old: old[:3], "do not fit"),
        ("svm", "gamma", lambda old: -old, "grows with the distance"),
        ("boosting", "left", lambda old: old * 0, "leads nowhere"),
        ("boosting", "roots", lambda old: old + 10**6, "leads nowhere"),
        ("boosting", "roots", lambda old: old[1:], "leads nowhere"),
        ("boosting", "feature", lambda old: np.where(old >= 0, 99, -1), "not there"),
        ("boosting", "right", lambda old: old.astype(np.float32), "whole numbers"),
        ("boosting", "value", lambda old: old[:-1], "do not fit together"),
    ],
)
def test_numbers_that_make_no_model_are_refused(data, model, name, change, sentence):
    found = models(data)[model]
    arrays = found.arrays()
    with pytest.raises(ValueError, match=sentence):
        from_arrays(found.form, {**arrays, name: change(arrays[name])}, FEATURES)


def chain(nodes: int, back: bool = False) -> dict[str, np.ndarray]:
    """One tree that is a chain: each inner node has a leaf and the next inner node; or one that leads back."""
    inner = np.arange(0, 2 * nodes, 2)
    left, right = (np.full(2 * nodes + 1, -1, dtype=np.int32) for _ in range(2))
    left[inner], right[inner] = inner + 1, inner + 2
    feature = np.full(2 * nodes + 1, -1, dtype=np.int32)
    feature[inner] = 0
    if back:  # nodes 2 and 4 lead to one another, away from the root
        left[[0, 2, 4]], right[[0, 2, 4]] = [1, 3, 2], [6, 4, 5]
    floats = np.zeros(2 * nodes + 1)
    roots = np.array([0], dtype=np.int32)
    return {"feature": feature, "left": left, "right": right, "threshold": floats, "value": floats, "roots": roots}


@pytest.mark.parametrize(
    ("arrays", "features", "sentence"),
    [
        (chain(300), 5, "too deep"),
        (chain(3, back=True), 5, "leads back"),
        (chain(100_000), 1000, "too large"),
    ],
)
def test_trees_made_to_do_harm_are_refused(arrays, features, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_arrays("trees", {**arrays, "bias": np.zeros(1)}, features)


def test_a_chain_that_is_not_too_deep_is_a_tree():
    found = from_arrays("trees", {**chain(20), "bias": np.ones(1)}, 5)
    assert found.values(np.zeros((1, 5))) == 1


def _shapley(model, z, background):
    """By definition: the mean gain of a feature over all subsets of the others."""
    found = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [i for i in range(FEATURES) if i != feature]
        for size in range(FEATURES):
            weight = math.factorial(size) * math.factorial(FEATURES - size - 1) / math.factorial(FEATURES)
            for subset in itertools.combinations(others, size):
                found[feature] += weight * (
                    _mean(model, z, background, [*subset, feature]) - _mean(model, z, background, list(subset))
                )
    return found


def _mean(model, z, background, present):
    rows = background.copy()
    rows[:, present] = z[present]
    return model.values(rows).mean()
