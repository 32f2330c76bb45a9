"""A head that is trained on bags of slice features by gradient, for as many epochs as do best on held-out patients."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from ....networks import aggregation as aggregations
from ....networks.heads import Absorbs
from .head import Bag, Choice, Floats, Outcomes, Rows, State, copy_into


@dataclass(frozen=True)
class BagHead(ABC):
    """Joins the slices of a study, and asks layers about the result.

    The number of epochs is chosen by the loss of held-out patients, then the heads of all folds and the final one train
    for that long. Where the layers can take it in (`networks.heads.Absorbs`), they learn from features that are
    standardized by the slices of the training rows; in the end it is part of the layers, and nothing more is stored.

    Parameters
    ----------
    aggregation : a name in `readingroom.networks.aggregation`
    epochs, patience : at most so many; so many without a better loss end the search
    batch : studies of one step
    rate, decay : of AdamW
    schedule : ``cosine`` lowers the rate to 0 over all ``epochs``, however many are taken of them
    """

    chooses: ClassVar[str] = "epochs"
    outcome: ClassVar[Literal["label", "time"]]

    aggregation: str
    epochs: int
    patience: int
    batch: int
    rate: float
    decay: float
    schedule: Literal["constant", "cosine"] = "constant"

    def __post_init__(self) -> None:
        if min(self.epochs, self.patience, self.batch) < 1 or self.rate <= 0:
            raise ValueError("epochs, patience, batch and rate must be above 0")

    @abstractmethod
    def classifier(self, features: int, outputs: int) -> nn.Module:
        """What answers at the end of the network."""

    @abstractmethod
    def outputs(self, state: State) -> int:
        """How many outputs what was learned has."""

    @abstractmethod
    def folds(self, outcomes: Outcomes, rows: Rows, seed: int) -> Rows:
        """(rows,) folds by patient, of which the first chooses the epochs.

        Raises
        ------
        InputError : the rows are too few or too alike to learn from
        """

    @abstractmethod
    def loss(self, logits: Tensor, outcomes: Outcomes, rows: Rows) -> Tensor:
        """Of the raw outputs (rows, outputs) for these studies."""

    def thinned(self, slices: Tensor, masks: torch.Generator) -> Tensor:
        """Slice features as a step of the training sees them."""
        return slices

    def choose(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, seed: int) -> Choice:
        inside = self.folds(outcomes, rows, seed) == 0
        training, held_out = rows[~inside], rows[inside]
        model = self._model(features, outcomes, training, seed)
        losses: list[float] = []
        for _ in self._epochs(model, features, outcomes, training, self.epochs, seed):
            answers = _answers(model, features, held_out, self.batch)
            losses.append(float(self.loss(answers, outcomes, held_out)))
            if len(losses) - int(np.argmin(losses)) > self.patience:
                break
        return (float(np.argmin(losses) + 1),)

    def fit(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, choice: Choice, seed: int) -> State:
        self.folds(outcomes, rows, seed)
        model = self._model(features, outcomes, rows, seed)
        for _ in self._epochs(model, features, outcomes, rows, int(choice[0]), seed):
            pass
        model.absorb_standardization()
        return {name: value.numpy() for name, value in model.state_dict().items()}

    def logits(self, state: State, features: Sequence[Bag], rows: Rows) -> Floats:
        model = _Model(self, features[0].shape[1], self.outputs(state), seed=0)
        copy_into(model, state)
        return _answers(model, features, rows, self.batch).double().numpy()

    def place(self, state: State, layer: nn.Module, aggregation: nn.Module | None = None) -> None:
        if aggregation is None and self.aggregation != "average-pooling":  # which a volume, one alone, has no need of
            raise ValueError("A head that weighs slices needs a network of slices.")
        copy_into(layer, state, "classifier.")
        if aggregation is not None:
            copy_into(aggregation, state, "aggregation.")

    def _model(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, seed: int) -> _Model:
        model = _Model(self, features[0].shape[1], outcomes.classes, seed)
        if isinstance(model.aggregation, Absorbs) and isinstance(model.classifier, Absorbs):
            model.standardization = standardization(features, rows)
        return model

    def _epochs(
        self, model: _Model, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, epochs: int, seed: int
    ) -> Iterator[None]:
        """Train in place; comes back after each epoch with the model in evaluation mode."""
        generator, masks = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        optimizer = torch.optim.AdamW(model.parameters(), self.rate, weight_decay=self.decay)
        for epoch in range(epochs):
            if self.schedule == "cosine":
                for group in optimizer.param_groups:
                    group["lr"] = self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
            model.train()
            with torch.random.fork_rng(devices=[]):  # what layers drop out
                torch.manual_seed(int(np.random.default_rng((seed, epoch)).integers(2**62)))
                for chosen in np.array_split(generator.permutation(rows), -(-len(rows) // self.batch)):
                    slices, present = padded(features, chosen)
                    loss = self.loss(model(self.thinned(slices, masks), present), outcomes, chosen)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            model.eval()
            yield


class _Model(nn.Module):
    """The end of a network of slices, by the same names; ``standardization`` is center (features,) and scale ()."""

    standardization: tuple[Tensor, Tensor] | None = None

    def __init__(self, head: BagHead, features: int, outputs: int, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.aggregation = aggregations.create(head.aggregation, features)
            self.classifier = head.classifier(features, outputs)
        self.eval()

    def forward(self, slices: Tensor, present: Tensor) -> Tensor:
        if self.standardization is not None:
            center, scale = self.standardization
            slices = (slices - center) / scale
        logits: Tensor = self.classifier(self.aggregation(slices, present).features)
        return logits

    def absorb_standardization(self) -> None:
        """Give the same answers without it."""
        if self.standardization is not None:
            for part in (self.aggregation, self.classifier):
                cast(Absorbs, part).absorb(*self.standardization)
            self.standardization = None


def standardization(features: Sequence[Bag], rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean of each feature (features,) over all slices of these studies, and one scale () for all: the root of their
    mean variance.

    A scale for each would make features that hardly vary as loud as those in which slices differ.
    """
    slices = np.concatenate([features[row] for row in rows])
    variance = float(slices.var(axis=0, dtype=np.float64).mean())
    return torch.from_numpy(slices.mean(axis=0, dtype=np.float64)).float(), torch.tensor(variance or 1.0).sqrt()


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
