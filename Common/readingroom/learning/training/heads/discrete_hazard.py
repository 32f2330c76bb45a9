"""A hazard for each month, trained by the likelihood of discrete times."""

from __future__ import annotations

from dataclasses import dataclass

from ..losses import discrete_hazard
from ..losses.times import LossOfTimes
from .survival_head import SurvivalHead


@dataclass(frozen=True)
class DiscreteHazardHead(SurvivalHead):
    """See `survival_head.SurvivalHead` and `losses.discrete_hazard.DiscreteHazard`."""

    @property
    def loss_of_times(self) -> LossOfTimes:
        return discrete_hazard.DiscreteHazard(self.months)


HEAD = DiscreteHazardHead
