"""Attention over the slices of a study: which slices speak, and what they say, is learned from the study's label.

Multiple-instance learning on the features of a frozen network (Ilse et al., ICML 2018). The number of epochs is chosen
by held-out patients, then the heads of all folds and the final one train for that long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....networks import aggregation as aggregations
from .head import Bag, Choice, Floats, Outcomes, Rows, State, copy_into, fewest_to_learn_from, inner_folds


@dataclass(frozen=True)
class AttentionHead:
    """Weighs the slices, adds them up, and asks one linear layer.

    Parameters
    ----------
    aggregation : ``soft-attention``, ``gated-attention`` or ``self-attention``
    epochs, patience : at most so many; so many without a better loss end the search
    batch : studies of one step
    rate, decay : of AdamW
    dropout : of the slices' features
    """

    chooses: ClassVar[str] = "epochs"

    aggregation: str = "gated-attention"
    epochs: int = 60
    patience: int = 10
    batch: int = 32
    rate: float = 5e-4
    decay: float = 0.01
    dropout: float = 0.25

    def __post_init__(self) -> None:
        if self.aggregation not in ("soft-attention", "gated-attention", "self-attention"):
            raise ValueError(f"'{self.aggregation}' is no attention over slices")
        if min(self.epochs, self.patience, self.batch) < 1 or self.rate <= 0 or not 0 <= self.dropout < 1:
            raise ValueError("epochs, patience, batch and rate must be above 0, the dropout below 1")

    def choose(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, seed: int) -> Choice:
        inside = inner_folds(outcomes, rows, seed) == 0
        return (self._best_epoch(features, outcomes, rows[~inside], rows[inside], seed),)

    def fit(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, choice: Choice, seed: int) -> State:
        fewest_to_learn_from(outcomes, rows)
        model = _Model(self.aggregation, features[rows[0]].shape[1], outcomes.classes, seed)
        for _ in self._epochs(model, features, outcomes, rows, int(choice[0]), seed):
            pass
        return {name: value.numpy() for name, value in model.state_dict().items()}

    def logits(self, state: State, features: Sequence[Bag], rows: Rows) -> Floats:
        classes, width = state["classifier.weight"].shape
        model = _Model(self.aggregation, width, classes, seed=0)
        copy_into(model, state)
        return _answers(model, features, rows, self.batch).double().numpy()

    def place(self, state: State, layer: nn.Module, aggregation: nn.Module | None = None) -> None:
        if aggregation is None:
            raise ValueError("Attention over slices needs a network of slices.")
        copy_into(layer, state, "classifier.")
        copy_into(aggregation, state, "aggregation.")

    def _best_epoch(
        self, features: Sequence[Bag], outcomes: Outcomes, training: Rows, held_out: Rows, seed: int
    ) -> int:
        model = _Model(self.aggregation, features[training[0]].shape[1], outcomes.classes, seed)
        losses: list[float] = []
        for _ in self._epochs(model, features, outcomes, training, self.epochs, seed):
            losses.append(float(_loss(_answers(model, features, held_out, self.batch), outcomes, held_out)))
            if len(losses) - int(np.argmin(losses)) > self.patience:
                break
        return int(np.argmin(losses)) + 1

    def _epochs(
        self, model: _Model, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, epochs: int, seed: int
    ) -> Iterator[None]:
        """Train in place; comes back after each epoch with the model in evaluation mode."""
        generator, masks = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        optimizer = torch.optim.AdamW(model.parameters(), self.rate, weight_decay=self.decay)
        for _ in range(epochs):
            model.train()
            for chosen in np.array_split(generator.permutation(rows), -(-len(rows) // self.batch)):
                slices, present = padded(features, chosen)
                kept = torch.rand(slices.shape, generator=masks) >= self.dropout
                loss = _loss(model(slices * kept / (1 - self.dropout), present), outcomes, chosen)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            model.eval()
            yield


HEAD = AttentionHead


class _Model(nn.Module):
    """The end of a network of slices, by the same names."""

    def __init__(self, aggregation: str, features: int, classes: int, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.aggregation = aggregations.create(aggregation, features)
            self.classifier = nn.Linear(features, classes)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)
        self.eval()

    def forward(self, slices: Tensor, present: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.aggregation(slices, present).features)
        return logits


def padded(features: Sequence[Bag], rows: Rows) -> tuple[Tensor, Tensor]:
    """(rows, most slices, features) filled up with 0, and which of them are there (rows, most slices)."""
    bags = [features[row] for row in rows]
    slices = torch.zeros(len(bags), max(map(len, bags)), bags[0].shape[1])
    present = torch.zeros(slices.shape[:2], dtype=torch.bool)
    for number, bag in enumerate(bags):
        slices[number, : len(bag)] = torch.from_numpy(bag)
        present[number, : len(bag)] = True
    return slices, present


def _answers(model: _Model, features: Sequence[Bag], rows: Rows, batch: int) -> Tensor:
    with torch.inference_mode():
        parts = [model(*padded(features, rows[start : start + batch])) for start in range(0, len(rows), batch)]
    return torch.cat(parts)


def _loss(logits: Tensor, outcomes: Outcomes, rows: Rows) -> Tensor:
    each = functional.cross_entropy(logits, torch.from_numpy(outcomes.labels[rows]), reduction="none")
    weights = torch.from_numpy(outcomes.weights[rows]).float()
    return (each * weights).mean()
