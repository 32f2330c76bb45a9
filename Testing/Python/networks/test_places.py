"""The network whose places count as much as the finding that they show."""

from __future__ import annotations

import pytest
import torch

from readingroom.errors import BundleError
from readingroom.explain.cam import activation_maps
from readingroom.explain.forward import forward_from_last_map
from readingroom.learning.training.feature_cache import FrozenNetwork
from readingroom.networks import backbones, slices
from readingroom.networks.places import PlacesNetwork


@pytest.fixture(scope="module")
def network() -> PlacesNetwork:
    torch.manual_seed(0)
    made = backbones.create(backbones.PLACES, 2, channels=1)
    assert isinstance(made, PlacesNetwork)
    with torch.no_grad():
        made.classifier.weight.mul_(30)  # places that differ
    return made


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.rand(2, 1, 128, 96, generator=torch.Generator().manual_seed(0))


def test_it_answers_as_the_network_for_slices_does_of_a_stack_of_one(network: PlacesNetwork, inputs: torch.Tensor):
    stacks = slices.create("tf_mobilenetv2_100_stride_16", 2, "linear-softmax", channels=1)
    stacks.backbone.load_state_dict(network.backbone.state_dict())
    stacks.classifier.load_state_dict(network.classifier.state_dict())
    with torch.inference_mode():
        assert torch.allclose(network(inputs), stacks(inputs[:, None]), atol=1e-4)


def test_a_place_that_shows_the_finding_outweighs_all_others(network: PlacesNetwork):
    maps = torch.ones(1, 3, 4, 2)
    probability = torch.full((1, 4, 2), 1e-6)
    probability[0, 1, 1] = 1
    weighted = network.weighted(maps, probability)
    assert weighted[0, :, 1, 1].tolist() == pytest.approx([8, 8, 8], rel=1e-3)
    assert weighted.mean().item() == pytest.approx(1)


def test_its_map_of_one_forward_pass_adds_up_to_the_logit(network: PlacesNetwork, inputs: torch.Tensor):
    found = activation_maps(network, inputs, targets=[0, 1], method="cam")
    assert found.linear
    assert found.maps.shape == (2, 2, 8, 6)
    with torch.inference_mode():
        assert torch.allclose(found.logits, network(inputs), rtol=1e-5)
        assert torch.allclose(found.maps.mean((2, 3)) + network.classifier.bias, found.logits, rtol=1e-4)


def test_its_embedding_is_the_plain_mean_of_its_places(network: PlacesNetwork, inputs: torch.Tensor):
    with torch.inference_mode():
        mean = network.backbone.forward_features(inputs).mean((2, 3))
    forward = forward_from_last_map(network, inputs)
    features, embeddings = FrozenNetwork(backbones.PLACES, network, "classifier").features_and_embeddings(inputs)
    assert torch.allclose(forward.embedding, mean, atol=1e-6)
    assert torch.equal(forward.embedding, embeddings)
    assert torch.equal(forward.classifier_input, features)
    assert not torch.allclose(features, mean, rtol=0.01)


def test_it_begins_with_the_weights_of_the_plain_network(tmp_path):
    plain = backbones.create("tf_mobilenetv2_100_stride_16", 2, channels=1)
    torch.save(plain.state_dict(), tmp_path / "plain.pt")
    network = backbones.create(backbones.PLACES, 2, tmp_path / "plain.pt", channels=1)
    assert torch.equal(network.get_parameter("classifier.weight"), plain.get_parameter("classifier.weight"))
    assert torch.equal(network.get_parameter("backbone.conv_stem.weight"), plain.get_parameter("conv_stem.weight"))


def test_it_reads_no_slices():
    with pytest.raises(BundleError, match="single pictures"):
        slices.create(backbones.PLACES, 2, "average-pooling")
