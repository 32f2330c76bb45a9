"""From slices to the risk of each month: what the heads for times share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....errors import InputError
from ....metrics.patient_folds import fewest_patients, patient_folds
from ....networks.aggregation import AGGREGATIONS
from ....networks.survival_heads import CauseSpecificLayers
from ..losses.times import LossOfTimes
from .bag_head import BagHead
from .head import Floats, Outcomes, Rows, State

_FOLDS = 10  # a tenth of the patients chooses the number of epochs


@dataclass(frozen=True)
class SurvivalHead(BagHead):
    """Joins the slices, and asks `networks.survival_heads.CauseSpecificLayers` about the result.

    Parameters
    ----------
    aggregation, epochs, patience, batch, rate, decay, schedule : see `bag_head.BagHead`
    months : as many monthly bins; the last one ends at the horizon
    layers, width, dropout : hidden layers, shared and of each cause; numbers that each gives; left out in training
    """

    outcome: ClassVar[Literal["label", "time"]] = "time"

    aggregation: str = "soft-attention"
    epochs: int = 100
    patience: int = 15
    batch: int = 64
    rate: float = 1e-4
    decay: float = 0.01
    schedule: Literal["constant", "cosine"] = "constant"
    months: int = 24
    layers: int = 5
    width: int = 100
    dropout: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("months", "layers", "width"):  # a protocol's numbers may be written as 24.0
            object.__setattr__(self, name, int(getattr(self, name)))
        if self.aggregation not in AGGREGATIONS:
            raise ValueError(f"'{self.aggregation}' joins no features of slices")
        if not 1 <= self.months <= 240 or not 0 <= self.layers <= 16 or bool(self.layers) != bool(self.width):
            raise ValueError("months must be 1 to 240, and so many layers need a width")
        if not 0 <= self.dropout < 1:
            raise ValueError("the dropout must be below 1")

    @property
    @abstractmethod
    def loss_of_times(self) -> LossOfTimes:
        """What training makes small."""

    def classifier(self, features: int, outputs: int) -> nn.Module:
        causes = outputs // self.months
        return CauseSpecificLayers(features, causes, self.months, self.layers, self.width, self.dropout)

    def outputs(self, state: State) -> int:
        return self.months * len({name.split(".")[2] for name in state if name.startswith("classifier.causes.")})

    def folds(self, outcomes: Outcomes, rows: Rows, seed: int) -> Rows:
        seen, patients = outcomes.labels[rows], outcomes.patients[rows]
        events = len(np.unique(patients[seen == 1]))
        if events < 2:
            raise InputError(
                f"A head needs two patients or more whose event was seen within {self.months} months; there are "
                f"{events} in a training part."
            )
        if fewest_patients(seen, patients) < 2:  # nearly everybody's was seen
            seen = np.ones_like(seen)
        return patient_folds(seen, patients, min(_FOLDS, fewest_patients(seen, patients)), seed)

    def loss(self, logits: Tensor, outcomes: Outcomes, rows: Rows) -> Tensor:
        loss = self.loss_of_times
        targets = loss.targets_of(outcomes.times[rows], outcomes.events[rows].astype(np.int64))
        return loss(logits, torch.from_numpy(targets)).mean()

    def complete(self, layers: nn.Module, logits: Floats, times: Floats, events: NDArray[np.int64]) -> None:
        """Put into trained ``layers`` what follows from their ``logits`` (rows, outputs) for the training studies."""
