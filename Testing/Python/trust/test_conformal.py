"""Split-conformal sets."""

import numpy as np
import pytest

from readingroom.trust.conformal import fit_conformal, lac_members, lac_quantile, minimum_cases

SCORES = [0.05, 0.1, 0.12, 0.2, 0.22, 0.25, 0.3, 0.31, 0.33, 0.4, 0.41, 0.45, 0.5, 0.52, 0.6, 0.66, 0.7, 0.8, 0.95]


def test_the_quantile_is_the_eighteenth_of_nineteen_scores():
    assert lac_quantile(SCORES, 0.9) == 0.8


@pytest.mark.parametrize(
    ("cases", "coverage", "place"),
    [(4, 0.8, 4), (5, 0.8, 5), (9, 0.9, 9), (10, 0.9, 10), (20, 0.9, 19), (20, 0.95, 20)],
)
def test_the_new_case_counts_as_one_of_the_cases(cases, coverage, place):
    """ceil((n + 1) * coverage), not ceil(n * coverage), which promises less than it says."""
    assert lac_quantile(np.arange(1, cases + 1), coverage) == place


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
    quantile = fitted.quantiles["0.9"]
    inside = [y in lac_members(p, quantile) for y, p in zip(labels, probabilities, strict=True)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


def test_one_case_of_each_patient_calibrates():
    random = np.random.default_rng(0)
    fitted = fit_conformal(random.integers(0, 2, 90), random.random(90), np.arange(90) // 3)
    assert fitted.n == 30


def test_a_set_is_never_empty():
    assert lac_members([0.55, 0.45], 0.3) == (0,)


def test_the_most_probable_label_comes_first():
    assert lac_members([0.45, 0.55], 0.8) == (1, 0)


def test_a_default_coverage_without_quantile_is_refused():
    with pytest.raises(ValueError, match=r"default coverage 0\.99 has no quantile"):
        fit_conformal([0, 1] * 50, [0.2, 0.8] * 50, range(100), default_coverage=0.99)
