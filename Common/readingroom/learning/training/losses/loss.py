"""What every loss can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ...cohorts.cohort import Cohort


class Loss(nn.Module, ABC):
    """One number for each row of a batch; the loop takes their mean.

    The mean is over rows, never over the weights that happen to be in a batch, so that a batch shared out among
    processes, or taken in several passes, has the same gradient as the whole batch.
    """

    @abstractmethod
    def targets(self, cohort: Cohort) -> NDArray[np.float32]:
        """(rows, width): what is to be learned of each row, as numbers that MixUp may mix.

        Raises
        ------
        InputError : a row has no such outcome
        """

    @abstractmethod
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(n,) losses of raw logits (n, outputs) and targets (n, width)."""
