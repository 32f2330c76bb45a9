"""A Cox model as a network's head: one log risk for each patient, trained by partial likelihood."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .cox import CoxTies


class CoxHead(nn.Module):
    """A linear layer without an intercept, which the partial likelihood could not know."""

    def __init__(self, features: int):
        super().__init__()
        self.linear = nn.Linear(features, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Log risks (cases,) of ``features`` (cases, features)."""
        risks: Tensor = self.linear(features)
        return risks[:, 0]


def loss(log_risk: Tensor, time: Tensor, event: Tensor, ties: CoxTies = "efron") -> Tensor:
    """Negative log partial likelihood of (cases,) log risks, a mean over the events; 0 in a batch without events.

    For cumulative incidence fit `cox.fit_cox` to the log risks of the training patients, one column with a coefficient
    near 1: it has the baseline hazard.
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
