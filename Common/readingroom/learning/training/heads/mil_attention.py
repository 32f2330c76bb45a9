"""Attention over the slices of a study: which slices speak, and what they say, is learned from the study's label.

Multiple-instance learning on the features of a frozen network (Ilse et al., ICML 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .bag_head import BagHead
from .head import Outcomes, Rows, State, inner_folds

ATTENTIONS = ("soft-attention", "gated-attention", "self-attention", "slice-transformer")


@dataclass(frozen=True)
class AttentionHead(BagHead):
    """Weighs the slices, adds them up, and asks one linear layer.

    Parameters
    ----------
    aggregation : one of `ATTENTIONS`
    epochs, patience, batch, rate, decay : see `bag_head.BagHead`
    dropout : of the slices' features
    """

    outcome: ClassVar[Literal["label", "time"]] = "label"

    aggregation: str = "gated-attention"
    epochs: int = 60
    patience: int = 10
    batch: int = 32
    rate: float = 5e-4
    decay: float = 0.01
    dropout: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aggregation not in ATTENTIONS:
            raise ValueError(f"'{self.aggregation}' is no attention over slices")
        if not 0 <= self.dropout < 1:
            raise ValueError("the dropout must be below 1")

    def classifier(self, features: int, outputs: int) -> nn.Module:
        layer = nn.Linear(features, outputs)
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        return layer

    def outputs(self, state: State) -> int:
        return len(state["classifier.bias"])

    def folds(self, outcomes: Outcomes, rows: Rows, seed: int) -> Rows:
        return inner_folds(outcomes, rows, seed)

    def thinned(self, slices: Tensor, masks: torch.Generator) -> Tensor:
        kept = torch.rand(slices.shape, generator=masks) >= self.dropout
        return slices * kept / (1 - self.dropout)

    def loss(self, logits: Tensor, outcomes: Outcomes, rows: Rows) -> Tensor:
        each = functional.cross_entropy(logits, torch.from_numpy(outcomes.labels[rows]), reduction="none")
        return (each * torch.from_numpy(outcomes.weights[rows]).float()).mean()


HEAD = AttentionHead
