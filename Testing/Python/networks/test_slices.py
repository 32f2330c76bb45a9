"""Networks for stacks of slices."""

from __future__ import annotations

import pytest
import torch

from readingroom.errors import BundleError
from readingroom.networks import slices
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
