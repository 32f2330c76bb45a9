"""Maps against their definitions, against the gradient, and the manners towards the network."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from readingroom.explain.cam import activation_maps
from readingroom.explain.forward import forward_from_last_map
from readingroom.explain.linear_head import LinearHead, find_linear_head, linear_head, local_answers
from readingroom.networks.torchvision_schemas import make_torchvision_importable

GRADIENT_METHODS = ["grad-cam", "grad-cam++", "layer-cam", "hires-cam"]


def pooled_network(dimensions: int = 2, classes: int = 3) -> nn.Sequential:
    """Two convolutions, average pooling, one linear layer."""
    convolution, normalization, pooling = (
        (nn.Conv2d, nn.BatchNorm2d, nn.AdaptiveAvgPool2d)
        if dimensions == 2
        else (nn.Conv3d, nn.BatchNorm3d, nn.AdaptiveAvgPool3d)
    )
    torch.manual_seed(3)
    return nn.Sequential(
        convolution(1, 4, 3, stride=2, padding=1),
        normalization(4),
        nn.ReLU(inplace=True),
        convolution(4, 6, 3, padding=1),
        nn.ReLU(inplace=True),
        pooling(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, classes),
    )


def network_with_more_after_pooling() -> nn.Sequential:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Conv2d(1, 5, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(5, 7, 1),
        nn.Hardswish(),
        nn.Flatten(),
        nn.Linear(7, 3),
    )


def pictures(dimensions: int = 2, items: int = 4) -> torch.Tensor:
    return torch.randn(items, 1, *[8] * dimensions, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_mean_of_a_cam_plus_the_bias_is_the_logit(dimensions):
    network = pooled_network(dimensions)
    found = activation_maps(network, pictures(dimensions), targets=[0, 1, 2])
    assert found.method == "cam"
    torch.testing.assert_close(found.maps.flatten(2).mean(2) + network[-1].bias.detach(), found.logits)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_maps_without_backward_pass_equal_maps_with_one(method, dimensions):
    network, inputs = pooled_network(dimensions), pictures(dimensions)
    without = activation_maps(network, inputs, targets=[0, 2], method=method)
    with_one = activation_maps(network, inputs, layer="4", targets=[0, 2], method=method)
    assert with_one.maps.amax() > 0
    torch.testing.assert_close(without.maps, with_one.maps, rtol=1e-5, atol=1e-7)


def test_gradient_methods_of_a_named_inner_layer_follow_the_gradient_of_the_whole_network():
    network, inputs = pooled_network(), pictures()
    features = network.eval()[:2](inputs).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(network[2:](features.clone())[:, 1].sum(), features)
    found = activation_maps(network, inputs, layer="1", targets=1, method="hires-cam")
    torch.testing.assert_close(found.maps[:, 0], (features * gradient).sum(1).relu().detach())


def test_grad_cam_is_cam_without_its_negatives_over_the_number_of_positions():
    network, inputs = pooled_network(), pictures()
    cam = activation_maps(network, inputs, targets=0).maps
    grad_cam = activation_maps(network, inputs, targets=0, method="grad-cam").maps
    torch.testing.assert_close(grad_cam, cam.relu() / 16)


def test_a_batch_gives_the_maps_of_its_items():
    network, inputs = network_with_more_after_pooling(), pictures()
    together = activation_maps(network, inputs, targets=[[0, 1], [1, 2], [2, 0], [1, 1]])
    for i, targets in enumerate([[0, 1], [1, 2], [2, 0], [1, 1]]):
        alone = activation_maps(network, inputs[i : i + 1], targets=targets)
        torch.testing.assert_close(together.maps[i : i + 1], alone.maps)


def test_without_targets_each_item_shows_its_most_likely_class():
    found = activation_maps(pooled_network(), pictures())
    assert found.targets.tolist() == found.logits.argmax(1, keepdim=True).tolist()
    assert found.maps.shape == (4, 1, 4, 4)


def test_a_network_with_more_after_pooling_falls_back_to_grad_cam_and_says_so():
    network, inputs = network_with_more_after_pooling(), pictures()
    assert linear_head(network, inputs) is None
    found = activation_maps(network, inputs)
    assert (found.method, found.layer) == ("grad-cam", "1")
    with pytest.raises(ValueError, match="CAM needs average pooling"):
        activation_maps(network, inputs, method="cam")


class FunctionalRelu(nn.Module):
    """Like torchvision's DenseNet: the last ReLU is no module."""

    def __init__(self, in_place: bool):
        super().__init__()
        torch.manual_seed(6)
        self.features, self.classifier = nn.Conv2d(1, 5, 3), nn.Linear(5, 2)
        self.in_place = in_place

    def forward(self, x):
        return self.classifier(nn.functional.relu(self.features(x), inplace=self.in_place).mean((2, 3)))


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("layer", [None, "features"])
def test_a_relu_that_is_no_module_is_found(in_place, layer):
    network, inputs = FunctionalRelu(in_place), pictures()
    found = activation_maps(network, inputs, layer=layer, targets=1)
    features = nn.functional.relu(network.features(inputs))
    expected = torch.einsum("nkji,k->nji", features, network.classifier.weight[1]).detach()
    assert found.method == "cam"
    torch.testing.assert_close(found.maps[:, 0], expected)


class Pooled(nn.Module):
    """Everything as in a CAM network but the pooling or what follows the linear layer."""

    def __init__(self, pool, last):
        super().__init__()
        torch.manual_seed(7)
        self.features, self.classifier, self.pool, self.last = nn.Conv2d(1, 5, 3), nn.Linear(5, 2), pool, last

    def forward(self, x):
        return self.last(self.classifier(self.pool(self.features(x))))


@pytest.mark.parametrize(
    ("pool", "last"),
    [
        (lambda x: x.amax((2, 3)), lambda x: x),
        (lambda x: x.mean((2, 3)).abs(), lambda x: x),
        (lambda x: x.mean((2, 3)) * 1.001, lambda x: x),
        (lambda x: x.mean((2, 3)), torch.sigmoid),
    ],
    ids=["maximum", "absolute", "scaled", "sigmoid after"],
)
def test_a_head_that_is_almost_linear_is_not_taken_for_one(pool, last):
    assert linear_head(Pooled(pool, last), pictures()) is None


def test_a_changed_classifier_is_noticed_without_being_told():
    network, inputs = pooled_network(), pictures()
    activation_maps(network, inputs)
    network[-1] = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    assert activation_maps(network, inputs).method == "grad-cam"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("resnet18", LinearHead("layer4", "fc", False)),
        ("mobilenetv2_100", LinearHead("bn2", "classifier", False)),
        ("efficientnet_b0", LinearHead("bn2", "classifier", False)),
        ("mobilenetv3_small_050", None),
    ],
)
def test_backbones_of_timm_are_told_apart(name, head):
    make_torchvision_importable()
    timm = pytest.importorskip("timm")
    network = timm.create_model(name, num_classes=2, in_chans=1)
    found = activation_maps(network, torch.randn(1, 1, 64, 64), targets=1)
    assert found.method == ("cam" if head else "grad-cam")
    assert found.maps.shape == (1, 1, 2, 2)
    if head:
        assert linear_head(network, torch.randn(1, 1, 64, 64)) == head
    else:
        assert found.layer == "blocks"


def test_densenet_of_torchvision_maps_what_its_relu_leaves():
    make_torchvision_importable()
    densenet = pytest.importorskip("torchvision.models").densenet121(weights=None, num_classes=2)
    found = activation_maps(densenet, torch.randn(1, 3, 64, 64), targets=1)
    assert (found.method, found.layer) == ("cam", "features")
    torch.testing.assert_close(
        found.maps.flatten(2).mean(2) + densenet.classifier.bias[1].detach(), found.logits[:, 1:]
    )


@pytest.mark.parametrize("dimensions", [2, 3])
def test_densenet_of_monai_needs_no_backward_pass(dimensions):
    make_torchvision_importable()
    nets = pytest.importorskip("monai.networks.nets")
    network = nets.DenseNet(dimensions, 1, 2, init_features=8, growth_rate=4, block_config=(2, 2))
    found = activation_maps(network, torch.randn(2, 1, *[32] * dimensions), targets=1)
    assert (found.method, found.layer) == ("cam", "class_layers.relu")
    assert found.embedding.shape == (2, network.class_layers.out.in_features)


def traces(network: nn.Module) -> list:
    """Everything about a network that an explanation might leave behind."""
    return [
        (name, module.training, len(module._forward_hooks), len(module._forward_pre_hooks), len(module._backward_hooks))
        for name, module in network.named_modules()
    ] + [(name, p.requires_grad, p.grad, p.detach().sum().item()) for name, p in network.named_parameters()]


@pytest.mark.parametrize("layer", [None, "1"])
@pytest.mark.parametrize("method", ["auto", "layer-cam"])
def test_the_network_is_left_as_it_was(layer, method):
    network = pooled_network().train()
    network[1].eval()
    network[3].weight.requires_grad_(False)
    running_mean = network[1].running_mean.clone()
    before = traces(network)
    activation_maps(network, pictures(), layer=layer, method=method)
    assert traces(network) == before
    assert torch.equal(network[1].running_mean, running_mean)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("layer", [None, "1"])
def test_the_network_is_left_as_it_was_when_it_fails_half_way(layer):
    network = pooled_network().train()
    network[-1] = nn.Linear(99, 3)
    before = traces(network)
    with pytest.raises(RuntimeError):
        activation_maps(network, pictures(), layer=layer)
    assert traces(network) == before
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_maps_of_frozen_networks_where_gradients_are_off_are_the_same(mode):
    network, inputs = pooled_network(), pictures()
    expected = activation_maps(network, inputs, layer="1", method="grad-cam").maps
    network.requires_grad_(False)
    with mode():
        found = activation_maps(network, inputs.clone(), layer="1", method="grad-cam")
    torch.testing.assert_close(found.maps, expected)


def test_maps_are_plain_tensors_that_may_take_part_in_later_training():
    found = activation_maps(pooled_network(), pictures())
    weight = torch.ones(3, requires_grad=True)
    (found.logits * weight).sum().backward()
    assert not found.maps.requires_grad
    assert weight.grad is not None


@pytest.mark.parametrize("method", ["cam", *GRADIENT_METHODS])
def test_a_network_that_sees_nothing_gives_zeros_and_no_nan(method):
    network = pooled_network()
    nn.init.zeros_(network[3].weight)
    nn.init.constant_(network[3].bias, -1)
    for layer in (None, "4"):
        found = activation_maps(network, pictures(), layer=layer, targets=[0, 1], method=method)
        assert torch.equal(found.maps, torch.zeros(4, 2, 4, 4))


def test_bfloat16_networks_give_maps_in_single_precision():
    network, inputs = pooled_network(), pictures()
    exact = activation_maps(network, inputs, targets=1)
    found = activation_maps(network.bfloat16(), inputs.bfloat16(), targets=1)
    assert (found.method, found.maps.dtype) == ("cam", torch.float32)
    assert (found.maps - exact.maps).abs().max() < 0.05


def test_wrong_requests_say_what_is_wrong():
    network, inputs = pooled_network(), pictures()
    for message, arguments in {
        "no layer named 'layer4'": {"layer": "layer4"},
        "classes 0 to 2": {"targets": 3},
        "do not fit 4 items": {"targets": [[0], [1]]},
        "no method 'gradcam'": {"method": "gradcam"},
        "gives no feature map": {"layer": "6"},
    }.items():
        with pytest.raises(ValueError, match=message):
            activation_maps(network, inputs, **arguments)
    with pytest.raises(ValueError, match="no item"):
        activation_maps(network, inputs[:0])
    with pytest.raises(ValueError, match="not finite"):
        activation_maps(network, inputs * math.nan)


class SideBranch(nn.Module):
    """A branch whose result is not used."""

    def __init__(self):
        super().__init__()
        self.trunk, self.branch = pooled_network(), nn.Conv2d(1, 2, 1)

    def forward(self, x):
        self.branch(x)
        return self.trunk(x)


def test_a_layer_without_influence_on_the_answer_is_refused():
    with pytest.raises(ValueError, match="no influence"):
        activation_maps(SideBranch(), pictures(), layer="branch", method="grad-cam")


def test_a_network_that_was_changed_is_mapped_where_its_last_map_is_now():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
    inputs = torch.rand(1, 1, 12, 12)
    assert activation_maps(network, inputs).layer == "0"
    assert activation_maps(network, inputs).layer == "0"  # known now
    network[0] = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    assert activation_maps(network, inputs).layer == "0"
    network.insert(1, nn.Conv2d(4, 4, 3))
    assert activation_maps(network, inputs).layer == "1"
    assert activation_maps(network, torch.rand(1, 1, 20, 20)).maps.shape[-2:] == (16, 16)


def test_several_linear_layers_after_pooling_are_one():
    torch.manual_seed(6)
    network = nn.Sequential(
        nn.Conv3d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(6, 5),
        nn.Linear(5, 4, bias=False), nn.Linear(4, 3),
    )  # fmt: skip
    found = activation_maps(network, pictures(3), targets=[0, 1, 2])
    assert (found.method, found.linear) == ("cam", True)
    gradient = activation_maps(network, pictures(3), layer="1", targets=[0, 1, 2], method="grad-cam")
    torch.testing.assert_close(found.maps.relu() / found.maps.shape[2:].numel(), gradient.maps)
    offset = (found.logits - found.maps.mean((2, 3, 4)))[0]
    torch.testing.assert_close(found.maps.mean((2, 3, 4)) + offset, found.logits)
    assert found.embedding.shape == (4, 4)


def test_what_every_place_says_has_the_features_and_the_answer_as_its_mean():
    torch.manual_seed(7)
    network = nn.Sequential(
        nn.Conv3d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(6, 5), nn.Linear(5, 3)
    )
    forward = forward_from_last_map(network, pictures(3))
    head = find_linear_head(forward)
    local = local_answers(forward, head)
    torch.testing.assert_close(local.features.mean((2, 3, 4)), forward.classifier_input.clone())
    torch.testing.assert_close(local.logits.mean((2, 3, 4)), forward.logits.clone())


def test_an_activation_between_linear_layers_is_noticed():
    torch.manual_seed(8)
    network = nn.Sequential(
        nn.Conv3d(1, 6, 3), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)
    )
    assert linear_head(network, pictures(3)) is None
