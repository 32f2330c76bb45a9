"""Networks that weigh slices: which of them have a map of the risk, and what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import lung_survival_cases as cases
from readingroom.networks import slices
from readingroom.networks.survival_heads import CauseSpecificLayers, incidence
from readingroom.readers.survival_network import SurvivalAnswers, ask_survival, heaviest_slices

SIDE, COUNT = 64, 5
WITHOUT_POOLING = ["mobilenetv3_large_100", "alexnet"]


def network_of(name: str) -> slices.SliceNetwork:
    torch.manual_seed(0)
    made = slices.create(name, 0, "soft-attention", classifier=lambda n: CauseSpecificLayers(n, 1, len(cases.MONTHS)))
    return made.eval()


def asked(network: slices.SliceNetwork, name: str, pixels: np.ndarray) -> SurvivalAnswers:
    described = replace(cases.metadata("any"), backbone=name)
    return ask_survival(network, pixels, described, torch.device("cpu"), pytest.fail, explainable=True)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(COUNT, 3, SIDE, SIDE)).astype(np.float32)


@pytest.mark.parametrize("name", WITHOUT_POOLING)
def test_a_network_without_average_pooling_has_a_grad_cam_of_its_heaviest_slices_alone(name, pixels):
    found = asked(network_of(name), name, pixels)
    heaviest = heaviest_slices(found.weights)
    assert found.method == "grad-cam"
    assert found.maps is not None
    assert found.maps[~heaviest].max() == 0
    assert found.maps[heaviest].max() > 0
    assert found.maps.min() >= 0


def test_the_grad_cam_is_that_of_the_cloglog_of_the_risk(pixels):
    name = "mobilenetv3_large_100"
    network = network_of(name)
    found = asked(network, name, pixels)
    backbone = network.backbone
    kept: list[torch.Tensor] = []
    last = backbone.blocks[-1]

    def keep(_module, _given, out):
        out.requires_grad_()
        kept.append(out)

    handle = last.register_forward_hook(keep)
    backbone.requires_grad_(False)
    features = backbone(torch.from_numpy(pixels))
    handle.remove()
    weights = torch.from_numpy(found.weights).float()
    logits = network.classifier((weights[:, None] * features).sum(0, keepdim=True))
    risk = incidence(logits, "deephit", 1)[0, 0, -1]
    (slope,) = torch.autograd.grad(torch.log(-torch.log1p(-risk)), kept[0])
    expected = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1).relu().detach().numpy() * COUNT
    heaviest = heaviest_slices(found.weights)
    assert found.maps[heaviest] == pytest.approx(expected[heaviest], rel=1e-3, abs=1e-6)


def test_a_network_that_ends_in_average_pooling_keeps_the_map_of_one_pass(pixels):
    found = asked(network_of("resnet18"), "resnet18", pixels)
    assert found.method == "cam"
    assert (np.abs(found.maps).max((1, 2)) > 0).all()


def test_a_vision_transformer_has_no_map_and_shows_where_it_looks(pixels):
    name = "vit_base_patch16_224"
    found = asked(network_of(name), name, np.random.default_rng(2).random((2, 3, 224, 224), dtype=np.float32))
    assert found.maps is None
    assert found.attended.shape == (2, 14, 14)
    assert found.attended.sum((1, 2)) == pytest.approx(found.weights, abs=1e-5)
    assert asked(network_of("resnet18"), "resnet18", pixels).attended is None
