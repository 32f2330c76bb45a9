"""Discrete hazards: in each bin the chance of the event for who has come so far (Gensheimer and Narasimhan 2019).

Logits are (cases, causes, bins). With one cause the hazard is their sigmoid, which is pycox's LogisticHazard; with
several a softmax over the causes and a further logit of 0 for no event in that bin.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DiscreteHazardHead(nn.Module):
    """A linear layer."""

    def __init__(self, features: int, causes: int = 1, bins: int = 24):
        super().__init__()
        self.linear = nn.Linear(features, causes * bins)
        self._shape = (causes, bins)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (cases, causes, bins) of ``features`` (cases, features)."""
        logits: Tensor = self.linear(features)
        return logits.unflatten(1, self._shape)


def incidence(logits: Tensor) -> Tensor:
    """(cases, causes, bins) cumulative incidence at the end of each bin."""
    logs = _log_hazards(logits)
    come_so_far = torch.cat([torch.zeros_like(logs[:, 0, :1]), logs[:, -1].cumsum(dim=1)[:, :-1]], dim=1)
    return (logs[:, :-1] + come_so_far[:, None]).exp().cumsum(dim=2).clamp(max=1.0)


def loss(logits: Tensor, bin_: Tensor, event: Tensor) -> Tensor:
    """Mean negative log likelihood of ``bin_`` and ``event`` (cases,) as `follow_up.month_bins` gives them."""
    logs = _log_hazards(logits)
    bins = torch.arange(logits.shape[2], device=logits.device)
    free = bins < torch.where(event > 0, bin_, bin_ + 1)[:, None]
    rows = torch.arange(len(logits), device=logits.device)
    seen = logs[rows, (event - 1).clamp(min=0), bin_.clamp(min=0)]
    return -((logs[:, -1] * free).sum(dim=1) + torch.where(event > 0, seen, torch.zeros_like(seen))).mean()


def _log_hazards(logits: Tensor) -> Tensor:
    """(cases, causes + 1, bins) log hazards, the last that of no event."""
    return functional.pad(logits, (0, 0, 0, 1)).log_softmax(dim=1)
