"""Logistic regression by Newton's method."""

import numpy as np
import pytest
from scipy import optimize, special

from readingroom.metrics.logistic import fit_logistic


def cases():
    random = np.random.default_rng(2)
    design = np.stack([random.normal(size=80), np.ones(80)], axis=1)
    return design, (random.random(80) < special.expit(design @ [1.5, -0.5])).astype(float)


def test_it_finds_the_minimum_that_a_general_optimizer_finds():
    design, targets = cases()

    def loss(coefficients):
        logits = design @ coefficients
        return np.logaddexp(0, logits).sum() - targets @ logits

    expected = optimize.minimize(loss, [0, 0], method="BFGS", options={"gtol": 1e-9}).x
    assert fit_logistic(design, targets).coefficients == pytest.approx(expected, abs=1e-6)


def test_an_offset_is_added_with_a_coefficient_of_one():
    design, targets = cases()
    full = fit_logistic(design, targets).coefficients
    rest = fit_logistic(design[:, 1:], targets, offset=full[0] * design[:, 0]).coefficients
    assert rest == pytest.approx(full[1:], abs=1e-8)


def test_copies_of_a_patient_do_not_add_certainty():
    design, targets = cases()
    copied = fit_logistic(np.repeat(design, 3, 0), np.repeat(targets, 3), clusters=np.repeat(np.arange(80), 3))
    single = fit_logistic(design, targets, clusters=np.arange(80))
    assert copied.covariance == pytest.approx(single.covariance, rel=1e-6)


def test_separated_classes_have_no_finite_solution():
    design = np.stack([np.arange(6.0), np.ones(6)], axis=1)
    with pytest.raises(ValueError, match="no finite solution"):
        fit_logistic(design, np.array([0, 0, 0, 1, 1, 1.0]))
