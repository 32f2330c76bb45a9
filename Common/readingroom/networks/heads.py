"""The end of a network, and which of its parts are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ..errors import BundleError
from .registry import Architecture

Trained = Literal["all", "half", "last-block", "last-unit", "head"]


@runtime_checkable
class Absorbs(Protocol):
    """A part of a network that can take the standardization of its features into its own weights."""

    def absorb(self, center: Tensor, scale: Tensor) -> None:
        """From now on give for features ``s`` what it gave for ``(s - center) / scale``; ``center`` is (features,)."""


class Embedding(nn.Module):
    """Features (items, features) that tell how far a picture or volume lies from those of training: the mean over all
    places of maps [items, features, \\*spatial].

    Only in networks where these are not what the last linear layer is given; a module, so that they can be caught in a
    forward pass, and the maps with them.
    """

    def forward(self, maps: Tensor) -> Tensor:
        return maps.flatten(2).mean(2)


def absorb(layer: nn.Linear, center: Tensor, scale: Tensor) -> None:
    """`Absorbs.absorb` for the first inputs of a linear layer, as many as there are features."""
    with torch.no_grad():
        weight = layer.weight[:, : len(center)]
        weight.div_(scale)
        layer.bias.sub_(weight @ center)


def linear_layer(network: nn.Module, architecture: Architecture) -> nn.Linear:
    """The layer that gives the logits."""
    layer = network.get_submodule(architecture.head)
    assert isinstance(layer, nn.Linear)
    return layer


def without_head(network: nn.Module, architecture: Architecture) -> nn.Module:
    """The same network, changed to give the features [n, features] that its linear layer was given."""
    network.set_submodule(architecture.head, nn.Identity())
    return network


def freeze(network: nn.Module, architecture: Architecture, trained: Trained, prefix: str = "") -> None:
    """Let only the later parts of a network learn; what stands outside its blocks always does.

    Parameters
    ----------
    trained : ``all``; the later ``half`` of its blocks; the ``last-block``; of a 3D ResNet-50 the ``last-unit`` of
        that block; or the ``head`` alone
    prefix : where the network stands in a larger one, such as ``backbone.``

    Raises
    ------
    BundleError : the network's last block cannot learn in part
    """
    frozen = tuple(prefix + name for name in frozen_parts(architecture, trained))
    for name, parameter in network.named_parameters():
        parameter.requires_grad = not any(name == part or name.startswith(f"{part}.") for part in frozen)


def frozen_parts(architecture: Architecture, trained: Trained) -> Sequence[str]:
    """Dotted names of what does not learn."""
    count = len(architecture.blocks)
    learning = {"all": count, "half": count - count // 2, "last-block": 1, "last-unit": 1, "head": 0}[trained]
    frozen = [name for block in architecture.blocks[: count - learning] for name in block.split()]
    if trained != "last-unit":
        return frozen
    if not architecture.early:
        raise BundleError(f"The last block of {architecture.title} learns as a whole or not at all.")
    return [*frozen, *architecture.early]
