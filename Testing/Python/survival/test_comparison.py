"""Two models on the same patients."""

import itertools

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.comparison import compare
from readingroom.survival.concordance import antolini

MONTHS = np.arange(1.0, 25.0)


def models(n=120, seed=0, advantage=0.0):
    """Times, and two models of noise of which the first also knows something of the hazard."""
    generator = np.random.default_rng(seed)
    hazard = generator.normal(size=n)
    time = generator.exponential(15 * np.exp(-hazard))
    event = (time <= 24).astype(int)

    def incidence(log_hazard):
        return 1 - np.exp(-np.exp(log_hazard)[:, None] * MONTHS / 15)

    first = incidence(advantage * hazard + generator.normal(size=n))
    return np.minimum(time, 24), event, first, incidence(generator.normal(size=n))


def test_a_model_that_knows_something_is_found_better():
    time, event, first, second = models(advantage=1.5)
    test = compare(time, event, first, second, MONTHS, permutations=999, resamples=500)
    assert test.first == pytest.approx(antolini(time, event, first, MONTHS).value(), abs=1e-12)
    assert test.difference.value == pytest.approx(test.first - test.second, abs=1e-12)
    assert test.p == 1 / 1000
    assert test.difference.interval.low > 0


def test_models_of_noise_differ_as_seldom_as_the_level_says():
    found = [compare(*models(60, seed), MONTHS, permutations=199, resamples=0).p for seed in range(150)]
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.1


def test_all_swaps_of_a_few_patients_give_the_share_that_chance_gives():
    time, event, first, second = models(6, seed=4)
    ranks = [np.argsort(np.argsort(each, axis=0), axis=0) / 10 for each in (first, second)]

    def difference(swap):
        swapped = [np.where(np.array(swap)[:, None], ranks[1 - k], ranks[k]) for k in (0, 1)]
        one, other = (antolini(time, event, each, MONTHS).value() for each in swapped)
        return one - other

    every = [difference(swap) for swap in itertools.product((False, True), repeat=6)]
    exact = np.mean(np.abs(every) >= abs(every[0]) - 1e-12)
    test = compare(time, event, first, second, MONTHS, permutations=20_000, resamples=0)
    assert test.p == pytest.approx(exact, abs=0.015)


def test_the_scale_of_a_model_does_not_matter():
    time, event, first, second = models()
    one = compare(time, event, first, second, MONTHS, permutations=99, resamples=0)
    other = compare(time, event, first**3, second, MONTHS, permutations=99, resamples=0)
    assert (one.p, one.first) == (other.p, other.first)


def test_a_model_does_not_differ_from_itself():
    time, event, first, _ = models()
    test = compare(time, event, first, first, MONTHS, permutations=99, resamples=50)
    assert test.p == 1
    assert test.difference.value == 0


def test_the_cases_of_a_patient_are_swapped_together():
    time, event, first, second = models(40, advantage=0.5)
    copies = [np.repeat(part, 3, axis=0) for part in (time, event, first, second)]
    apart = compare(*copies, MONTHS, permutations=999, resamples=0)
    together = compare(*copies, MONTHS, patients=np.repeat(np.arange(40), 3), permutations=999, resamples=0)
    assert together.p > apart.p


@pytest.mark.parametrize(("time", "event"), [([5], [1]), ([5, 6], [0, 0]), ([30, 40], [1, 0])])
def test_where_no_pair_can_be_compared_there_is_a_sentence_and_no_p(time, event):
    incidence = np.full((len(time), 24), 0.5)
    with pytest.raises(InputError, match="cannot be compared"):
        compare(time, event, incidence, incidence, MONTHS, permutations=9, resamples=0)


def test_a_model_of_each_fold_on_a_scale_of_its_own_is_compared_within_the_folds():
    time, event, first, second = models(80, 4)
    folds = np.arange(80) % 4
    scaled = first * np.array([1.0, 0.3, 0.6, 0.1])[folds][:, None]
    one = compare(time, event, first, second, MONTHS, folds=folds, permutations=99, resamples=0)
    other = compare(time, event, scaled, second, MONTHS, folds=folds, permutations=99, resamples=0)
    assert (one.first, one.p) == (other.first, other.p)
    assert one.first == pytest.approx(antolini(time, event, first, MONTHS).within(folds).value(), abs=1e-12)
