"""Heads for survival: the paper's layers, and risks that are risks."""

from __future__ import annotations

import pytest
import torch

from readingroom.networks import slices
from readingroom.networks.survival_heads import CauseSpecificLayers, create, incidence, log_hazard

FEATURES, MONTHS = 1280, 24


def test_the_head_of_the_paper_has_its_number_of_parameters():
    head = CauseSpecificLayers(FEATURES, causes=1, months=MONTHS, layers=5, width=100, dropout=0.2)
    assert sum(parameter.numel() for parameter in head.parameters()) == 349_424


@pytest.mark.parametrize(
    ("head", "causes"), [("deephit", 1), ("deephit", 2), ("deephit-published", 2), ("discrete-hazard", 1), ("cox", 1)]
)
def test_incidence_rises_and_no_more_than_everybody_dies(head, causes):
    torch.manual_seed(0)
    logits = 3 * torch.randn(5, causes * MONTHS)
    found = incidence(logits, head, causes)

    assert found.shape == (5, causes, MONTHS)
    assert (found.diff(dim=2) >= 0).all()
    assert (found[:, :, -1].sum(1) <= 1 + 1e-6).all()


def test_only_the_published_head_has_all_die_within_its_months():
    logits = torch.zeros(1, MONTHS)
    assert incidence(logits, "deephit-published", 1)[0, 0, -1] == pytest.approx(1)
    assert incidence(logits, "deephit", 1)[0, 0, -1] == pytest.approx(MONTHS / (MONTHS + 1))


def test_incidence_of_hazards_is_that_of_the_product_of_survivals():
    hazards = torch.tensor([[0.1, 0.2, 0.5]])
    found = incidence(hazards.logit(), "discrete-hazard", 1)[0, 0]
    assert found.tolist() == pytest.approx([0.1, 1 - 0.9 * 0.8, 1 - 0.9 * 0.8 * 0.5])


def test_a_hazard_ratio_multiplies_the_hazard_of_the_cohort():
    torch.manual_seed(0)
    head = create(FEATURES, "cox", 1, MONTHS, layers=2, width=16).eval()
    head.baseline.copy_(torch.linspace(0.01, 0.4, MONTHS).log())
    features = torch.randn(3, FEATURES)
    ratio = head.ratio(features).exp()
    hazard = -torch.log1p(-incidence(head(features), "cox", 1)[:, 0])
    assert hazard.detach().numpy() == pytest.approx(
        (ratio * torch.linspace(0.01, 0.4, MONTHS)).detach().numpy(), rel=1e-4
    )
    assert [parameter.shape[0] for parameter in head.ratio.causes[0][-1].parameters()] == [1, 1]


@pytest.mark.parametrize(("head", "causes"), [("deephit", 1), ("deephit", 2), ("discrete-hazard", 1), ("cox", 1)])
def test_the_log_hazard_is_the_cloglog_of_the_risk_at_the_last_month(head, causes):
    torch.manual_seed(0)
    logits = torch.randn(5, causes * MONTHS, dtype=torch.float64) - 3
    risk = incidence(logits, head, causes)[:, :, -1].sum(1)
    assert log_hazard(logits, head, causes).numpy() == pytest.approx((-(-risk).log1p()).log().numpy(), abs=1e-9)


def test_the_log_hazard_of_the_published_head_is_that_before_its_last_month():
    torch.manual_seed(0)
    logits = torch.randn(5, 2 * MONTHS, dtype=torch.float64)
    risk = incidence(logits, "deephit-published", 2)[:, :, -2].sum(1)
    found = log_hazard(logits, "deephit-published", 2)
    assert found.numpy() == pytest.approx((-(-risk).log1p()).log().numpy(), abs=1e-9)


@pytest.mark.parametrize("head", ["deephit", "deephit-published", "discrete-hazard", "cox"])
@pytest.mark.parametrize("level", [-20.0, 40.0])
def test_the_log_hazard_rises_with_the_logits_even_where_the_risk_is_0_or_1(head, level):
    logits = torch.full((1, MONTHS), level, requires_grad=True)
    (slopes,) = torch.autograd.grad(log_hazard(logits, head, 1).sum(), logits)
    assert slopes.isfinite().all()
    assert slopes.abs().max() > 1e-4


def test_padded_slices_change_no_risk():
    torch.manual_seed(0)
    head = lambda features: CauseSpecificLayers(features, 1, MONTHS, 2, 16)  # noqa: E731
    network = slices.create("resnet18", 0, "soft-attention", classifier=head)
    stack = torch.rand(1, 3, 3, 32, 32)
    alone = incidence(network(stack), "deephit", 1)
    padded = torch.cat([stack, torch.full((1, 2, 3, 32, 32), torch.nan)], dim=1)
    present = torch.tensor([[True, True, True, False, False]])

    found = incidence(network(padded, present), "deephit", 1)
    assert found.detach().numpy() == pytest.approx(alone.detach().numpy(), abs=1e-6)
