"""Distance of an embedding from the training embeddings."""

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.trust.checks import distance_check
from readingroom.trust.distance import (
    FeatureStatistics,
    cross_fitted_distances,
    fit_statistics,
    held_out_distances,
    ledoit_wolf_shrinkage,
)

FEATURES = 150


def embeddings(n: int, seed: int = 0):
    """Correlated features whose variances fall off slowly, as networks give them."""
    random = np.random.default_rng(seed)
    mixing, _ = np.linalg.qr(np.random.default_rng(99).normal(size=(FEATURES, FEATURES)))
    return random.normal(size=(n, FEATURES)) / np.arange(1, FEATURES + 1) ** 0.5 @ mixing + 3


@pytest.fixture(scope="module")
def statistics():
    training = embeddings(300)
    return fit_statistics(training, cross_fitted_distances(training, np.arange(300) % 5, 20), 20)


def test_shrinkage_equals_scikit_learn():
    covariance = pytest.importorskip("sklearn.covariance")
    for values in (embeddings(40), embeddings(300)):
        assert ledoit_wolf_shrinkage(values) == pytest.approx(covariance.ledoit_wolf_shrinkage(values), abs=1e-9)


def test_with_all_directions_it_is_the_mahalanobis_distance():
    covariance = pytest.importorskip("sklearn.covariance")
    values = embeddings(200)[:, :10]
    ours = held_out_distances(values, values[:20], directions=9)
    reference = covariance.LedoitWolf().fit(values).mahalanobis(values[:20])
    assert ours == pytest.approx(np.sqrt(reference), rel=2e-3)  # directions are kept in half precision


def test_new_cases_of_the_same_kind_rarely_pass_the_limits(statistics):
    distances = statistics.distance(embeddings(1000, seed=5))
    assert (distances > statistics.warn_above).mean() < 0.03
    assert not (distances > statistics.stop_above).any()


def test_a_case_off_the_strong_directions_is_far(statistics):
    strange = embeddings(1, seed=6) + np.random.default_rng(1).normal(0, 1, FEATURES)
    assert statistics.distance(strange)[0] > statistics.stop_above


def test_training_cases_lie_closer_than_held_out_ones(statistics):
    assert np.median(statistics.distance(embeddings(300))) < statistics.held_out[50]


def test_arrays_are_small_and_give_the_same_distances(statistics):
    arrays = statistics.arrays()
    assert arrays["directions"].dtype == np.float16
    again = FeatureStatistics.from_arrays(arrays)
    values = embeddings(10, seed=7)
    assert again.distance(values) == pytest.approx(statistics.distance(values), rel=1e-5)
    assert (again.warn_above, again.stop_above, again.n) == (statistics.warn_above, statistics.stop_above, 300)


def test_arrays_with_something_missing_are_refused(statistics):
    arrays = statistics.arrays()
    del arrays["limits"]
    with pytest.raises(ValueError, match="lack limits"):
        FeatureStatistics.from_arrays(arrays)


def test_an_embedding_of_another_network_is_refused(statistics):
    with pytest.raises(ValueError, match=f"7 features, the statistics {FEATURES}"):
        statistics.distance(np.zeros(7))


def test_embeddings_that_are_all_alike_are_refused():
    with pytest.raises(InputError, match="sees no difference between any two"):
        fit_statistics(np.ones((20, 5)), np.arange(20.0))


def test_distances_from_few_studies_that_are_there_many_times_are_finite():
    two = np.random.default_rng(0).normal(size=(2, 40))
    training, others = np.repeat(two, 8, axis=0), np.random.default_rng(1).normal(size=(5, 40))
    distances = held_out_distances(training, others)
    assert np.isfinite(distances).all()
    found = fit_statistics(training, distances)
    assert np.isfinite([found.warn_above, found.stop_above, *found.distance(training)]).all()
    assert found.distance(training).max() < distances.min()


def test_the_check_says_how_many_held_out_cases_are_closer(statistics):
    near = distance_check(float(statistics.held_out[40]), statistics)
    unusual = distance_check(statistics.warn_above + 1e-6, statistics)
    far = distance_check(statistics.stop_above + 1, statistics)
    assert [check.status for check in (near, unusual, far)] == ["pass", "warn", "stop"]
    assert "39 %" in near.sentence.replace("%", " %") or "40 %" in near.sentence.replace("%", " %")
    assert "further from the training pictures than 99% of held-out training cases" in unusual.sentence
    assert "all 300 held-out" in far.sentence


def test_nothing_is_further_away_than_100_percent_of_the_held_out_cases_but_than_all_of_them(statistics):
    beyond = (float(statistics.held_out[-1]) + statistics.stop_above) / 2
    assert statistics.held_out[-1] < beyond < statistics.stop_above
    check = distance_check(beyond, statistics)
    assert check.status == "warn"
    assert check.sentence == "The picture is further from the training pictures than all 300 held-out training cases."
