"""Which parts of a network are trained."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from readingroom.errors import BundleError
from readingroom.networks import backbones, volumes
from readingroom.networks.heads import Trained, freeze, linear_layer, without_head
from readingroom.networks.registry import ARCHITECTURES


def learning(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@functools.cache
def outline(name: str) -> nn.Module:
    """The network without any values: made at once, whatever its size."""
    with torch.device("meta"):
        return (backbones if ARCHITECTURES[name].axes == 2 else volumes).create(name, 2)


def frozen(name: str, trained: Trained) -> nn.Module:
    freeze(outline(name), ARCHITECTURES[name], trained)
    return outline(name)


@pytest.mark.parametrize("name", ["monai_resnet50", "medicalnet_resnet50"])
def test_the_last_block_of_the_3d_resnet_is_what_the_paper_trained(name: str, shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "arch" / "param_counts.json").read_text())["paper001"]
    assert learning(frozen(name, "last-block")) == oracle["trainable_layer4+128+2"] == 29_383_042


@pytest.mark.parametrize("name", ["monai_resnet50", "medicalnet_resnet50"])
def test_its_last_unit_is_what_the_earlier_code_trained(name: str, shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "arch" / "param_counts.json").read_text())["paper001"]
    network = frozen(name, "last-unit")
    assert learning(network) == oracle["trainable_lastblock+128+2"] == 9_443_714
    learns = {".".join(name.split(".")[:2]) for name, value in network.named_parameters() if value.requires_grad}
    assert learns == {"layer4.2", "fc.0", "fc.1"}


def test_a_last_block_without_units_cannot_learn_in_part() -> None:
    with pytest.raises(BundleError, match="The last block of ResNet-18 learns as a whole or not at all"):
        frozen("resnet18", "last-unit")


def test_the_last_block_of_efficientnet_is_its_last_convolution_with_its_normalization() -> None:
    assert learning(frozen("efficientnet_b0", "last-block")) == 412_160 + 1280 * 2 + 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_step_trains_more_than_the_one_before(name: str) -> None:
    steps: tuple[Trained, ...] = ("head", "last-block", "half", "all")
    counts = [learning(frozen(name, trained)) for trained in steps]
    everything = sum(parameter.numel() for parameter in frozen(name, "all").parameters())
    assert counts == sorted(counts)
    assert len(set(counts)) >= 3  # of two blocks, half is the last
    assert 0 < counts[0] < everything
    assert counts[-1] == everything


def test_training_the_head_alone_leaves_the_linear_layer_and_what_was_put_before_it() -> None:
    network = frozen("monai_resnet50", "head")
    assert {name for name, p in network.named_parameters() if p.requires_grad} == {
        "fc.0.weight", "fc.0.bias", "fc.1.weight", "fc.1.bias",
    }  # fmt: skip


def test_without_its_head_a_network_gives_what_its_linear_layer_was_given() -> None:
    torch.manual_seed(0)
    architecture = ARCHITECTURES["mobilenetv3_large_100"]
    network = backbones.create(architecture.name, 2)
    layer = linear_layer(network, architecture)
    inputs = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = network(inputs)
        features = without_head(network, architecture)(inputs)
        assert features.shape == (2, architecture.features)
        assert torch.allclose(layer(features), logits, atol=1e-6)
