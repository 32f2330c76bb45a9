"""The network whose last blocks are there twice."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from readingroom.explain.cam import activation_maps
from readingroom.networks import backbones
from readingroom.networks.two_branches import TwoBranches


@pytest.fixture(scope="module")
def network() -> TwoBranches:
    torch.manual_seed(0)
    made = backbones.create(backbones.TWO_BRANCHES, 2)
    assert isinstance(made, TwoBranches)
    return made


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.rand(2, 3, 128, 96, generator=torch.Generator().manual_seed(0))


def test_its_maps_lie_on_the_coarsest_grid(network: TwoBranches, inputs: torch.Tensor) -> None:
    with torch.inference_mode():
        assert network.forward_features(inputs).shape == (2, 64 + 96 + 160 + 320 + 1280 + 1280, 4, 3)


def test_its_last_features_are_those_of_the_plain_network(inputs: torch.Tensor) -> None:
    torch.manual_seed(0)
    plain = backbones.create("tf_mobilenetv2_100", 2)
    twice = TwoBranches(plain, 4, 2).eval()
    with torch.inference_mode():
        maps, expected = twice.forward_features(inputs), plain.forward_features(inputs)
    assert torch.allclose(maps[:, -1280:], expected, atol=1e-5)
    assert torch.allclose(maps[:, -2560:-1280], expected, atol=1e-5)


def test_gray_networks_have_two_branches_too(inputs: torch.Tensor) -> None:
    with torch.inference_mode():
        assert backbones.create(backbones.TWO_BRANCHES, 2, channels=1)(inputs[:, :1]).shape == (2, 2)


def test_the_branches_share_no_weights_after_they_part(network: TwoBranches) -> None:
    general = {id(parameter) for parameter in network.general.parameters()}
    assert not any(id(parameter) in general for parameter in network.tuned.parameters())


def test_a_map_of_one_forward_pass_adds_up_to_the_logit(network: TwoBranches, inputs: torch.Tensor) -> None:
    found = activation_maps(network, inputs, targets=[0, 1], method="cam")
    assert found.linear
    classifier = network.classifier
    assert isinstance(classifier, nn.Linear)
    with torch.inference_mode():
        assert torch.allclose(found.logits, network(inputs), atol=1e-5)
        assert torch.allclose(found.maps.mean((2, 3)) + classifier.bias, found.logits, atol=1e-4)
