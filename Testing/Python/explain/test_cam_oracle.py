"""Maps against those of pytorch-grad-cam and MONAI, stored with their inputs and weights."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from readingroom.explain.cam import activation_maps
from readingroom.explain.normalize import heat_maps

RAW = {"grad-cam": "gradcam", "grad-cam++": "gradcampp", "layer-cam": "layercam", "hires-cam": "hirescam"}


@pytest.fixture(scope="module")
def oracle(shared):
    return np.load(shared / "oracles" / "cam" / "cam_tiny.npz")


def tiny_network(oracle, dimensions: str) -> nn.Module:
    flat = dimensions == "2d"
    convolution, pool = (nn.Conv2d, nn.AvgPool2d) if flat else (nn.Conv3d, nn.AvgPool3d)
    layers = [
        ("conv1", convolution(1, 2, 3, padding=1)),
        ("relu1", nn.ReLU()),
        ("pool", pool(2)),
        ("conv2", convolution(2, 3, 3, padding=1)),
        ("relu2", nn.ReLU()),
        ("global_pool", nn.AdaptiveAvgPool2d(1) if flat else nn.AdaptiveAvgPool3d(1)),
        ("flatten", nn.Flatten()),
        ("fc", nn.Linear(3, 2)),
    ]
    network = nn.Sequential(OrderedDict(layers))
    weights = {name: torch.from_numpy(oracle[f"{dimensions}_w_{name}"]) for name in network.state_dict()}
    network.load_state_dict(weights)
    return network


@pytest.fixture(params=["2d", "3d"])
def case(request, oracle):
    """Prefix of the stored arrays, network, input."""
    return request.param, tiny_network(oracle, request.param), torch.from_numpy(oracle[f"{request.param}_input"])


@pytest.mark.parametrize("layer", [None, "relu2"])
@pytest.mark.parametrize("method", RAW)
def test_raw_maps_of_the_last_layer_equal_the_stored_ones(case, oracle, method, layer):
    prefix, network, inputs = case
    found = activation_maps(network, inputs, layer, targets=[0, 1], method=method)
    np.testing.assert_allclose(found.logits.numpy(), oracle[f"{prefix}_logits"], atol=1e-6)
    for c in (0, 1):
        np.testing.assert_allclose(found.maps[0, c].numpy(), oracle[f"{prefix}_raw_{RAW[method]}_c{c}"], atol=1e-6)


def test_raw_cam_equals_the_stored_one_and_that_of_monai_without_its_bias(case, oracle):
    prefix, network, inputs = case
    found = activation_maps(network, inputs, targets=[0, 1], method="cam")
    for c in (0, 1):
        cam, bias = found.maps[0, c].numpy(), network.fc.bias[c].item()
        np.testing.assert_allclose(cam, oracle[f"{prefix}_raw_cam_nobias_c{c}"], atol=1e-6)
        np.testing.assert_allclose(cam + bias, oracle[f"{prefix}_monai_raw_cam_c{c}"], atol=1e-6)
        positions = cam.size
        np.testing.assert_allclose(cam / positions, oracle[f"{prefix}_raw_gradcam_norelu_c{c}"], atol=1e-6)


@pytest.mark.parametrize("method", ["grad-cam", "layer-cam", "hires-cam"])
def test_raw_maps_of_an_inner_layer_equal_the_stored_ones(case, oracle, method):
    prefix, network, inputs = case
    found = activation_maps(network, inputs, "relu1", targets=[0, 1], method=method)
    for c in (0, 1):
        stored = oracle[f"{prefix}_relu1_raw_{RAW[method]}_c{c}"]
        np.testing.assert_allclose(found.maps[0, c].numpy(), stored, atol=1e-6)


# In 3D pytorch-grad-cam zooms with cubic splines from corner to corner, which is another geometry.
@pytest.mark.parametrize(("layer", "infix"), [("relu2", ""), ("relu1", "relu1_")])
@pytest.mark.parametrize("method", RAW)
def test_heat_maps_equal_those_of_pytorch_grad_cam(oracle, method, layer, infix):
    network, inputs = tiny_network(oracle, "2d"), torch.from_numpy(oracle["2d_input"])
    found = activation_maps(network, inputs, layer, targets=[0, 1], method=method)
    heat = heat_maps(found.maps, (8, 8))[0]
    for c in (0, 1):
        stored = oracle[f"2d_{infix}ptgradcam_{RAW[method]}_c{c}"]
        if stored.max() == 0:
            assert heat[c].max() == 0
        # pytorch-grad-cam stretches before upsampling with 1e-7 added to the maximum.
        np.testing.assert_allclose(heat[c].numpy(), stored, atol=1e-4)


def test_heat_maps_equal_those_of_monai_turned_round(case, oracle):
    prefix, network, inputs = case
    found = activation_maps(network, inputs, targets=[0, 1], method="grad-cam")
    heat = heat_maps(found.maps, inputs.shape[2:])[0]
    for c in (0, 1):
        stored = oracle[f"{prefix}_monai_gradcam_c{c}"].reshape(inputs.shape[2:])
        np.testing.assert_allclose(heat[c].numpy(), 1 - stored, atol=1e-4)
        raw = oracle[f"{prefix}_monai_raw_gradcam_c{c}"]
        np.testing.assert_allclose(found.maps[0, c].numpy(), raw.reshape(found.maps.shape[2:]), atol=1e-6)


def test_hot_is_important(case, oracle):
    prefix, network, inputs = case
    found = activation_maps(network, inputs, targets=[0, 1])
    for c in (0, 1):
        raw = oracle[f"{prefix}_raw_gradcam_c{c}"]
        assert found.maps[0, c].argmax().item() == raw.argmax()


def test_the_stored_case_without_evidence_gives_zeros(oracle):
    network = tiny_network(oracle, "2d")
    with torch.no_grad():
        network.fc.weight.copy_(-network.fc.weight.abs())  # every channel speaks against every class
    found = activation_maps(network, torch.from_numpy(oracle["degenerate_input"]), targets=0, method="grad-cam")
    np.testing.assert_allclose(heat_maps(found.maps, (8, 8))[0, 0].numpy(), oracle["degenerate_ptgradcam"], atol=1e-6)
