"""Networks that read a stack of slices: a 2D network for each slice, an aggregation, and what answers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import BundleError
from . import aggregation as aggregations
from . import backbones, linear_softmax, registry
from .aggregation import Aggregated
from .heads import linear_layer, without_head
from .linear_softmax import LinearSoftmax


class SliceNetwork(nn.Module):
    """Stacks ``[n, slices, channels, height, width]`` in, raw logits ``[n, outputs]`` out.

    Parameters
    ----------
    backbone : gives features [n, features] for pictures
    aggregation : see `readingroom.networks.aggregation` and `readingroom.networks.linear_softmax`
    classifier : from the study's features [n, features] to its logits: a linear layer, or a head for survival
    """

    def __init__(self, backbone: nn.Module, aggregation: nn.Module, classifier: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.aggregation = aggregation
        self.classifier = classifier

    def local_logits(self, maps: Tensor) -> Tensor:
        """What each place of last maps [n, features, rows, columns] says: [n, outputs, rows, columns], float32.

        A head for survival gives no logits of places.
        """
        assert isinstance(self.classifier, nn.Linear)
        return linear_softmax.local_logits(self.classifier, maps)

    def slice_features(self, stacks: Tensor, present: Tensor | None = None) -> Tensor:
        """[n, slices, features]; rows that are not ``present`` [n, slices] are not computed and stay 0."""
        flat = stacks.flatten(0, 1)
        if present is None:
            return torch.unflatten(self.backbone(flat), 0, stacks.shape[:2])
        there = present.flatten()
        found = self.backbone(flat[there])
        filled = found.new_zeros((len(flat), found.shape[1]))
        filled[there] = found
        return torch.unflatten(filled, 0, stacks.shape[:2])

    def attend(self, stacks: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits [n, outputs] and the weight of each slice [n, slices]."""
        if isinstance(self.aggregation, LinearSoftmax):
            found = self._by_places(self.aggregation, stacks, present)
        else:
            found = self.aggregation(self.slice_features(stacks, present), present)
        return self.classifier(found.features), found.weights

    def _by_places(self, pooling: LinearSoftmax, stacks: Tensor, present: Tensor | None) -> Aggregated:
        there = torch.ones(stacks.shape[:2], dtype=torch.bool, device=stacks.device) if present is None else present
        maps = self.backbone.forward_features(stacks[there])  # type: ignore[operator]  # of timm's networks
        probability = pooling.probability(self.local_logits(maps))
        features = pooling.within(maps, probability)
        slices = features.new_zeros((*there.shape, features.shape[1]))
        shares = probability.new_zeros(there.shape)
        slices[there], shares[there] = features, probability.mean((1, 2))
        return pooling(slices, shares)

    def forward(self, stacks: Tensor, present: Tensor | None = None) -> Tensor:
        logits, _ = self.attend(stacks, present)
        return logits


def create(
    name: str,
    outputs: int,
    aggregation: str,
    weights: backbones.Weights = None,
    channels: int = 3,
    classifier: Callable[[int], nn.Module] | None = None,
) -> SliceNetwork:
    """A network for stacks of slices, with the 2D network ``name`` for each slice.

    Parameters
    ----------
    classifier : makes the part that answers, for so many features; one linear layer when left out

    Raises
    ------
    BundleError : no such network or aggregation, or they do not go together
    SetupError, BundleError, DownloadError : as `backbones.create`
    """
    features = registry.find(name, axes=2).features
    if name == backbones.PLACES:
        raise BundleError(f"The network '{name}' pools the places of single pictures; choose another for slices.")
    backbone = backbones.create(name, outputs, weights, channels)
    if aggregation == linear_softmax.NAME:
        joined: nn.Module = _linear_softmax(registry.find(name), classifier is None)
    else:
        joined = aggregations.create(aggregation, features)
    # New, or that of the weights where they have one of so many outputs.
    answers = linear_layer(backbone, registry.find(name)) if classifier is None else classifier(features)
    return SliceNetwork(without_head(backbone, registry.find(name)), joined, answers).eval()


def _linear_softmax(architecture: registry.Architecture, linear: bool) -> LinearSoftmax:
    if architecture.library != "timm" or not architecture.cam or not linear:
        raise BundleError(
            f"'{linear_softmax.NAME}' asks each place of the last map, and {architecture.title} does not end in the "
            "mean of its places and a linear layer; choose another network or aggregation."
        )
    return LinearSoftmax()
