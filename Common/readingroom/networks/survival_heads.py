"""From a study's features to the risk of each cause over time: the ends of networks for survival."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .heads import absorb


class CauseSpecificLayers(nn.Module):
    """DeepHit's shared and cause-specific layers (Lee et al., AAAI 2018; five of 100 each in Paper 003).

    What the shared layers give is put beside the features themselves; each cause has layers of its own on both. Without
    ``layers`` it is one linear layer. Features ``[n, features]`` in, ``[n, causes * months]`` out, cause by cause.

    Parameters
    ----------
    causes, months : how many competing causes, and time bins
    layers, width : hidden layers of the shared part, and of each cause's; numbers that each layer gives
    dropout : after each hidden layer, in training
    """

    def __init__(
        self, features: int, causes: int, months: int, layers: int = 0, width: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.shared = _hidden(features, layers, width, dropout)
        joined = features + (width if layers else 0)
        self.causes = nn.ModuleList(
            nn.Sequential(*_hidden(joined, layers, width, dropout), nn.Linear(width if layers else joined, months))
            for _ in range(causes)
        )

    def forward(self, features: Tensor) -> Tensor:
        joined = torch.cat([features, self.shared(features)], dim=1) if len(self.shared) else features
        return torch.cat([cause(joined) for cause in self.causes], dim=1)

    def absorb(self, center: Tensor, scale: Tensor) -> None:
        """See `heads.Absorbs`."""
        for layers in (self.shared, *self.causes):
            if len(layers):
                absorb(layers[0], center, scale)


class ProportionalHazards(nn.Module):
    """A log hazard ratio of `CauseSpecificLayers` on the baseline hazard of a cohort (Cox 1972; Katzman 2018).

    Features ``[n, features]`` in, ``[n, months]`` out: the logarithm of the cumulative hazard at the end of each month.

    Parameters
    ----------
    baseline : a buffer [months], the same of a patient whose hazard ratio is 1; 0 until training is over, see
        `readingroom.survival.cox.baseline_hazard`
    """

    baseline: Tensor

    def __init__(self, features: int, months: int, layers: int = 0, width: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.ratio = CauseSpecificLayers(features, 1, 1, layers, width, dropout)
        self.register_buffer("baseline", torch.zeros(months))

    def forward(self, features: Tensor) -> Tensor:
        log_hazard: Tensor = self.ratio(features) + self.baseline
        return log_hazard

    def absorb(self, center: Tensor, scale: Tensor) -> None:
        """See `heads.Absorbs`."""
        self.ratio.absorb(center, scale)


def create(
    features: int, head: str, causes: int, months: int, layers: int = 0, width: int = 0, dropout: float = 0.0
) -> nn.Module:
    """The layers of a ``head``, named as in `readingroom.bundles.network.SurvivalMetadata`."""
    if head == "cox":
        return ProportionalHazards(features, months, layers, width, dropout)
    return CauseSpecificLayers(features, causes, months, layers, width, dropout)


def incidence(logits: Tensor, head: str, causes: int) -> Tensor:
    """Cumulative incidence ``[n, causes, months]`` of a head's ``logits`` [n, causes * months]."""
    if head == "cox":
        return -torch.expm1(-logits.cummax(dim=1).values.exp())[:, None]  # rises, whatever weights were given
    if head == "discrete-hazard":
        return 1 - (1 - logits.sigmoid()).cumprod(1)[:, None]
    if head == "deephit":
        logits = nn.functional.pad(logits, (0, 1))  # who outlives the last bin
    shares = logits.softmax(1)
    if head == "deephit":
        shares = shares[:, :-1]
    return shares.unflatten(1, (causes, -1)).cumsum(2)


def log_hazard(logits: Tensor, head: str, causes: int) -> Tensor:
    """``[n]`` log cumulative hazard of all causes at the last month, of logits [n, causes * months].

    It is ``log(-log(1 - risk))`` of `incidence`, and still tells risks apart that are 1 there. A ``deephit-published``
    head has nobody outlive its last month; of it, it is the hazard before that month.
    """
    if head == "cox":
        return logits.amax(dim=1)
    if head == "discrete-hazard":
        hazard = nn.functional.softplus(logits).sum(1)
    elif head == "deephit":
        hazard = nn.functional.softplus(logits.logsumexp(1))
    else:
        hazard = logits.logsumexp(1) - logits.unflatten(1, (causes, -1))[:, :, -1].logsumexp(1)
    return hazard.clamp_min(torch.finfo(hazard.dtype).tiny).log()


def _hidden(features: int, layers: int, width: int, dropout: float) -> nn.Sequential:
    parts: list[nn.Module] = []
    for number in range(layers):
        parts += [nn.Linear(width if number else features, width), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts)
