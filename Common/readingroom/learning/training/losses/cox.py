"""The partial likelihood of proportional hazards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ....survival.follow_up import cut_at
from ....survival.losses import cox_loss
from ...cohorts.cohort import Cohort
from ...protocols.training_protocol import TrainingProtocol
from .times import LossOfTimes, outputs_of_times


class Cox(LossOfTimes):
    """`survival.losses.cox_loss` of the patients of a batch; it asks who was first, so its targets are no bins."""

    def targets_of(self, times: NDArray[np.float64], events: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.stack(cut_at(times, events, self.months), axis=1).astype(np.float32)

    def of_batch(self, logits: Tensor, times: Tensor, events: Tensor) -> Tensor:
        return cox_loss(logits[:, 0], times, events)  # what all have in common, the baseline, does not count


outputs = outputs_of_times


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> Cox:
    """For as many months as there are outputs."""
    return Cox(len(classes))
