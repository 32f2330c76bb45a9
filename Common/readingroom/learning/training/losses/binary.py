"""Binary cross-entropy of each finding on its own, for findings of which a study may have several or none.

It takes raw logits. Paper 004 puts a softmax before it: every finding is then positive at 0.5, and the loss cannot go
below 0.639 for one finding of seven.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ....errors import InputError
from ...cohorts.cohort import Cohort
from ...cohorts.findings import findings_of, presence
from ...protocols.training_protocol import TrainingProtocol
from .loss import Loss


class BinaryCrossEntropy(Loss):
    """``mean_c -(p_c t_c log sigmoid(logit_c) + (1 - t_c) log(1 - sigmoid(logit_c)))``.

    Parameters
    ----------
    classes : in the order of the network's outputs
    positive_weights : (classes,) ``p_c``, or None
    smoothing : targets are drawn this far towards one half
    """

    positive_weights: Tensor | None

    def __init__(
        self,
        classes: tuple[str, ...],
        positive_weights: NDArray[np.floating] | None = None,
        smoothing: float = 0.0,
    ):
        super().__init__()
        self.classes = classes
        self.smoothing = smoothing
        weights = None if positive_weights is None else torch.tensor(positive_weights, dtype=torch.float32)
        self.register_buffer("positive_weights", weights)

    def targets(self, cohort: Cohort) -> NDArray[np.float32]:
        return presence(cohort, self.classes).astype(np.float32)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.training and self.smoothing:
            targets = targets * (1 - self.smoothing) + self.smoothing / 2
        each = functional.binary_cross_entropy_with_logits(
            logits.float(), targets, pos_weight=self.positive_weights, reduction="none"
        )
        return each.mean(dim=1)


def outputs(protocol: TrainingProtocol, cohort: Cohort) -> tuple[str, ...]:
    """All findings that occur, sorted."""
    return findings_of(cohort)


def positive_weights(targets: NDArray[np.floating]) -> NDArray[np.float64]:
    """(classes,) negatives by positives of ``targets`` (rows, classes).

    Raises
    ------
    InputError : a finding has no positive row
    """
    positives = targets.sum(axis=0)
    if 0 in positives:
        raise InputError("A finding has no training row; it cannot be learned.")
    return np.asarray((len(targets) - positives) / positives, dtype=np.float64)


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> BinaryCrossEntropy:
    """Weighted by `positive_weights` of the training rows where the protocol says so."""
    targets = BinaryCrossEntropy(classes).targets(training)
    weights = positive_weights(targets) if protocol.balance == "weights" else None
    return BinaryCrossEntropy(classes, weights, protocol.smoothing)
