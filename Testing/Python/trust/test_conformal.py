"""Split-conformal sets."""

import numpy as np
import pytest

from readingroom import records
from readingroom.trust.conformal import ConformalSets, fit_conformal, lac_members, lac_quantile, minimum_cases

SCORES = [0.05, 0.1, 0.12, 0.2, 0.22, 0.25, 0.3, 0.31, 0.33, 0.4, 0.41, 0.45, 0.5, 0.52, 0.6, 0.66, 0.7, 0.8, 0.95]


def sets(**changes):
    return ConformalSets(
        **{"n": 50, "quantiles": {"0.8": 0.3, "0.9": 0.8}, "default_coverage": 0.9, "seed": 0} | changes
    )


def test_the_quantile_is_the_eighteenth_of_nineteen_scores():
    assert lac_quantile(SCORES, 0.9) == 0.8


@pytest.mark.parametrize(
    ("probabilities", "members"),
    [
        ([0.7, 0.2, 0.1], (0, 1)),
        ([0.4, 0.35, 0.25], (0, 1, 2)),
        ([0.34, 0.33, 0.33], (0, 1, 2)),
        ([0.96, 0.03, 0.01], (0,)),
    ],
)
def test_members_of_the_set(probabilities, members):
    assert lac_members(probabilities, 0.8) == members


def test_how_many_cases_a_coverage_needs():
    assert [minimum_cases(coverage) for coverage in (0.8, 0.9, 0.95)] == [4, 9, 19]
    with pytest.raises(ValueError, match="needs 19 calibration cases or more; there are 18"):
        lac_quantile(SCORES[:18], 0.95)


def test_the_promise_holds_on_new_cases():
    random = np.random.default_rng(4)

    def cases(n):
        probabilities = random.dirichlet([1, 1, 1], n)
        return np.array([random.choice(3, p=row) for row in probabilities]), probabilities

    fitted = fit_conformal(*cases(3000), range(3000), coverages=(0.9,))
    labels, probabilities = cases(3000)
    inside = [str(y) in fitted.prediction_set(p, "012").labels for y, p in zip(labels, probabilities, strict=True)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


def test_one_case_of_each_patient_calibrates():
    random = np.random.default_rng(0)
    fitted = fit_conformal(random.integers(0, 2, 90), random.random(90), np.arange(90) // 3)
    assert fitted.n == 30


def test_a_set_is_never_empty():
    assert sets().prediction_set([0.55, 0.45], ("a", "b"), coverage=0.8).labels == ("a",)


def test_the_most_probable_label_comes_first():
    assert sets().prediction_set([0.45, 0.55], ("a", "b")).labels == ("b", "a")


def test_a_set_says_its_coverage_and_its_number_of_cases():
    found = sets().finding_set(0.95, "mass")
    assert (found.labels, found.coverage, found.n, found.finding) == (("present",), 0.9, 50, "mass")


def test_a_coverage_without_quantile_is_refused():
    with pytest.raises(ValueError, match=r"0.99; there are 0.8, 0.9"):
        sets().prediction_set([0.5, 0.5], ("a", "b"), coverage=0.99)


def test_the_sets_survive_json():
    assert records.from_json(ConformalSets, records.to_json(sets())) == sets()
