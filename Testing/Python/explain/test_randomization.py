from __future__ import annotations

import numpy as np
import torch
from torch import nn

from readingroom.explain.randomization import similarity_after_randomization


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2)
    )


def test_maps_that_depend_on_the_weights_change_when_the_weights_are_shuffled():
    similarity = similarity_after_randomization(network(), torch.randn(4, 1, 12, 12), targets=[0, 1])
    assert similarity.shape == (4, 2)
    assert np.abs(similarity).mean() < 0.7


def test_maps_drawn_by_the_picture_alone_do_not_change():
    blind = network()
    with torch.no_grad():  # all channels and classes alike: shuffling changes nothing
        for weight in (blind[2].weight, blind[-1].weight):
            weight.fill_(0.1)
    similarity = similarity_after_randomization(blind, torch.randn(2, 1, 12, 12), targets=0)
    np.testing.assert_allclose(similarity, 1)


def test_the_network_itself_keeps_its_weights():
    learned = network()
    before = {name: value.clone() for name, value in learned.state_dict().items()}
    similarity_after_randomization(learned, torch.randn(1, 1, 12, 12))
    assert all(torch.equal(value, before[name]) for name, value in learned.state_dict().items())
