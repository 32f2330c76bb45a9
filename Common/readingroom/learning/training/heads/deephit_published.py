"""DeepHit as Paper 003 has it: everybody dies within the months."""

from __future__ import annotations

from dataclasses import dataclass

from ..losses import deephit_published
from ..losses.times import LossOfTimes
from .deephit import DeepHitHead


@dataclass(frozen=True)
class PublishedDeepHitHead(DeepHitHead):
    """See `losses.deephit_published.PublishedDeepHit`."""

    @property
    def loss_of_times(self) -> LossOfTimes:
        return deephit_published.PublishedDeepHit(self.months, self.alpha, self.beta, self.sigma)


HEAD = PublishedDeepHitHead
