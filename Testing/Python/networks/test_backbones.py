"""The networks that bundles name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from readingroom.errors import BundleError
from readingroom.networks import backbones

# Trainable numbers with 1000, 3 and 7 outputs, as in Paper 004's networks of torchvision.
COUNTS = {
    "resnet34": (21_797_672, 21_286_211, 21_288_263),
    "mobilenetv3_large_100": (5_483_032, 4_205_875, 4_210_999),
    "efficientnet_b1": (7_794_184, 6_517_027, 6_522_151),
}


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_has_as_many_parameters_as_the_paper_s_network(name: str, expected: tuple[int, int, int]) -> None:
    assert tuple(count(backbones.create(name, outputs)) for outputs in (1000, 3, 7)) == expected


@pytest.mark.parametrize("name", ["mobilenetv2_100", "tf_mobilenetv2_100"])
def test_both_paddings_of_mobilenet_v2_have_the_same_parameters(name: str) -> None:
    assert count(backbones.create(name, 2)) == 2_226_434


def test_the_counts_are_those_of_the_oracle(shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "arch" / "param_counts.json").read_text())["paper004_torchvision"]
    names = {
        "resnet34": "resnet34",
        "mobilenetv3_large_100": "mobilenet_v3_large",
        "efficientnet_b1": "efficientnet_b1",
    }
    found = {
        ours: tuple(oracle[theirs][f"params_{n}"] for n in ("1000", "3cls", "7cls")) for ours, theirs in names.items()
    }
    assert found == COUNTS


@pytest.mark.parametrize("name", [*COUNTS, "mobilenetv2_100", "tf_mobilenetv2_100"])
def test_ends_in_average_pooling_and_a_linear_layer(name: str) -> None:
    network = backbones.create(name, 3)
    inputs = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        embedding = network.forward_head(network.forward_features(inputs), pre_logits=True)
        assert torch.allclose(network(inputs), network.get_classifier()(embedding), atol=1e-6)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BundleError, match=r"no network named \"vgg\"; there are resnet34"):
        backbones.create("vgg", 2)


def test_weights_come_from_a_file_and_the_linear_layer_of_another_question_stays_out(tmp_path: Path) -> None:
    trained = backbones.create("mobilenetv2_100", 5)
    path = tmp_path / "imagenet.safetensors"
    safetensors.torch.save_file(trained.state_dict(), path)
    network = backbones.create("mobilenetv2_100", 2, path)
    assert network.classifier.out_features == 2
    assert torch.equal(network.conv_head.weight, trained.conv_head.weight)


def test_weights_of_the_same_question_bring_their_linear_layer(tmp_path: Path) -> None:
    trained = backbones.create("resnet34", 2)
    path = tmp_path / "trained.safetensors"
    safetensors.torch.save_file(trained.state_dict(), path)
    assert torch.equal(backbones.create("resnet34", 2, path).fc.weight, trained.fc.weight)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file(backbones.create("resnet34", 2).state_dict(), path)
    with pytest.raises(BundleError, match="does not fit this network"):
        backbones.create("mobilenetv2_100", 2, path)


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(BundleError, match="cannot be read as a safetensors file"):
        backbones.create("resnet34", 2, path)
