"""What losses of times with events share."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ....errors import InputError
from ....survival.follow_up import month_bins
from ...cohorts.cohort import Cohort
from ...cohorts.time_to_event import time_to_event_of, times_of
from ...protocols.training_protocol import TrainingProtocol
from .loss import Loss


class LossOfTimes(Loss):
    """A loss of logits (n, causes * months) and targets (n, 2): the monthly bin and the event.

    Such losses may compare the patients of a batch, so each of them is given what the whole batch costs: the mean over
    rows, which the loop takes, is that too.

    Parameters
    ----------
    months : as many monthly bins
    """

    causes = 1  # that tables know

    def __init__(self, months: int):
        super().__init__()
        self.months = months

    def targets(self, cohort: Cohort) -> NDArray[np.float32]:
        times, events = times_of(cohort)
        if np.isnan(times).any():
            study = cohort.rows[int(np.isnan(times).argmax())]
            raise InputError(f"Study '{study.study_id}' of patient '{study.patient_id}' has no time.")
        return self.targets_of(times, events)

    def targets_of(self, times: NDArray[np.float64], events: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, 2) of times and events (n,)."""
        return np.stack(month_bins(times, events, self.months), axis=1).astype(np.float32)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        when, events = targets.unbind(dim=1)
        return self.of_batch(logits.float(), when, events.long()).expand(len(logits))

    @abstractmethod
    def of_batch(self, logits: Tensor, when: Tensor, events: Tensor) -> Tensor:
        """One number for logits (n, causes * months) and for bins (or times) and events (n,), as `targets_of` gives."""


def outputs_of_times(protocol: TrainingProtocol, cohort: Cohort) -> tuple[str, ...]:
    """What the outputs of a network stand for, for as many months as the protocol's head has.

    Raises
    ------
    InputError : a study has no time, or no event was seen
    """
    return time_to_event_of(cohort, months_of(protocol)).values


def months_of(protocol: TrainingProtocol) -> int:
    """How many monthly bins the protocol's head has."""
    return int(protocol.head_settings.get("months", 24))
