"""A network for pictures or volumes in which every place counts as much as the finding that it shows.

A small lesion is not diluted by the healthy tissue around it, as it is where places are averaged.
"""

from __future__ import annotations

from torch import Tensor, nn

from .heads import Embedding
from .linear_softmax import LinearSoftmax, local_logits


class WeightedMaps(nn.Module):
    """Last maps times the weights of their places, which are 1 on average.

    The mean over their places is what `LinearSoftmax` pools. A module of its own, so that class activation maps find
    its output, of which each place says what it adds to the answer.
    """

    def forward(self, maps: Tensor, weights: Tensor) -> Tensor:
        return maps * weights[:, None].to(maps.dtype)


class PlacesNetwork(nn.Module):
    """Inputs ``[n, channels, \\*spatial]``, raw logits ``[n, outputs]``: linear softmax pooling over the last map.

    Parameters
    ----------
    classifier : says of each place what it shows, and of the picture or volume what its places show together
    backbone : its ``forward_features`` gives the last map
    power : as `LinearSoftmax`

    What it is given for the picture varies with what the picture is suspected of, far more than with how it was taken;
    its `Embedding` is the plain mean of all places.
    """

    def __init__(self, classifier: nn.Linear, backbone: nn.Module, power: float = 1.0):
        super().__init__()
        self.classifier = classifier
        self.backbone = backbone
        self.aggregation = LinearSoftmax(power=power)
        self.embedding = Embedding()
        self.weighted = WeightedMaps()

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.backbone.forward_features(inputs)  # type: ignore[operator]  # of timm's networks and of ours
        self.embedding(maps)
        weights = self.aggregation.weights(local_logits(self.classifier, maps))
        logits: Tensor = self.classifier(self.weighted(maps, weights).flatten(2).mean(2))
        return logits
