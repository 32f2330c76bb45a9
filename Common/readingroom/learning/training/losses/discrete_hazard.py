"""The likelihood of discrete times, by the hazard of each month."""

from __future__ import annotations

from torch import Tensor

from ....survival.losses import discrete_hazard_loss
from ...cohorts.cohort import Cohort
from ...protocols.training_protocol import TrainingProtocol
from .times import LossOfTimes, outputs_of_times


class DiscreteHazard(LossOfTimes):
    """`survival.losses.discrete_hazard_loss`."""

    def of_batch(self, logits: Tensor, when: Tensor, events: Tensor) -> Tensor:
        return discrete_hazard_loss(logits, when.long(), events)


outputs = outputs_of_times


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> DiscreteHazard:
    """For as many months as there are outputs."""
    return DiscreteHazard(len(classes))
