"""Pooling in which every place of every slice counts as much as the finding that it shows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .aggregation import Aggregated

NAME = "linear-softmax"


def local_logits(layer: nn.Linear, maps: Tensor) -> Tensor:
    """What each place of last maps [n, features, \\*spatial] says: [n, outputs, \\*spatial], float32."""
    local = torch.einsum("nf...,of->no...", maps, layer.weight.to(maps.dtype))
    return local.float() + layer.bias.float().reshape(-1, *[1] * (maps.ndim - 2))


class LinearSoftmax(nn.Module):
    """``w_p = P_p / sum(P)`` over the places ``p`` of all slices, ``P_p`` the probability of the finding that a place
    gives by itself: linear softmax pooling (Wang, Li and Metze, ICASSP 2019).

    A small finding is not diluted by the healthy lung around it, as under a mean, and a large one is learned in all its
    parts, not where it is surest alone, as under a maximum. A study without the finding teaches each of its places.

    Parameters
    ----------
    finding : the output that stands for it
    power : of ``P_p`` in the weights; above 1 they come nearer to those of a maximum, for a finding that fills a few of
        thousands of places
    """

    def __init__(self, finding: int = 0, power: float = 1.0):
        super().__init__()
        self.finding = finding
        self.power = power

    def weights(self, local: Tensor) -> Tensor:
        """Of each place [n, \\*spatial], 1 on average, from the places' logits [n, outputs, \\*spatial]."""
        places = self.power * local.float().log_softmax(1)[:, self.finding]
        flat = places.flatten(1)
        return (flat.softmax(1) * flat.shape[1]).view_as(places)

    def probability(self, local: Tensor) -> Tensor:
        """Of the finding at each place [n, \\*spatial], from the places' logits [n, outputs, \\*spatial]."""
        return local.float().softmax(1)[:, self.finding]

    def within(self, maps: Tensor, probability: Tensor) -> Tensor:
        """Features [n, features] of pictures.

        Parameters
        ----------
        maps : [n, features, rows, columns]
        probability : [n, rows, columns]
        """
        weights = probability / probability.sum((1, 2), keepdim=True)
        return torch.einsum("nrc,nfrc->nf", weights.to(maps.dtype), maps)

    def forward(self, slices: Tensor, probability: Tensor) -> Aggregated:
        """Features [n, features] of studies from those of their slices [n, slices, features].

        Parameters
        ----------
        probability : [n, slices], the mean of each slice's places; 0 where no slice is
        """
        weights = probability / probability.sum(1, keepdim=True)
        return Aggregated(torch.einsum("ns,nsf->nf", weights.to(slices.dtype), slices), weights)
