"""Cross-entropy over the softmax of raw logits, for classes of which each study has one."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ....errors import InputError
from ...cohorts.cohort import Cohort
from ...protocols.training_protocol import TrainingProtocol
from .loss import Loss


class CrossEntropy(Loss):
    """``-sum_c w_c t_c log softmax(logits)_c``, with ``t`` drawn towards the even distribution by ``smoothing``.

    Parameters
    ----------
    classes : in the order of the network's outputs
    weights : (classes,) of each class, or None
    smoothing : 0 to 1
    """

    weights: Tensor | None

    def __init__(self, classes: tuple[str, ...], weights: NDArray[np.floating] | None = None, smoothing: float = 0.0):
        super().__init__()
        self.classes = classes
        self.smoothing = smoothing
        self.register_buffer("weights", None if weights is None else torch.tensor(weights, dtype=torch.float32))

    def targets(self, cohort: Cohort) -> NDArray[np.float32]:
        place = {name: number for number, name in enumerate(self.classes)}
        found = np.zeros((len(cohort), len(self.classes)), dtype=np.float32)
        for number, row in enumerate(cohort.rows):
            if row.label not in place:
                raise InputError(
                    f"Study '{row.study_id}' of patient '{row.patient_id}' has the label '{row.label or ''}', "
                    f"which is none of {', '.join(self.classes)}."
                )
            found[number, place[row.label]] = 1
        return found

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        # Nothing is smoothed in validation.
        smoothing = self.smoothing if self.training else 0.0
        return functional.cross_entropy(
            logits.float(), targets, self.weights, reduction="none", label_smoothing=smoothing
        )


def outputs(protocol: TrainingProtocol, cohort: Cohort) -> tuple[str, ...]:
    """All classes that occur, sorted."""
    return cohort.classes


def balanced_weights(labels: NDArray[np.integer], classes: int) -> NDArray[np.float64]:
    """(classes,) ``n / (classes * n_c)``: the weights of a class's rows add up to the same for each class.

    Raises
    ------
    InputError : a class has no row
    """
    counts = np.bincount(labels, minlength=classes)
    if 0 in counts:
        raise InputError("A class has no training row; it cannot be learned.")
    return np.asarray(len(labels) / (classes * counts), dtype=np.float64)


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> CrossEntropy:
    """Weighted by `balanced_weights` of the training rows where the protocol says so."""
    labels = CrossEntropy(classes).targets(training).argmax(axis=1)
    weights = balanced_weights(labels, len(classes)) if protocol.balance == "weights" else None
    return CrossEntropy(classes, weights, protocol.smoothing)
