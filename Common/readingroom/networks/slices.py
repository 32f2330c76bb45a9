"""Networks that read a stack of slices: a 2D network for each slice, an aggregation, and what answers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from . import aggregation as aggregations
from . import backbones, registry
from .heads import without_head


class SliceNetwork(nn.Module):
    """Stacks ``[n, slices, channels, height, width]`` in, raw logits ``[n, outputs]`` out.

    Parameters
    ----------
    backbone : gives features [n, features] for pictures
    aggregation : see `readingroom.networks.aggregation`
    classifier : from the study's features [n, features] to its logits: a linear layer, or a head for survival
    """

    def __init__(self, backbone: nn.Module, aggregation: nn.Module, classifier: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.aggregation = aggregation
        self.classifier = classifier

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
        found = self.aggregation(self.slice_features(stacks, present), present)
        return self.classifier(found.features), found.weights

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
    BundleError : no such network or aggregation
    SetupError, BundleError, DownloadError : as `backbones.create`
    """
    features = registry.find(name, axes=2).features
    backbone = backbones.create(name, outputs, weights, channels)
    joined = aggregations.create(aggregation, features)
    answers = nn.Linear(features, outputs) if classifier is None else classifier(features)
    return SliceNetwork(without_head(backbone, registry.find(name)), joined, answers).eval()
