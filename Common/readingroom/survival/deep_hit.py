"""DeepHit: probabilities of time and cause in one softmax, trained by likelihood and ranking (Lee, AAAI 2018).

Logits are (cases, causes, bins). With a place for survivors a further logit of 0 stands for who outlives the last bin,
as in pycox; without one, as Paolo 2026 has it, everybody dies within the bins (see `published_loss`).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn


class DeepHitHead(nn.Module):
    """One network that the causes share and one for each cause, which is given the features once more.

    With 1280 features, 24 bins and one cause it has the 349,424 parameters of Paolo 2026, Table 2.

    Parameters
    ----------
    features : of the vector that stands for a patient
    layers, width, dropout : of each network; layers are linear with ReLU
    """

    def __init__(
        self, features: int, causes: int = 1, bins: int = 24, layers: int = 5, width: int = 100, dropout: float = 0.2
    ):
        super().__init__()
        self.shared = _layers(features, layers, width, dropout)
        self.causes = nn.ModuleList(
            nn.Sequential(_layers(features + width, layers, width, dropout), nn.Linear(width, bins))
            for _ in range(causes)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Logits (cases, causes, bins) of ``features`` (cases, features)."""
        both = torch.cat([features, self.shared(features)], dim=1)
        return torch.stack([network(both) for network in self.causes], dim=1)


def _layers(features: int, layers: int, width: int, dropout: float) -> nn.Sequential:
    sizes = [features, *[width] * layers]
    return nn.Sequential(
        *(
            part
            for before, after in itertools.pairwise(sizes)
            for part in (nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout))
        )
    )


def probabilities(logits: Tensor, survivors: bool = True) -> Tensor:
    """(cases, causes, bins) of the event by cause and bin; what is missing to 1 is to outlive the last bin."""
    flat = logits.flatten(1)
    if survivors:
        flat = torch.cat([flat, flat.new_zeros(len(flat), 1)], dim=1)
    return flat.softmax(dim=1)[:, : logits[0].numel()].view_as(logits)


def incidence(logits: Tensor, survivors: bool = True) -> Tensor:
    """(cases, causes, bins) cumulative incidence at the end of each bin."""
    return probabilities(logits, survivors).cumsum(dim=2).clamp(max=1.0)


def loss(
    logits: Tensor, bin_: Tensor, event: Tensor, alpha: float = 0.5, beta: float = 0.5, sigma: float = 0.1
) -> Tensor:
    """``alpha`` times the mean negative log likelihood plus ``beta`` times the mean ranking loss over all pairs.

    The same as pycox's ``DeepHitSingleLoss`` (``beta = 1 - alpha``) and ``DeepHitLoss``.

    Parameters
    ----------
    bin_, event : (cases,) of `follow_up.month_bins`; a bin of -1 says nothing
    sigma : scale of the ranking loss ``exp(-(F_i(t_i) - F_j(t_i)) / sigma)``
    """
    return alpha * likelihood(logits, bin_, event).mean() + beta * ranking(logits, bin_, event, sigma).mean()


def likelihood(logits: Tensor, bin_: Tensor, event: Tensor) -> Tensor:
    """(cases,) negative log likelihood: of cause and bin where the event was seen, else to outlive the bin."""
    survivor = logits.new_zeros(len(logits), 1)
    everything = torch.cat([logits.flatten(1), survivor], dim=1).logsumexp(dim=1)
    # The logarithm of what comes after each bin, summed from the survivors backward, so that no difference is taken.
    of_bins = torch.cat([logits.logsumexp(dim=1), survivor], dim=1)
    after = of_bins.flip(1).logcumsumexp(dim=1).flip(1)[:, 1:]
    rows, place, cause = torch.arange(len(logits), device=logits.device), bin_.clamp(min=0), (event - 1).clamp(min=0)
    said = torch.where(event > 0, logits[rows, cause, place], after[rows, place])
    return torch.where((event > 0) | (bin_ >= 0), everything - said, torch.zeros_like(said))


def ranking(logits: Tensor, bin_: Tensor, event: Tensor, sigma: float) -> Tensor:
    """(cases, cases) what each pair costs: ``i`` had the event while ``j`` was followed for longer, or as long without.

    ``F`` of both is that of the cause of ``i``, in the bin of ``i``.
    """
    return _pair_costs(incidence(logits), bin_, event, sigma, ties=True)


def published_loss(
    logits: Tensor, bin_: Tensor, event: Tensor, alpha: float = 0.5, beta: float = 0.5, sigma: float = 0.1
) -> Tensor:
    """The loss of the paper as its authors' source has it (chl8856/DeepHit), with its flaws.

    There is no place for survivors, so a patient who is alive at the end of the last bin costs 18.4 whatever the
    network says. The likelihood is a mean and the ranking a sum over patients, so that the size of the batch weighs
    them. The formulas as printed are not trained: eq. 4 lacks a minus, and eq. 5 compares two times.
    """
    small = 1e-8
    risks = incidence(logits, survivors=False)
    pmf = probabilities(logits, survivors=False)
    rows, place, cause = torch.arange(len(logits), device=logits.device), bin_.clamp(min=0), (event - 1).clamp(min=0)
    free = torch.where(bin_ < 0, pmf.new_ones(len(pmf)), (1 - risks.sum(dim=1)[rows, place]).clamp(min=0))
    happened = torch.where(event > 0, pmf[rows, cause, place], free)
    costs = _pair_costs(risks, bin_, event, sigma, ties=False)
    return alpha * -(happened + small).log().mean() + beta * costs.mean(dim=1).sum()


def _pair_costs(risks: Tensor, bin_: Tensor, event: Tensor, sigma: float, ties: bool) -> Tensor:
    """(cases, cases) ``exp(-(F_i(t_i) - F_j(t_i)) / sigma)``, 0 for a pair that cannot be compared."""
    comparable = bin_[None] > bin_[:, None]
    if ties:
        comparable = comparable | ((bin_[None] == bin_[:, None]) & (event[None] == 0))
    comparable = comparable & (event[:, None] > 0)
    others = risks[:, (event - 1).clamp(min=0), bin_.clamp(min=0)].T  # [i, j]: cause and bin of i, risk of j
    exponents = -(others.diagonal()[:, None] - others) / sigma
    return exponents.masked_fill(~comparable, -torch.inf).exp()
