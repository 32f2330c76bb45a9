"""Discrete hazards; numbers from pycox and closed forms."""

import math

import numpy as np
import pytest
import torch

from readingroom.survival import discrete_hazard


def test_incidence_is_that_of_pycox(oracle):
    stored = oracle("hazard_heads.json")
    hazards = torch.tensor(stored["logistic_hazard"], dtype=torch.float64)
    found = discrete_hazard.incidence(torch.logit(hazards)[:, None])[:, 0]
    assert found.numpy() == pytest.approx(1 - np.array(stored["logistic_hazard_survival"]), abs=1e-9)


def test_the_head_is_a_linear_layer(oracle):
    stored = oracle("hazard_heads.json")
    head = discrete_hazard.DiscreteHazardHead(3, bins=5).double()
    with torch.no_grad():
        head.linear.weight[:] = torch.tensor(stored["W"])
        head.linear.bias[:] = torch.tensor(stored["b"])
        hazards = torch.sigmoid(head(torch.tensor(stored["x"], dtype=torch.float64)))[:, 0]
    assert hazards.numpy() == pytest.approx(np.array(stored["logistic_hazard"]), abs=1e-7)


def test_loss_is_that_of_pycox(oracle):
    stored = oracle("deephit_loss.json")
    logits = torch.tensor(stored["phi"], dtype=torch.float64)[:, None]
    found = discrete_hazard.loss(logits, torch.tensor(stored["idx_durations"]), torch.tensor(stored["events"]))
    assert float(found) == pytest.approx(stored["pycox"]["nll_logistic_hazard_mean"], abs=1e-9)


def test_loss_by_hand():
    # Hazard 1/2 in each bin: dead in the third bin, alive after the second, and lost before the end of the first.
    found = discrete_hazard.loss(torch.zeros(3, 1, 4), torch.tensor([2, 1, -1]), torch.tensor([1, 0, 0]))
    assert float(found) == pytest.approx((3 + 2 + 0) * math.log(2) / 3)


def test_several_causes_share_a_bin():
    # Two causes and no event are equally likely in each bin: 1/3 of those who have come so far.
    found = discrete_hazard.incidence(torch.zeros(1, 2, 3, dtype=torch.float64))[0]
    assert found.numpy() == pytest.approx(np.tile([1 / 3, 1 / 3 + 1 / 9, 1 / 3 + 1 / 9 + 1 / 27], (2, 1)))
    cost = discrete_hazard.loss(torch.zeros(1, 2, 3), torch.tensor([1]), torch.tensor([2]))
    assert float(cost) == pytest.approx(2 * math.log(3))


def test_the_least_loss_is_at_the_observed_hazards():
    bins, events = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 0, 1, 1, 0])
    logits = torch.zeros(1, 1, 2, requires_grad=True)
    best = torch.optim.LBFGS([logits], max_iter=100)

    def closure():
        best.zero_grad()
        cost = discrete_hazard.loss(logits.expand(5, 1, 2), bins, events)
        cost.backward()
        return cost

    best.step(closure)
    assert torch.sigmoid(logits)[0, 0].tolist() == pytest.approx([1 / 5, 2 / 3], abs=1e-4)
