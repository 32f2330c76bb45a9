"""Cox regression; numbers from scikit-survival and closed forms."""

import math

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.cox import baseline_hazard, fit_cox


def patients(n=300, seed=0, ties=True):
    generator = np.random.default_rng(seed)
    design = generator.normal(size=(n, 4))
    time = generator.exponential(10 * np.exp(-0.5 * design[:, 0]))
    event = (generator.random(n) < 0.7).astype(int)
    return design, np.ceil(time * 2) / 2 if ties else time, event


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("ridge", [0.0, 10.0])
def test_coefficients_are_those_of_scikit_survival(ties, ridge):
    peer, util = pytest.importorskip("sksurv.linear_model"), pytest.importorskip("sksurv.util")
    design, time, event = patients()
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    theirs = peer.CoxPHSurvivalAnalysis(alpha=ridge, ties=ties).fit(design, util.Surv.from_arrays(event == 1, time))
    assert fit_cox(design, time, event, ridge, ties).coefficients == pytest.approx(theirs.coef_, abs=1e-6)


def test_incidence_is_that_of_scikit_survival():
    peer, util = pytest.importorskip("sksurv.linear_model"), pytest.importorskip("sksurv.util")
    design, time, event = patients()
    theirs = peer.CoxPHSurvivalAnalysis(ties="breslow").fit(design, util.Surv.from_arrays(event == 1, time))
    survival = theirs.predict_survival_function(design[:3], return_array=True)
    found, _, _ = fit_cox(design, time, event, ties="breslow").incidence(design[:3], theirs.unique_times_)
    assert found == pytest.approx(1 - survival, abs=1e-6)


def test_coefficients_errors_and_likelihood_are_those_of_lifelines():
    design = [[1, 0], [3, 1], [0, 0], [2, 1], [1, 1], [0, 0], [4, 0], [1, 0], [2, 1], [2, 0]]
    fit = fit_cox(design, [4, 2, 7, 7, 5, 9, 3, 8, 7, 2], [1, 1, 1, 1, 0, 0, 1, 1, 0, 1])  # with ties
    assert fit.coefficients == pytest.approx([0.73032732, -0.77717535], abs=1e-6)  # lifelines 0.30.3
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.36773686, 0.91729248], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-10.100322037239284, abs=1e-9)


def test_two_groups_by_hand():
    # Events of the group with x = 1 at 1 and of the other at 2, one of each alive: with r = exp(b) the likelihood is
    # r / (2 r + 2) * 1 / (r + 2), whose maximum is where r^2 = 2.
    fit = fit_cox([[1], [0], [1], [0]], [1, 2, 3, 3], [1, 1, 0, 0])
    assert fit.coefficients[0] == pytest.approx(math.log(2) / 2, abs=1e-9)
    ratio = math.sqrt(2)
    assert fit.log_likelihood == pytest.approx(math.log(ratio / (2 * ratio + 2) / (ratio + 2)), abs=1e-9)
    # Breslow's baseline at x = 0, without ties.
    at_zero = fit.incidence([[0]], [2])[0][0, 0]
    assert -math.log(1 - at_zero) == pytest.approx(1 / (2 * ratio + 2) + 1 / (ratio + 2), abs=1e-9)


def test_the_likelihood_of_efron_by_hand():
    # Three patients, two die together: log-likelihood at 0 is -log 3 - log (3 - 2/2).
    fit = fit_cox(np.zeros((3, 0)), [1, 1, 2], [1, 1, 0])
    assert fit.log_likelihood == pytest.approx(-math.log(3) - math.log(2))
    assert fit.hazard == pytest.approx([1 / 3 + 1 / 2])
    assert fit_cox(np.zeros((3, 0)), [1, 1, 2], [1, 1, 0], ties="breslow").hazard == pytest.approx([2 / 3])


def test_true_coefficients_lie_in_their_intervals_as_often_as_these_say():
    held = 0
    for seed in range(300):
        design, time, event = patients(150, seed, ties=False)
        fit = fit_cox(design[:, :1], time, event)
        held += abs(fit.coefficients[0] - 0.5) <= 1.96 * math.sqrt(fit.covariance[0, 0])
    assert 0.92 <= held / 300 <= 0.98


def test_the_band_of_the_incidence_holds_the_truth_as_often_as_it_says():
    truth = 1 - math.exp(-6 / 10 * math.exp(0.5))  # at x = 1, month 6
    held = 0
    for seed in range(300):
        design, time, _ = patients(150, seed, ties=False)
        lost = np.random.default_rng(seed + 1000).uniform(2, 30, 150)
        fit = fit_cox(design[:, :1], np.minimum(time, lost), time <= lost)
        _, low, high = fit.incidence([[1.0]], [6])
        held += low[0, 0] <= truth <= high[0, 0]
    assert 0.92 <= held / 300 <= 0.98


def test_a_missing_value_counts_as_the_mean_of_its_column():
    design, time, event = patients()
    design[::7, 1] = np.nan
    filled = np.where(np.isnan(design), np.nanmean(design, axis=0), design)
    fit = fit_cox(design, time, event)
    assert fit.missing == (0, 43, 0, 0)
    assert fit.coefficients == pytest.approx(fit_cox(filled, time, event).coefficients, abs=1e-9)
    assert fit.log_risk([[np.nan] * 4]) == pytest.approx([0])


def test_a_ridge_penalty_draws_coefficients_to_zero_and_does_not_ask_for_units():
    design, time, event = patients()
    plain, drawn = fit_cox(design, time, event), fit_cox(design, time, event, ridge=50)
    assert np.abs(drawn.coefficients).max() < np.abs(plain.coefficients).max()
    assert fit_cox(design * 10, time, event, ridge=50).coefficients * 10 == pytest.approx(drawn.coefficients, abs=1e-8)


def test_no_event_is_a_sentence():
    with pytest.raises(InputError, match="No event was seen"):
        fit_cox([[1], [2]], [3, 4], [0, 0])


def test_a_column_of_nothing_is_a_sentence():
    with pytest.raises(InputError, match="no known value"):
        fit_cox([[1, np.nan], [2, np.nan]], [3, 4], [1, 1])


@pytest.mark.parametrize("of", ["twice the same", "tells all apart", "constant"])
def test_no_finite_solution_is_a_sentence(of):
    design, time, event = patients()
    first = design[:, :1]
    columns = {"twice the same": np.hstack([first, first]), "tells all apart": -time[:, None], "constant": first * 0}
    with pytest.raises(InputError, match="no finite solution"):
        fit_cox(columns[of], time, np.ones_like(event))


def test_one_patient_has_a_baseline():
    fit = fit_cox(np.zeros((1, 0)), [5], [1])
    assert fit.incidence(np.zeros((1, 0)), [4, 5])[0] == pytest.approx(np.array([[0, 1 - math.exp(-1)]]))


def test_nothing_is_known_beyond_the_longest_follow_up():
    design, time, event = patients()
    risk, low, high = fit_cox(design, time, event).incidence(design[:1], [time.max() + 1])
    assert np.isnan([risk, low, high]).all()


def test_breslows_baseline_hazard_is_that_of_the_definition():
    log_risk, time, event = np.log([2.0, 1.0, 4.0, 1.0]), [3.0, 5.0, 5.0, 8.0], [1, 0, 1, 1]
    found = baseline_hazard(log_risk, time, event, [1, 3, 4, 5, 7.9, 8, 20])
    first, second, third = 1 / 8, 1 / 8 + 1 / 6, 1 / 8 + 1 / 6 + 1
    assert found == pytest.approx([0, first, first, second, second, third, third])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_baseline_hazard_of_log_risks_is_that_of_the_regression_that_gave_them(ties):
    generator = np.random.default_rng(0)
    design = generator.normal(size=(200, 2))
    time = np.ceil(generator.exponential(np.exp(2 - design[:, 0])))
    event = generator.random(200) < 0.7
    fit = fit_cox(design, time, event, ties=ties)
    months = np.arange(1, 13)
    found = baseline_hazard(fit.log_risk(design), time, event, months, ties)
    assert found == pytest.approx(fit.baseline(months)[0], rel=1e-9)
    shifted = baseline_hazard(fit.log_risk(design) + 7, time, event, months, ties)
    assert shifted * np.exp(7) == pytest.approx(found, rel=1e-9)


def test_a_baseline_hazard_without_an_event_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="No event was seen, and a baseline hazard needs at least one"):
        baseline_hazard([0.1, 0.2], [3, 4], [0, 0], [1, 2])
