"""The loss of Paper 003, with its flaws; who outlives the last month has no place."""

from __future__ import annotations

from torch import Tensor

from ....survival.losses import published_deep_hit_loss
from ...cohorts.cohort import Cohort
from ...protocols.training_protocol import TrainingProtocol
from .times import LossOfTimes, outputs_of_times


class PublishedDeepHit(LossOfTimes):
    """`survival.losses.published_deep_hit_loss`, with its ``alpha``, ``beta`` and ``sigma``."""

    def __init__(self, months: int, alpha: float = 0.5, beta: float = 0.5, sigma: float = 0.1):
        super().__init__(months)
        self.alpha, self.beta, self.sigma = alpha, beta, sigma

    def of_batch(self, logits: Tensor, when: Tensor, events: Tensor) -> Tensor:
        return published_deep_hit_loss(logits, when.long(), events, self.causes, self.alpha, self.beta, self.sigma)


outputs = outputs_of_times


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> PublishedDeepHit:
    """With the protocol's numbers."""
    return PublishedDeepHit(len(classes), **protocol.loss_settings)
