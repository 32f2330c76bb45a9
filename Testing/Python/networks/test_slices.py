"""Networks for stacks of slices."""

from __future__ import annotations

import pytest
import torch

from readingroom.errors import BundleError
from readingroom.networks import slices
from readingroom.networks.linear_softmax import LinearSoftmax
from readingroom.networks.slices import SliceNetwork


@pytest.fixture(scope="module")
def network() -> SliceNetwork:
    torch.manual_seed(0)
    return slices.create("mobilenetv2_100", 3, "soft-attention", channels=1)


@pytest.fixture
def stacks() -> torch.Tensor:
    return torch.rand(2, 4, 1, 32, 32, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_gives_logits_of_the_study_and_a_weight_for_each_slice(network: SliceNetwork, stacks: torch.Tensor) -> None:
    logits, weights = network.attend(stacks)
    assert (logits.shape, weights.shape) == ((2, 3), (2, 4))
    assert torch.equal(network(stacks), logits)


@torch.no_grad()
def test_a_stack_that_is_filled_up_has_the_answer_of_the_short_one(network: SliceNetwork, stacks: torch.Tensor) -> None:
    present = torch.tensor([[True, True, True, True], [True, True, False, False]])
    filled = network(stacks, present)
    assert torch.allclose(filled[:1], network(stacks[:1]), atol=1e-5)
    assert torch.allclose(filled[1:], network(stacks[1:, :2]), atol=1e-5)


@torch.no_grad()
def test_slices_that_are_not_there_are_not_computed(network: SliceNetwork, stacks: torch.Tensor) -> None:
    present = torch.tensor([[True, False, False, False], [True, True, False, False]])
    seen: list[int] = []
    handle = network.backbone.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    found = network.slice_features(stacks, present)
    handle.remove()
    assert seen == [3]
    assert (found[~present] == 0).all()


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(BundleError, match='no network named "r3d_18"'):
        slices.create("r3d_18", 2, "soft-attention")


@pytest.fixture(scope="module")
def by_places() -> SliceNetwork:
    torch.manual_seed(0)
    return slices.create("tf_mobilenetv2_100_stride_16", 2, "linear-softmax", channels=1)


@torch.no_grad()
def test_a_place_counts_as_much_as_the_finding_that_it_shows(by_places: SliceNetwork, stacks: torch.Tensor) -> None:
    logits, weights = by_places.attend(stacks)
    local = by_places.local_logits(by_places.backbone.forward_features(stacks.flatten(0, 1)))
    local = local.unflatten(0, (2, 4)).movedim(2, -1).flatten(1, -2)  # [studies, places, outputs]
    shares = local.softmax(-1)[..., 0]
    shares = shares / shares.sum(1, keepdim=True)
    assert torch.allclose(logits, torch.einsum("np,npo->no", shares, local), atol=1e-5)
    assert torch.allclose(weights, shares.unflatten(1, (4, -1)).sum(2), atol=1e-6)


@torch.no_grad()
def test_places_of_slices_that_are_not_there_count_nothing(by_places: SliceNetwork, stacks: torch.Tensor) -> None:
    present = torch.tensor([[True, True, True, True], [True, True, False, False]])
    assert torch.allclose(by_places(stacks, present)[1:], by_places(stacks[1:, :2]), atol=1e-5)


def test_a_hot_place_is_not_diluted_as_under_a_mean() -> None:
    maps = torch.zeros(1, 1, 4, 4)
    maps[..., 0, 0] = 4.0
    pooling = LinearSoftmax()
    features = pooling.within(maps, pooling.probability(torch.cat([maps - 2, 2 - maps], dim=1)))
    assert features.item() > 3 * maps.mean().item()


def test_the_finding_may_be_another_output_than_the_first() -> None:
    local = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    maps = local[:, :1].clone()
    first, second = LinearSoftmax(0), LinearSoftmax(1)
    assert first.within(maps, first.probability(local)) > second.within(maps, second.probability(local))


def test_a_stride_of_16_gives_four_times_as_many_places() -> None:
    coarse, fine = (
        slices.create(name, 2, "linear-softmax") for name in ("tf_mobilenetv2_100", "tf_mobilenetv2_100_stride_16")
    )
    picture = torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        shapes = [network.backbone.forward_features(picture).shape[2:] for network in (coarse, fine)]
    assert shapes == [(2, 2), (4, 4)]


def test_places_cannot_be_pooled_for_a_head_that_is_not_linear() -> None:
    with pytest.raises(BundleError, match="and a linear layer"):
        slices.create("resnet18", 0, "linear-softmax", classifier=lambda features: torch.nn.Identity())


def test_a_network_without_places_is_refused() -> None:
    with pytest.raises(BundleError, match="does not end in the mean of its places"):
        slices.create("vgg16", 2, "linear-softmax")
