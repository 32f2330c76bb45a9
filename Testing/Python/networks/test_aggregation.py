"""From slices to a study, held against closed forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from readingroom.errors import BundleError
from readingroom.networks import aggregation
from readingroom.networks.aggregation import (
    AGGREGATIONS,
    GatedAttention,
    SelfAttention,
    SliceTransformer,
    SoftAttention,
    weights_of_slices,
)

FEATURES = 16


@pytest.fixture
def oracle(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "oracles" / "attention" / "soft_attention.json").read_text())
    return found


@pytest.fixture
def slices() -> torch.Tensor:
    return torch.randn(1, 5, FEATURES, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=AGGREGATIONS)
def joined(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return aggregation.create(request.param, FEATURES).eval()


def double(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def soft(oracle: dict[str, Any], bias: float) -> SoftAttention:
    made = SoftAttention(4).double()
    with torch.no_grad():
        made.score.weight.copy_(double([oracle["W"]]))
        made.score.bias.fill_(bias)
    return made


@pytest.mark.parametrize("bias", [0.3, 99.0])
def test_soft_attention_is_that_of_the_paper_whatever_its_bias(oracle: dict[str, Any], bias: float) -> None:
    found = soft(oracle, bias)(double([oracle["slices"]]))
    assert torch.allclose(found.weights[0], double(oracle["weights"]), rtol=0, atol=1e-9)
    assert torch.allclose(found.features[0], double(oracle["pooled"]), rtol=0, atol=1e-9)


def test_soft_attention_gives_no_weight_to_what_was_filled_up(oracle: dict[str, Any]) -> None:
    filled = torch.cat([double([oracle["slices"]]), torch.full((1, 3, 4), 9.0, dtype=torch.float64)], dim=1)
    present = torch.tensor([[True] * 5 + [False] * 3])
    found = soft(oracle, oracle["b"])(filled, present)
    assert torch.allclose(found.weights[0], double(oracle["padded_mask_weights"]), rtol=0, atol=1e-9)
    assert torch.allclose(found.features[0], double(oracle["pooled"]), rtol=0, atol=1e-9)


def test_gated_attention_is_that_of_its_authors(oracle: dict[str, Any]) -> None:
    gated = oracle["gated"]
    made = GatedAttention(4, hidden=3).double()
    with torch.no_grad():
        made.value.weight.copy_(double(gated["V"]))
        made.gate.weight.copy_(double(gated["U"]))
        made.score.weight.copy_(double([gated["w"]]))
        found = made(double([oracle["slices"]]))
    assert torch.allclose(found.weights[0], double(gated["weights"]), rtol=0, atol=1e-9)
    assert torch.allclose(found.features[0], double(gated["pooled"]), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("features", "heads"), [(24, 12), (16, 8)])
@torch.no_grad()
def test_the_slice_transformer_is_a_layer_of_a_transformer_with_a_class_token(features: int, heads: int) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(features, heads, features, 0.0, batch_first=True, norm_first=True)
    theirs = nn.TransformerEncoder(layer, 1, nn.LayerNorm(features), enable_nested_tensor=False)
    for parameter in theirs.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape))
    ours, token, own = SliceTransformer(features).eval(), torch.randn(features), theirs.layers[0]
    ours.token.copy_(token)
    for mine, other in (
        (ours.before, own.norm1), (ours.attention, own.self_attn), (ours.wide[0], own.norm2),
        (ours.wide[1], own.linear1), (ours.wide[3], own.linear2), (ours.after, theirs.norm),
    ):  # fmt: skip
        mine.load_state_dict(other.state_dict())
    slices = torch.randn(2, 5, features)
    expected = theirs(torch.cat([token.expand(2, 1, features), slices], dim=1))[:, 0]
    assert torch.allclose(ours(slices).features, expected, atol=1e-5)


@torch.no_grad()
def test_the_weights_of_self_attention_are_those_of_its_class_token_head_by_head(slices: torch.Tensor) -> None:
    torch.manual_seed(0)
    made = SelfAttention(FEATURES).eval()
    row = made.before(torch.cat([made.token.expand(1, 1, -1), slices], dim=1))
    _, attention = made.attention(row, row, row, average_attn_weights=False)
    heads = attention[0, :, 0, 1:]
    expected = (heads / heads.sum(1, keepdim=True)).mean(0)
    assert torch.allclose(made(slices).weights[0], expected, atol=1e-6)
    assert torch.allclose(weights_of_slices(attention[:, :, 0])[0], expected, atol=1e-6)


def test_soft_attention_on_efficientnet_has_1281_parameters() -> None:
    assert sum(parameter.numel() for parameter in SoftAttention(1280).parameters()) == 1281


@torch.no_grad()
def test_filling_up_changes_nothing_even_with_what_is_no_number(joined: nn.Module, slices: torch.Tensor) -> None:
    filled = torch.cat([slices, torch.full((1, 4, FEATURES), torch.nan)], dim=1)
    present = torch.tensor([[True] * 5 + [False] * 4])
    plain, padded = joined(slices), joined(filled, present)
    assert torch.allclose(padded.features, plain.features, atol=1e-6)
    assert torch.allclose(padded.weights[:, :5], plain.weights, atol=1e-6)
    assert (padded.weights[:, 5:] == 0).all()


@torch.no_grad()
def test_the_weights_of_the_slices_sum_to_one(joined: nn.Module, slices: torch.Tensor) -> None:
    found = joined(slices)
    assert found.features.shape == (1, FEATURES)
    assert (found.weights >= 0).all()
    assert torch.allclose(found.weights.sum(1), torch.ones(1))


@torch.no_grad()
def test_the_order_of_the_slices_does_not_count(joined: nn.Module, slices: torch.Tensor) -> None:
    order = [3, 0, 4, 1, 2]
    plain, turned = joined(slices), joined(slices[:, order])
    assert torch.allclose(turned.features, plain.features, atol=1e-6)
    assert torch.allclose(turned.weights, plain.weights[:, order], atol=1e-6)


def test_a_study_without_slices_is_refused(joined: nn.Module, slices: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="without slices"):
        joined(slices, torch.zeros(1, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match="without slices"):
        joined(slices[:, :0])


def test_every_aggregation_learns(joined: nn.Module, slices: torch.Tensor) -> None:
    joined(slices.requires_grad_()).features.square().sum().backward()
    scores = [p for name, p in joined.named_parameters() if name.endswith("weight")]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scores)
    assert slices.grad is not None
    assert (slices.grad.abs().sum(2) > 0).all()


def test_an_unknown_aggregation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BundleError, match='no aggregation named "sum"; there are average-pooling'):
        aggregation.create("sum", 4)
