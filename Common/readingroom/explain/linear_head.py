"""Networks that end in global average pooling and a linear layer: their map needs no backward pass.

Such a network computes ``logit[c] = bias[c] + sum_k weight[c, k] * mean_x A[k, x]`` with the last feature map ``A``, so
the logit *is* the mean of the map ``sum_k weight[c, k] * A[k, x]`` plus the bias (Zhou et al., CVPR 2016), and
``d logit[c] / d A[k, x] = weight[c, k] / positions``: every gradient method has its gradient without a backward pass.
Several linear layers with nothing between them are one, whose weight is their product; the features between them are
means of maps as well.

Whether a network is one of them is not read off its class but seen in the numbers of each forward pass, for each item:
the mean of the last feature map must be what these layers were given, and what they gave must be the answer. A network
that pools otherwise, or works on after pooling (MobileNetV3), or was changed since, is thus noticed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .forward import Forward, forward_from_last_map

# Rounding of a mean over some hundred positions, relative to the largest value.
_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 5e-2}


@dataclass(frozen=True)
class LinearHead:
    """The end of such a network.

    Parameters
    ----------
    layer : name of the module that gives the last feature map
    classifier : name of the last linear layer
    rectified : a ReLU without a module of its own (torchvision's DenseNet) lies between the map and the pooling
    """

    layer: str
    classifier: str
    rectified: bool


@dataclass(frozen=True)
class LocalAnswers:
    """What every place of the last feature map says, by itself, of the features and of the classes.

    Parameters
    ----------
    features : (items, features, \\*spatial); their mean over places is what the last linear layer was given
    logits : (items, classes, \\*spatial); their mean over places is the network's answer
    """

    features: Tensor
    logits: Tensor


def linear_head(network: nn.Module, example: Tensor) -> LinearHead | None:
    """Whether the network ends in global average pooling and one linear layer; None if not.

    Works for networks of timm, torchvision and MONAI and one's own, in 2D and 3D, without knowing their classes.

    Parameters
    ----------
    network : gives logits (items, classes)
    example : input of the kind that it takes, (items, channels, \\*spatial); one item is enough

    Raises
    ------
    ValueError : the network gives no feature map or no logits (see `forward_from_last_map`)

    Example
    -------
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    >>> linear_head(network, torch.rand(1, 1, 8, 8))
    LinearHead(layer='0', classifier='3', rectified=False)
    """
    return find_linear_head(forward_from_last_map(network, example))


def find_linear_head(forward: Forward) -> LinearHead | None:
    """The same question to a forward pass that has already been made."""
    if forward.classifier_output is None or forward.classifier_input is None or forward.classifier_input.ndim != 2:
        return None
    if forward.classifier_output.shape != forward.logits.shape:
        return None
    if not torch.equal(forward.classifier_output, forward.logits):
        return None  # something follows the linear layer
    assert forward.pooled is not None
    if forward.feature_map.shape[1] != forward.pooled.shape[1]:
        return None
    for rectified in (False, True):
        if _close(_pooled(forward.feature_map, rectified), forward.pooled):
            return LinearHead(forward.layer, forward.classifier_name, rectified)
    return None


def head_weight(forward: Forward) -> Tensor:
    """The weight (classes, channels) of all linear layers of the head together."""
    assert forward.classifier is not None
    weight = _real(forward.classifier.weight.detach())
    for layer in reversed(forward.before):
        weight = weight @ _real(layer.weight.detach())
    return weight


def local_answers(forward: Forward, head: LinearHead) -> LocalAnswers:
    """In closed form, from the pass that `find_linear_head` was asked of; in single precision or better."""
    assert forward.classifier is not None
    features = _real(forward.feature_map.detach())
    features = features.relu() if head.rectified else features
    for layer in forward.before:
        features = _at_each_place(layer, features)
    return LocalAnswers(features, _at_each_place(forward.classifier, features))


def _at_each_place(layer: nn.Linear, maps: Tensor) -> Tensor:
    found = torch.einsum("nk...,fk->nf...", maps, _real(layer.weight.detach()))
    if layer.bias is None:
        return found
    return found + _real(layer.bias.detach()).reshape(1, -1, *[1] * (maps.ndim - 2))


def _real(values: Tensor) -> Tensor:
    """Sums over a thousand channels are not made in half precision."""
    return values if values.dtype == torch.float64 else values.float()


def _pooled(feature_map: Tensor, rectified: bool) -> Tensor:
    flat = feature_map.detach().flatten(2)
    return (flat.relu() if rectified else flat).mean(2)


def _close(pooled: Tensor, given: Tensor) -> bool:
    scale = given.abs().amax().item()
    return (pooled - given).abs().amax().item() <= _TOLERANCE[given.dtype] * max(scale, 1e-30)
