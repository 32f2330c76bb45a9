"""The Cox loss of a network; numbers from the regression, pycox and closed forms."""

import math

import numpy as np
import pytest
import torch

from readingroom.survival import cox_head
from readingroom.survival.cox import fit_cox


def patients():
    generator = np.random.default_rng(0)
    design = generator.normal(size=(60, 3))
    return design, generator.integers(1, 15, 60).astype(float), generator.integers(0, 2, 60)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_loss_is_the_likelihood_of_the_regression(ties):
    design, time, event = patients()
    fit = fit_cox(design, time, event, ties=ties)
    risk = torch.tensor(design @ fit.coefficients, requires_grad=True)
    loss = cox_head.loss(risk, torch.tensor(time), torch.tensor(event), ties)
    assert float(loss.detach()) * event.sum() == pytest.approx(-fit.log_likelihood, abs=1e-9)
    loss.backward()  # at the solution the gradient by each coefficient is 0
    assert design.T @ risk.grad.numpy() == pytest.approx(np.zeros(3), abs=1e-9)


def test_loss_is_that_of_pycox_without_ties():
    peer = pytest.importorskip("pycox.models.loss")
    generator = torch.Generator().manual_seed(0)
    risk = torch.randn(30, generator=generator, dtype=torch.float64)
    time, event = torch.randperm(30, generator=generator).double(), torch.randint(0, 2, (30,), generator=generator)
    theirs = float(peer.cox_ph_loss(risk, time, event))
    assert float(cox_head.loss(risk, time, event)) == pytest.approx(theirs, abs=1e-5)


def test_loss_by_hand():
    # Two die together, one lives: -log of 1/3 and of 1/(3 - 1) with Efron, of 1/3 twice with Breslow.
    time, event, risk = torch.tensor([1.0, 1, 2]), torch.tensor([1, 1, 0]), torch.zeros(3)
    assert float(cox_head.loss(risk, time, event)) == pytest.approx((math.log(3) + math.log(2)) / 2)
    assert float(cox_head.loss(risk, time, event, "breslow")) == pytest.approx(math.log(3))


def test_a_constant_added_to_all_risks_changes_nothing():
    design, time, event = (torch.tensor(part) for part in patients())
    one, other = (cox_head.loss(design[:, 0] + shift, time, event) for shift in (0, 500))
    assert float(one) == pytest.approx(float(other), abs=1e-9)


def test_a_batch_without_events_costs_nothing():
    risk = torch.randn(4, requires_grad=True)
    loss = cox_head.loss(risk, torch.arange(4.0), torch.zeros(4, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not risk.grad.any()


def test_the_head_gives_one_number_for_each_patient():
    head = cox_head.CoxHead(5)
    assert head(torch.zeros(3, 5)).shape == (3,)
    assert [name for name, _ in head.named_parameters()] == ["linear.weight"]
