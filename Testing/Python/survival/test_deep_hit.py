"""DeepHit's losses and incidence; numbers from pycox, the authors' source and closed forms."""

import math

import numpy as np
import pytest
import torch

from readingroom.survival import deep_hit


@pytest.fixture
def eight(oracle):
    """Logits of eight patients in 24 bins, with their bins and events."""
    stored = oracle("deephit_loss.json")
    logits = torch.tensor(stored["phi"], dtype=torch.float64)[:, None]
    return logits, torch.tensor(stored["idx_durations"]), torch.tensor(stored["events"]), stored


def test_likelihood_is_that_of_pycox(eight):
    logits, bins, events, stored = eight
    found = deep_hit.likelihood(logits, bins, events).numpy()
    assert found == pytest.approx(np.array(stored["pycox"]["nll_pmf_each"]), abs=1e-6)  # pycox adds 1e-7 in the log


@pytest.mark.parametrize("sigma", [0.1, 0.25, 1.0])
def test_ranking_is_that_of_pycox(eight, sigma):
    logits, bins, events, stored = eight
    costs = deep_hit.ranking(logits, bins, events, sigma)
    assert costs.mean(dim=1).numpy() == pytest.approx(np.array(stored["pycox"][f"rank_loss_sigma{sigma}_none"]))


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.2, 0.0])
def test_loss_is_that_of_pycox(eight, alpha):
    logits, bins, events, stored = eight
    found = float(deep_hit.loss(logits, bins, events, alpha, 1 - alpha, 0.1))
    assert found == pytest.approx(stored["pycox"][f"DeepHitSingleLoss_alpha{alpha}_sigma0.1"], abs=1e-6)


def test_gradient_is_that_of_pycox(eight):
    logits, bins, events, stored = eight
    logits.requires_grad_(True)
    deep_hit.loss(logits, bins, events, 0.5, 0.5, 0.1).backward()
    assert logits.grad[:, 0].numpy() == pytest.approx(np.array(stored["pycox"]["grad_phi_alpha0.5_sigma0.1"]), abs=1e-6)


def test_incidence_has_a_place_for_survivors(eight):
    logits, _, _, stored = eight
    assert deep_hit.probabilities(logits)[0, 0, 0] == pytest.approx(stored["pmf_with_survivor_bin"][0][0], abs=1e-9)
    risks = deep_hit.incidence(logits)[:, 0]
    assert risks.numpy() == pytest.approx(np.array(stored["cif_at_each_month"]), abs=1e-9)
    assert 1 - risks[:, -1].numpy() == pytest.approx(np.array(stored["survival_past_24m"]), abs=1e-9)


def test_the_published_head_leaves_nobody_alive(eight):
    assert deep_hit.incidence(eight[0], survivors=False)[:, 0, -1].numpy() == pytest.approx(np.ones(8))


def test_the_published_loss_is_that_of_its_authors_source(eight):
    logits, bins, events, stored = eight
    source = stored["original_deephit"]
    assert float(deep_hit.published_loss(logits, bins, events, 1, 0)) == pytest.approx(source["L1"], abs=1e-6)
    assert float(deep_hit.published_loss(logits, bins, events, 0, 1)) == pytest.approx(source["L2"], abs=1e-6)
    whole = float(deep_hit.published_loss(logits, bins, events))
    assert whole == pytest.approx(source["total_alpha0p5_beta0p5"], abs=1e-6)


def test_no_loss_is_the_formula_as_printed(eight):
    logits, bins, events, stored = eight
    printed = stored["paper003_as_printed_DO_NOT_USE"]
    for loss in (deep_hit.loss, deep_hit.published_loss):
        for reduced in (1, 8):
            assert float(loss(logits, bins, events, 1, 0)) * reduced != pytest.approx(printed["L1_sum"], rel=1e-3)
            assert float(loss(logits, bins, events, 0, 1)) * reduced != pytest.approx(printed["L2_sum"], rel=1e-3)


def test_logits_of_zero_share_the_probability_among_bins_and_survivors(eight):
    closed = eight[3]["closed_form_zero_logits"]
    zero = torch.zeros(2, 1, 24, dtype=torch.float64)
    found = deep_hit.likelihood(zero, torch.tensor([7, 5]), torch.tensor([1, 0]))
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
    assert float(deep_hit.loss(logits, bins, events, 0.3, 0.7, 0.2)) == pytest.approx(theirs, rel=1e-4)


def test_several_causes_and_survival_add_up_to_one():
    logits = torch.randn(5, 3, 10, generator=torch.Generator().manual_seed(1))
    last = deep_hit.incidence(logits)[:, :, -1].sum(dim=1)
    everything = torch.cat([logits.flatten(1), torch.zeros(5, 1)], dim=1).softmax(dim=1)
    assert last.numpy() == pytest.approx(1 - everything[:, -1].numpy(), abs=1e-6)


def test_the_head_has_the_parameters_of_the_paper():
    assert sum(each.numel() for each in deep_hit.DeepHitHead(1280).parameters()) == 349_424
    assert sum(each.numel() for each in deep_hit.DeepHitHead(1280, bins=25).parameters()) == 349_525


def test_the_head_gives_logits_by_cause_and_bin():
    assert deep_hit.DeepHitHead(16, causes=2, bins=12)(torch.zeros(3, 16)).shape == (3, 2, 12)


def test_a_patient_who_says_nothing_changes_nothing():
    logits = torch.randn(3, 1, 24, generator=torch.Generator().manual_seed(2), requires_grad=True)
    deep_hit.loss(logits, torch.tensor([4, 9, -1]), torch.tensor([1, 0, 0])).backward()
    assert not logits.grad[2].any()
    assert logits.grad[:2].any()


def test_certainty_that_was_wrong_still_teaches():
    logits = torch.tensor(
        [[[80.0, 0, 0]]], requires_grad=True
    )  # surely dead in the first month, seen alive in the last
    cost = deep_hit.likelihood(logits, torch.tensor([2]), torch.tensor([0])).mean()
    cost.backward()
    assert float(cost.detach()) == pytest.approx(80, rel=1e-3)
    assert float(logits.grad[0, 0, 0]) == pytest.approx(1, rel=1e-3)


def test_a_batch_without_events_has_a_finite_loss():
    logits = torch.zeros(2, 1, 24, requires_grad=True)
    cost = deep_hit.loss(logits, torch.tensor([23, 5]), torch.tensor([0, 0]))
    cost.backward()
    assert torch.isfinite(cost)
    assert torch.isfinite(logits.grad).all()
