"""The network whose places count as much as the finding that they show."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from readingroom.errors import BundleError
from readingroom.explain.cam import activation_maps
from readingroom.explain.forward import forward_from_last_map
from readingroom.explain.linear_head import find_linear_head, local_answers
from readingroom.learning.training.feature_cache import FrozenNetwork
from readingroom.networks import backbones, registry, slices, volumes
from readingroom.networks.heads import freeze
from readingroom.networks.places import PlacesNetwork
from readingroom.readers.volume_network import ask_volume


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
    local = torch.zeros(1, 2, 4, 2)
    local[0, 0], local[0, 0, 1, 1] = -14, 14
    weighted = network.weighted(maps, network.aggregation.weights(local))
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


def test_a_network_for_volumes_pools_what_each_place_says_of_the_features_of_the_plain_one(tmp_path):
    torch.manual_seed(0)
    plain = volumes.create("narrow_resnet14_3d_stride_2", 2)
    torch.save(plain.state_dict(), tmp_path / "plain.pt")
    network = volumes.create(volumes.PLACES, 2, tmp_path / "plain.pt")
    inputs = torch.rand(1, 1, 16, 24, 20)
    with torch.inference_mode():
        logits, whole = network(inputs), forward_from_last_map(plain, inputs)
        local = local_answers(whole, find_linear_head(whole)).logits
        weights = local.softmax(1)[:, :1] ** 4
        weights /= weights.sum()
        assert torch.allclose((weights * local).sum((2, 3, 4)), logits, atol=1e-5)
    forward = forward_from_last_map(network, inputs)
    assert torch.allclose(forward.embedding, whole.embedding, atol=1e-5)
    assert torch.allclose(forward.places.mean((2, 3, 4)), forward.embedding, atol=1e-6)
    found = ask_volume(network, inputs[0].numpy(), SimpleNamespace(outputs=2), torch.device("cpu"), print, True)
    assert found.maps == pytest.approx(local[0].numpy(), abs=1e-5)
    assert found.feature_maps.mean((1, 2, 3)) == pytest.approx(found.embedding, abs=1e-5)
    assert all(not p.requires_grad for n, p in frozen_but_for_the_head(network) if not n.startswith("classifier."))


def frozen_but_for_the_head(network: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    freeze(network, registry.find(volumes.PLACES), "head")
    return list(network.named_parameters())


def test_it_reads_no_slices():
    with pytest.raises(BundleError, match="single pictures"):
        slices.create(backbones.PLACES, 2, "average-pooling")
