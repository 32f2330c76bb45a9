"""DeepHit's layers and loss, with a place for who outlives the last month."""

from __future__ import annotations

from dataclasses import dataclass

from ..losses import deephit
from ..losses.times import LossOfTimes
from .survival_head import SurvivalHead


@dataclass(frozen=True)
class DeepHitHead(SurvivalHead):
    """See `survival_head.SurvivalHead`; ``alpha``, ``beta``, ``sigma`` as in `losses.deephit.DeepHit`."""

    alpha: float = 0.5
    beta: float = 0.5
    sigma: float = 0.1

    @property
    def loss_of_times(self) -> LossOfTimes:
        return deephit.DeepHit(self.months, self.alpha, self.beta, self.sigma)


HEAD = DeepHitHead
