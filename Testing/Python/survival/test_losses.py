"""Losses of survival; numbers from pycox, the source of DeepHit's authors, the regression and closed forms."""

import math

import numpy as np
import pytest
import torch

from readingroom.networks.survival_heads import incidence
from readingroom.survival.cox import fit_cox
from readingroom.survival.losses import (
    cox_loss,
    deep_hit_likelihood,
    deep_hit_loss,
    deep_hit_ranking,
    discrete_hazard_loss,
    published_deep_hit_loss,
)


@pytest.fixture
def eight(oracle):
    """Logits of eight patients in 24 bins, with their bins and events."""
    stored = oracle("deephit_loss.json")
    logits = torch.tensor(stored["phi"], dtype=torch.float64)
    return logits, torch.tensor(stored["idx_durations"]), torch.tensor(stored["events"]), stored


def test_likelihood_is_that_of_pycox(eight):
    logits, bins, events, stored = eight
    found = deep_hit_likelihood(logits, bins, events).numpy()
    assert found == pytest.approx(np.array(stored["pycox"]["nll_pmf_each"]), abs=1e-6)  # pycox adds 1e-7 in the log


def test_likelihood_adds_nothing_to_a_probability(eight):
    logits, bins, events, stored = eight
    exact = stored["with_survivor_bin_strict_pairs"]["L1_each"]
    assert deep_hit_likelihood(logits, bins, events).numpy() == pytest.approx(np.array(exact), abs=1e-6)


@pytest.mark.parametrize("sigma", [0.1, 0.25, 1.0])
def test_ranking_is_that_of_pycox(eight, sigma):
    logits, bins, events, stored = eight
    costs = deep_hit_ranking(logits, bins, events, sigma=sigma)
    assert costs.mean(dim=1).numpy() == pytest.approx(np.array(stored["pycox"][f"rank_loss_sigma{sigma}_none"]))


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.2, 0.0])
def test_loss_is_that_of_pycox(eight, alpha):
    logits, bins, events, stored = eight
    found = float(deep_hit_loss(logits, bins, events, alpha=alpha, beta=1 - alpha))
    assert found == pytest.approx(stored["pycox"][f"DeepHitSingleLoss_alpha{alpha}_sigma0.1"], abs=1e-6)


def test_gradient_is_that_of_pycox(eight):
    logits, bins, events, stored = eight
    logits.requires_grad_(True)
    deep_hit_loss(logits, bins, events).backward()
    assert logits.grad.numpy() == pytest.approx(np.array(stored["pycox"]["grad_phi_alpha0.5_sigma0.1"]), abs=1e-6)


def test_incidence_has_a_place_for_survivors(eight):
    logits, _, _, stored = eight
    risks = incidence(logits, "deephit", 1)[:, 0]
    assert risks.numpy() == pytest.approx(np.array(stored["cif_at_each_month"]), abs=1e-9)
    assert 1 - risks[:, -1].numpy() == pytest.approx(np.array(stored["survival_past_24m"]), abs=1e-9)


def test_the_published_head_leaves_nobody_alive(eight):
    assert incidence(eight[0], "deephit-published", 1)[:, 0, -1].numpy() == pytest.approx(np.ones(8))


def test_the_published_loss_is_that_of_its_authors_source(eight):
    logits, bins, events, stored = eight
    source = stored["original_deephit"]
    assert float(published_deep_hit_loss(logits, bins, events, alpha=1, beta=0)) == pytest.approx(
        source["L1"], abs=1e-6
    )
    assert float(published_deep_hit_loss(logits, bins, events, alpha=0, beta=1)) == pytest.approx(
        source["L2"], abs=1e-6
    )
    whole = float(published_deep_hit_loss(logits, bins, events))
    assert whole == pytest.approx(source["total_alpha0p5_beta0p5"], abs=1e-6)


def test_no_loss_is_the_formula_as_printed(eight):
    logits, bins, events, stored = eight
    printed = stored["paper003_as_printed_DO_NOT_USE"]
    for loss in (deep_hit_loss, published_deep_hit_loss):
        for reduced in (1, 8):
            assert float(loss(logits, bins, events, alpha=1, beta=0)) * reduced != pytest.approx(
                printed["L1_sum"], rel=1e-3
            )
            assert float(loss(logits, bins, events, alpha=0, beta=1)) * reduced != pytest.approx(
                printed["L2_sum"], rel=1e-3
            )


def test_logits_of_zero_share_the_probability_among_bins_and_survivors(eight):
    closed = eight[3]["closed_form_zero_logits"]
    zero = torch.zeros(2, 24, dtype=torch.float64)
    found = deep_hit_likelihood(zero, torch.tensor([7, 5]), torch.tensor([1, 0]))
    assert found.tolist() == pytest.approx([math.log(25), -math.log(19 / 25)], abs=1e-9)
    assert found.tolist() == pytest.approx([closed["check_event"], closed["check_cens5"]], abs=1e-6)


def test_several_causes_are_those_of_pycox():
    losses, data = pytest.importorskip("pycox.models.loss"), pytest.importorskip("pycox.models.data")
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 3, 10, generator=generator)
    bins = torch.randint(0, 10, (40,), generator=generator)
    events = torch.randint(0, 4, (40,), generator=generator)
    pairs = torch.tensor(data.pair_rank_mat(bins.numpy(), events.numpy()))
    theirs = float(losses.DeepHitLoss(0.3, 0.2)(logits, bins, events, pairs))
    assert float(deep_hit_loss(logits.flatten(1), bins, events, 3, 0.3, 0.7, 0.2)) == pytest.approx(theirs, rel=1e-4)


def test_a_patient_who_says_nothing_changes_nothing():
    logits = torch.randn(3, 24, generator=torch.Generator().manual_seed(2), requires_grad=True)
    deep_hit_loss(logits, torch.tensor([4, 9, -1]), torch.tensor([1, 0, 0])).backward()
    assert not logits.grad[2].any()
    assert logits.grad[:2].any()


def test_certainty_that_was_wrong_still_teaches():
    logits = torch.tensor([[80.0, 0, 0]], requires_grad=True)  # surely dead in the first month, seen alive in the last
    cost = deep_hit_likelihood(logits, torch.tensor([2]), torch.tensor([0])).mean()
    cost.backward()
    assert float(cost.detach()) == pytest.approx(80, rel=1e-3)
    assert float(logits.grad[0, 0]) == pytest.approx(1, rel=1e-3)


def test_a_batch_without_events_has_a_finite_loss():
    logits = torch.zeros(2, 24, requires_grad=True)
    cost = deep_hit_loss(logits, torch.tensor([23, 5]), torch.tensor([0, 0]))
    cost.backward()
    assert torch.isfinite(cost)
    assert torch.isfinite(logits.grad).all()


def test_loss_of_hazards_is_that_of_pycox(eight):
    logits, bins, events, stored = eight
    found = discrete_hazard_loss(logits, bins, events)
    assert float(found) == pytest.approx(stored["pycox"]["nll_logistic_hazard_mean"], abs=1e-9)


def test_incidence_of_hazards_is_that_of_pycox(oracle):
    stored = oracle("hazard_heads.json")
    hazards = torch.tensor(stored["logistic_hazard"], dtype=torch.float64)
    found = incidence(hazards.logit(), "discrete-hazard", 1)[:, 0]
    assert found.numpy() == pytest.approx(1 - np.array(stored["logistic_hazard_survival"]), abs=1e-9)


def test_loss_of_hazards_by_hand():
    # Hazard 1/2 in each bin: dead in the third bin, alive after the second, and lost before the end of the first.
    found = discrete_hazard_loss(torch.zeros(3, 4), torch.tensor([2, 1, -1]), torch.tensor([1, 0, 0]))
    assert float(found) == pytest.approx((3 + 2 + 0) * math.log(2) / 3)


def test_the_least_loss_is_at_the_observed_hazards():
    bins, events = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 0, 1, 1, 0])
    logits = torch.zeros(1, 2, requires_grad=True)
    best = torch.optim.LBFGS([logits], max_iter=100)

    def closure():
        best.zero_grad()
        cost = discrete_hazard_loss(logits.expand(5, 2), bins, events)
        cost.backward()
        return cost

    best.step(closure)
    assert torch.sigmoid(logits)[0].tolist() == pytest.approx([1 / 5, 2 / 3], abs=1e-4)


def patients():
    generator = np.random.default_rng(0)
    design = generator.normal(size=(60, 3))
    return design, generator.integers(1, 15, 60).astype(float), generator.integers(0, 2, 60)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_loss_is_the_likelihood_of_the_regression(ties):
    design, time, event = patients()
    fit = fit_cox(design, time, event, ties=ties)
    risk = torch.tensor(design @ fit.coefficients, requires_grad=True)
    loss = cox_loss(risk, torch.tensor(time), torch.tensor(event), ties)
    assert float(loss.detach()) * event.sum() == pytest.approx(-fit.log_likelihood, abs=1e-9)
    loss.backward()  # at the solution the gradient by each coefficient is 0
    assert design.T @ risk.grad.numpy() == pytest.approx(np.zeros(3), abs=1e-9)


def test_cox_loss_is_that_of_pycox_without_ties():
    peer = pytest.importorskip("pycox.models.loss")
    generator = torch.Generator().manual_seed(0)
    risk = torch.randn(30, generator=generator, dtype=torch.float64)
    time, event = torch.randperm(30, generator=generator).double(), torch.randint(0, 2, (30,), generator=generator)
    theirs = float(peer.cox_ph_loss(risk, time, event))
    assert float(cox_loss(risk, time, event)) == pytest.approx(theirs, abs=1e-5)


def test_cox_loss_by_hand():
    # Two die together, one lives: -log of 1/3 and of 1/(3 - 1) with Efron, of 1/3 twice with Breslow.
    time, event, risk = torch.tensor([1.0, 1, 2]), torch.tensor([1, 1, 0]), torch.zeros(3)
    assert float(cox_loss(risk, time, event)) == pytest.approx((math.log(3) + math.log(2)) / 2)
    assert float(cox_loss(risk, time, event, "breslow")) == pytest.approx(math.log(3))


def test_a_constant_added_to_all_risks_changes_nothing():
    design, time, event = (torch.tensor(part) for part in patients())
    one, other = (cox_loss(design[:, 0] + shift, time, event) for shift in (0, 500))
    assert float(one) == pytest.approx(float(other), abs=1e-9)


def test_a_batch_without_events_costs_cox_nothing():
    risk = torch.randn(4, requires_grad=True)
    loss = cox_loss(risk, torch.arange(4.0), torch.zeros(4, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not risk.grad.any()
