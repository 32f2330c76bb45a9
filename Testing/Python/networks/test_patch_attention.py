"""Where a vision transformer looks, against numbers made with the code of the slice transformer (MST)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from readingroom.networks import backbones, registry
from readingroom.networks.aggregation import weights_of_slices
from readingroom.networks.heads import without_head
from readingroom.networks.patch_attention import among_patches, features_and_attention, of_study

VIT = "vit_base_patch16_224"


@pytest.fixture
def oracle(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "oracles" / "attention" / "mst_fusion.json").read_text())
    return found


def grid(*sizes: int) -> list[torch.Tensor]:
    return list(torch.meshgrid(*[torch.arange(size, dtype=torch.float64) for size in sizes], indexing="ij"))


def test_weights_and_map_of_the_slices_are_those_of_mst(oracle: dict[str, Any]) -> None:
    heads, slices, patches = oracle["H"], oracle["D"], oracle["HW"]
    h, j = grid(heads, 1 + slices)
    weights = weights_of_slices((1.3 * h + 0.9 * j).sin().softmax(-1)[None])[0]
    d, h, j = grid(slices, heads, 1 + patches)
    within = among_patches((0.4 * d + 0.8 * h + 0.6 * j).cos().softmax(-1))
    found = of_study(weights, within)

    assert weights.tolist() == pytest.approx(oracle["slice_attention"], abs=1e-9)
    assert torch.allclose(found, torch.tensor(oracle["combined"], dtype=torch.float64), rtol=0, atol=1e-9)
    assert found.sum((0, 2)).tolist() == pytest.approx(oracle["sum_per_head"], abs=1e-9)


@pytest.fixture(scope="module")
def transformer() -> nn.Module:
    torch.manual_seed(0)
    made = without_head(backbones.create(VIT, 2), registry.find(VIT)).eval()
    with torch.no_grad():
        made.blocks[-1].attn.qkv.weight *= 20  # so that it looks somewhere
    return made


@torch.no_grad()
def test_the_attention_is_that_of_the_last_block(transformer: nn.Module) -> None:
    batch = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    features, attention = features_and_attention(transformer, batch)
    last, given = transformer.blocks[-1].attn, []
    handle = last.register_forward_hook(lambda _, one, __: given.append(one[0]))
    expected = transformer(batch)
    handle.remove()
    weight, bias = last.qkv.weight, last.qkv.bias
    _, theirs = nn.functional.multi_head_attention_forward(
        *[given[0].transpose(0, 1)] * 3, 768, last.num_heads, weight, bias, None, None, False, 0.0, last.proj.weight,
        last.proj.bias, training=False, average_attn_weights=False,
    )  # fmt: skip
    heads = theirs[:, :, 0, 1:].clone()
    heads[..., 0] = 0
    mean = (heads / heads.sum(-1, keepdim=True)).mean(1).reshape(2, 14, 14)

    assert torch.allclose(features, expected, atol=1e-5)
    assert torch.allclose(attention, mean, atol=1e-5)
    assert attention.max() > 2 / 196
