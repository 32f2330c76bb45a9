"""A network for pictures in which every place counts as much as the finding that it shows.

A small lesion is not diluted by the healthy breast around it, as it is where places are averaged.
"""

from __future__ import annotations

from torch import Tensor, nn

from .heads import Embedding, linear_layer, without_head
from .linear_softmax import LinearSoftmax, local_logits
from .registry import Architecture


class WeightedMaps(nn.Module):
    """Last maps times the weights of their places, which are 1 on average.

    The mean over their places is what `LinearSoftmax` pools. A module of its own, so that class activation maps find
    its output, of which each place says what it adds to the answer.
    """

    def forward(self, maps: Tensor, probability: Tensor) -> Tensor:
        weights = probability / probability.mean((1, 2), keepdim=True)
        return maps * weights[:, None].to(maps.dtype)


class PlacesNetwork(nn.Module):
    """Inputs ``[n, channels, height, width]``, raw logits ``[n, outputs]``: linear softmax pooling over the last map.

    Parameters
    ----------
    network : made with the architecture; its linear layer says of each place what it shows, and of the picture what
        its places show together

    What it is given for the picture varies with what the picture is suspected of, far more than with how it was taken;
    its `Embedding` is the plain mean of all places.
    """

    def __init__(self, network: nn.Module, architecture: Architecture):
        super().__init__()
        self.classifier = linear_layer(network, architecture)
        self.backbone = without_head(network, architecture)
        self.aggregation = LinearSoftmax()
        self.embedding = Embedding()
        self.weighted = WeightedMaps()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.backbone.forward_features(inputs)  # type: ignore[operator]  # of timm's networks
        self.embedding(maps.mean((2, 3)))
        probability = self.aggregation.probability(local_logits(self.classifier, maps))
        logits: Tensor = self.classifier(self.flatten(self.pool(self.weighted(maps, probability))))
        return logits
