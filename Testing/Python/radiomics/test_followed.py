"""Which features follow which: against stored results (oracle ``lasso``), and on features that follow nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from readingroom.radiomics.followed import (
    Rule,
    benjamini_hochberg,
    correlations,
    followed,
    p_values,
    stability,
)

TRAINING = 32  # rows of the oracle that train


@pytest.fixture(scope="module")
def oracle(shared):
    folder = shared / "oracles" / "lasso"
    tables = (np.load(folder / "deep_features.npz")["D"], np.load(folder / "lasso_data.npz")["X"])
    return json.loads((folder / "lasso.json").read_text()), *tables


def _names(count: int) -> np.ndarray:
    return np.arange(count).astype(str)


def test_training_rows_choose_what_the_reference_chose(oracle):
    expected, deep, handcrafted = oracle
    kept = expected["kept_features_variance_gt_1e-6_train_only"]
    rule = Rule("pearson", 0.5, 1.0)
    found, chosen = followed(deep[:TRAINING], handcrafted[:TRAINING, kept], _names(TRAINING), rule)
    np.testing.assert_allclose(np.abs(found).max(axis=1), expected["explainable_max_abs_r_train_only"], atol=1e-6)
    assert np.flatnonzero(chosen.any(axis=1)).tolist() == expected["explainable_idx_train_only"] == [0, 2, 3, 6, 7]


def test_rows_that_are_held_out_would_let_one_more_feature_in(oracle):
    expected, deep, handcrafted = oracle
    _, chosen = followed(deep, handcrafted, _names(len(deep)), Rule("pearson", 0.5, 1.0))
    leaked = np.flatnonzero(chosen.any(axis=1)).tolist()
    assert leaked == expected["explainable_idx_if_all_rows_used_LEAK"]
    assert set(leaked) - set(expected["explainable_idx_train_only"]) == {4}


def test_chance_alone_reaches_the_least_correlation_as_often_as_the_reference_says(oracle):
    expected, *_ = oracle
    one = float(p_values(np.array(0.5), 32))
    assert one == pytest.approx(expected["null_prob_abs_r_ge_.5_n32_single_pair"])
    assert 1 - (1 - one) ** 64 == pytest.approx(expected["null_prob_at_least_one_of_64_independent"])
    assert float(p_values(np.array(0.5), 8)) == pytest.approx(expected["null_prob_abs_r_ge_.5_n8_single_pair"])


def test_correlations_are_those_of_scipy():
    random = np.random.default_rng(1)
    first, second = random.normal(size=(40, 3)), np.exp(random.normal(size=(40, 4)))
    for kind, reference in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        found = correlations(first, second, kind)
        expected = [[reference(one, other).statistic for other in second.T] for one in first.T]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_feature_that_does_not_vary_follows_nothing():
    random = np.random.default_rng(2)
    first = np.column_stack([np.full(30, 0.1), random.normal(size=30)])
    for kind in ("pearson", "spearman"):
        assert correlations(first, first, kind)[0].tolist() == [0, 0]


def test_an_order_without_a_line_is_seen_by_ranks_alone():
    values = np.linspace(-3, 3, 50)[:, None]
    steep = np.exp(4 * values)
    assert correlations(values, steep, "spearman")[0, 0] == pytest.approx(1)
    assert correlations(values, steep, "pearson")[0, 0] < 0.5


def test_discoveries_are_those_of_scipy():
    p = np.random.default_rng(3).uniform(size=(20, 30)) ** 3
    expected = stats.false_discovery_control(p.ravel()).reshape(p.shape) <= 0.05
    assert 0 < expected.sum() < p.size
    assert np.array_equal(benjamini_hochberg(p, 0.05), expected)
    assert not benjamini_hochberg(np.full((3, 3), 0.5), 0.05).any()


def test_features_that_follow_nothing_are_hardly_ever_chosen_with_a_rate_and_often_without():
    random = np.random.default_rng(4)
    with_rate = without = 0
    for _ in range(20):
        deep, handcrafted = random.normal(size=(32, 128)), random.normal(size=(32, 64))
        with_rate += followed(deep, handcrafted, _names(32), Rule("pearson", 0.5, 0.05))[1].any()
        without += followed(deep, handcrafted, _names(32), Rule("pearson", 0.5, 1.0))[1].any(axis=1).mean() / 20
    assert with_rate <= 4
    assert without == pytest.approx(0.2045, abs=0.03)  # as papers/liver-hcc selected


def test_several_rows_of_a_patient_count_as_one():
    random = np.random.default_rng(5)
    first = random.normal(size=(8, 1))
    second = first + random.normal(size=(8, 1))
    rule = Rule("pearson", 0.1, 0.05)
    assert not followed(first, second, _names(8), rule)[1].any()
    often = np.repeat(np.arange(8), 10)
    assert followed(first[often], second[often], _names(80), rule)[1].any()  # were they 80 patients
    assert not followed(first[often], second[often], _names(8)[often], rule)[1].any()


def test_a_true_pair_is_chosen_again_in_most_resamples_and_a_chance_pair_in_few():
    random = np.random.default_rng(6)
    first, second = random.normal(size=(40, 3)), random.normal(size=(40, 5))
    first[:, 0] += 2 * second[:, 1]
    found = stability(first, second, _names(40), Rule(), 50, 0)
    assert found[0, 1] > 0.9
    assert np.delete(found.ravel(), 1).max() < 0.5
