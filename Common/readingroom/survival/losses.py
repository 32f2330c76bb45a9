"""What trains a network for survival: DeepHit's likelihood and ranking, the paper's form of it, hazards, Cox.

Logits [n, causes * months] are those of `networks.survival_heads`, a log risk [n] that of its linear layer with one
output. ``bin_`` and ``event`` [n] are those of `follow_up.month_bins`; a bin of -1 says nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..networks.survival_heads import incidence
from .cox import CoxTies


def deep_hit_loss(
    logits: Tensor,
    bin_: Tensor,
    event: Tensor,
    causes: int = 1,
    alpha: float = 0.5,
    beta: float = 0.5,
    sigma: float = 0.1,
) -> Tensor:
    """``alpha`` times the mean negative log likelihood plus ``beta`` times the mean ranking loss over all pairs.

    With a place for survivors (Lee, AAAI 2018, as in pycox: ``DeepHitSingleLoss`` where ``beta = 1 - alpha``, and
    ``DeepHitLoss`` for several causes).

    Parameters
    ----------
    sigma : scale of the ranking loss ``exp(-(F_i(t_i) - F_j(t_i)) / sigma)``
    """
    ranked = deep_hit_ranking(logits, bin_, event, causes, sigma)
    return alpha * deep_hit_likelihood(logits, bin_, event, causes).mean() + beta * ranked.mean()


def deep_hit_likelihood(logits: Tensor, bin_: Tensor, event: Tensor, causes: int = 1) -> Tensor:
    """[n] negative log likelihood: of cause and bin where the event was seen, else to outlive the bin."""
    by_cause, survivor = logits.unflatten(1, (causes, -1)), logits.new_zeros(len(logits), 1)
    everything = torch.cat([logits, survivor], dim=1).logsumexp(dim=1)
    # The logarithm of what comes after each bin, summed from the survivors backward, so that no difference is taken.
    of_bins = torch.cat([by_cause.logsumexp(dim=1), survivor], dim=1)
    after = of_bins.flip(1).logcumsumexp(dim=1).flip(1)[:, 1:]
    rows, cause, place = _places(bin_, event)
    said = torch.where(event > 0, by_cause[rows, cause, place], after[rows, place])
    return torch.where((event > 0) | (bin_ >= 0), everything - said, torch.zeros_like(said))


def deep_hit_ranking(logits: Tensor, bin_: Tensor, event: Tensor, causes: int = 1, sigma: float = 0.1) -> Tensor:
    """[n, n] what each pair costs: ``i`` had the event while ``j`` was followed for longer, or as long without one.

    ``F`` of both is that of the cause of ``i``, in the bin of ``i``.
    """
    return _pair_costs(incidence(logits, "deephit", causes), bin_, event, sigma, ties=True)


def published_deep_hit_loss(
    logits: Tensor,
    bin_: Tensor,
    event: Tensor,
    causes: int = 1,
    alpha: float = 0.5,
    beta: float = 0.5,
    sigma: float = 0.1,
) -> Tensor:
    """The loss of Paolo 2026 as DeepHit's authors wrote it (chl8856/DeepHit), for the head ``deephit-published``.

    Its flaws: there is no place for survivors, so a patient who is alive at the end of the last bin costs 18.4 whatever
    the network says. The likelihood is a mean and the ranking a sum over patients, so that the size of the batch weighs
    them. The formulas as printed are not trained: eq. 4 lacks a minus, and eq. 5 compares two times.
    """
    small = 1e-8
    risks = incidence(logits, "deephit-published", causes)
    rows, cause, place = _places(bin_, event)
    free = torch.where(bin_ < 0, torch.ones_like(risks[:, 0, 0]), (1 - risks.sum(dim=1)[rows, place]).clamp(min=0))
    happened = torch.where(event > 0, logits.softmax(dim=1).unflatten(1, (causes, -1))[rows, cause, place], free)
    costs = _pair_costs(risks, bin_, event, sigma, ties=False)
    return alpha * -(happened + small).log().mean() + beta * costs.mean(dim=1).sum()


def discrete_hazard_loss(logits: Tensor, bin_: Tensor, event: Tensor) -> Tensor:
    """Mean negative log likelihood of the hazards ``sigmoid(logits)`` of a single cause, pycox's ``LogisticHazard``.

    Source: Gensheimer and Narasimhan, PeerJ 2019.
    """
    bins = torch.arange(logits.shape[1], device=logits.device)
    seen = event > 0
    at_risk = bins <= bin_[:, None]
    happened = (seen[:, None] & (bins == bin_[:, None])).to(logits.dtype)
    costs = functional.binary_cross_entropy_with_logits(logits, happened, reduction="none")
    return (costs * at_risk).sum(dim=1).mean()


def cox_loss(log_risk: Tensor, time: Tensor, event: Tensor, ties: CoxTies = "efron") -> Tensor:
    """Negative log partial likelihood of the log risks [n], a mean over the events; 0 in a batch without events.

    For cumulative incidence `cox.baseline_hazard` gives the hazard that the log risks multiply.

    Parameters
    ----------
    time : [n] in months; not bins
    """
    order = torch.argsort(time, descending=True, stable=True)
    risk, moment, seen = log_risk[order], time[order], event[order] > 0
    if not bool(seen.any()):
        return log_risk.sum() * 0
    _, group, count = torch.unique_consecutive(moment, return_inverse=True, return_counts=True)
    at_risk = torch.logcumsumexp(risk, dim=0)[count.cumsum(0) - 1][group]  # of all followed at least so long
    if ties == "efron":
        deaths = torch.zeros(len(count), dtype=torch.long, device=risk.device).index_add_(0, group, seen.long())
        number = seen.long().cumsum(0) - 1 - (deaths.cumsum(0) - deaths)[group]  # among the deaths of that time
        share = number.to(risk.dtype) / deaths[group].clamp(min=1)
        dying = risk.new_zeros(len(count)).index_add_(0, group, torch.exp(risk - at_risk) * seen)[group]
        at_risk = at_risk + torch.log1p(-torch.where(seen, share * dying, torch.zeros_like(dying)))
    return -(risk - at_risk)[seen].mean()


def _places(bin_: Tensor, event: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, causes and bins to look up; where there is no event or bin the first stands in, which is not used."""
    return torch.arange(len(bin_), device=bin_.device), (event - 1).clamp(min=0), bin_.clamp(min=0)


def _pair_costs(risks: Tensor, bin_: Tensor, event: Tensor, sigma: float, ties: bool) -> Tensor:
    """[n, n] ``exp(-(F_i(t_i) - F_j(t_i)) / sigma)``, 0 for a pair that cannot be compared."""
    comparable = bin_[None] > bin_[:, None]
    if ties:
        comparable = comparable | ((bin_[None] == bin_[:, None]) & (event[None] == 0))
    comparable = comparable & (event[:, None] > 0)
    _, cause, place = _places(bin_, event)
    others = risks[:, cause, place].T  # [i, j]: cause and bin of i, risk of j
    exponents = -(others.diagonal()[:, None] - others) / sigma
    return exponents.masked_fill(~comparable, -torch.inf).exp()
