"""What every head can do, and what it learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ....errors import InputError
from ....metrics.patient_folds import fewest_patients, patient_folds
from ...cohorts.cohort import Cohort
from ...cohorts.label_set import LabelSet
from ...cohorts.time_to_event import TimeToEvent, times_of

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Bag = NDArray[np.float32]  # (slices, features) of one study; a picture is a bag of one
State = Mapping[str, NDArray[np.float32]]  # what was learned, by name: can be kept as safetensors
Choice = tuple[float, ...]  # what is not learned but chosen, such as a strength or a number of epochs


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What is to be learned of each study. Arrays have one entry for each row of the cohort.

    Parameters
    ----------
    classes : how many there are; of times the outputs of the network
    labels : class numbers; (rows, classes) 0 or 1 where findings may hold together; of times 1 where the event was seen
        within the horizon, else 0
    patients : whose studies they are; inner splits go by patient too
    weights : how much each study counts; (rows, classes) where findings may hold together
    times, events : months and whether the event was seen; NaN and False where the outcome is a label
    balanced : ``weights`` give each class the same weight in all, see `among`
    """

    classes: int
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    weights: Floats
    times: Floats
    events: NDArray[np.bool_]
    balanced: bool = False

    @classmethod
    def of(cls, cohort: Cohort, question: LabelSet | TimeToEvent, balanced: bool = False) -> Outcomes:
        """The answers to a question that needs a label, or a time with its event, of each study.

        ``balanced`` studies count so that each class has the same weight in all; where findings may hold together,
        those with a finding have in all the weight of those without.

        Raises
        ------
        KeyError : a study has no label that the question asks for
        """
        times, events = times_of(cohort)
        if isinstance(question, TimeToEvent):
            seen = ((events > 0) & (times <= question.horizon)).astype(np.int64)
            return cls(len(question.values), seen, cohort.patients, np.ones(len(cohort)), times, events > 0)
        labels = question.truth(cohort)
        made = cls(len(question.classes), labels, cohort.patients, np.ones(labels.shape), times, events > 0, balanced)
        return made.among(np.arange(len(cohort)))

    def among(self, rows: Rows) -> Outcomes:
        """The same, balanced among these rows alone: what does not train there says nothing of how rare a class is."""
        if not self.balanced:
            return self
        weights = np.zeros(self.labels.shape)
        if self.multilabel:
            weights[rows] = np.stack([_balanced(column, 2) for column in self.labels[rows].T], axis=1)
        else:
            weights[rows] = _balanced(self.labels[rows], self.classes)
        return replace(self, weights=weights)

    def said_of(self, row: int) -> str:
        """All that is to be learned of a study, to tell one training from another."""
        parts = (self.labels, self.weights, self.patients, self.times, self.events)
        return repr([part[row].tolist() for part in parts])

    @property
    def multilabel(self) -> bool:
        """Whether findings may hold together."""
        return self.labels.ndim == 2

    def of_finding(self, number: int) -> Outcomes:
        """One of the findings that may hold together, as two classes: it is there (1) or not (0)."""
        return replace(self, classes=2, labels=self.labels[:, number], weights=self.weights[:, number])


class Head(Protocol):
    """Learns from bags of features what a frozen network cannot say by itself.

    Heads have no memory: all that was learned is in the state, and `place` puts it into the final model, whose
    own forward pass then gives what `logits` gives here.
    """

    @property
    def outcome(self) -> Literal["label", "time"]:
        """The column of a cohort that it learns."""

    def classifier(self, features: int, outputs: int) -> nn.Module:
        """What answers at the end of the network, for so many features of a study."""

    @property
    def aggregation(self) -> str:
        """Name in `readingroom.networks.aggregation` of what joins the slices in the final model."""

    @property
    def chooses(self) -> str:
        """What a `Choice` of this head is called: ``strength``, ``epochs``."""

    def choose(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, seed: int) -> Choice:
        """What does best for held-out patients among the studies ``rows``.

        It is chosen once for the heads of all folds and the final one: heads of other strengths give logits of
        another scale, and what is fitted on the answers of the folds (calibration, thresholds, sets) would not fit
        the head that ships.

        Raises
        ------
        InputError : the rows are too few or too alike to learn from
        """

    def fit(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, choice: Choice, seed: int) -> State:
        """Learn from the studies ``rows`` alone.

        Raises
        ------
        InputError : the rows have one class only, or a class of one patient
        """

    def logits(self, state: State, features: Sequence[Bag], rows: Rows) -> Floats:
        """(rows, outputs): raw outputs for these studies."""

    def place(self, state: State, layer: nn.Module, aggregation: nn.Module | None = None) -> None:
        """Put what was learned into what answers at the end of a network, and into what joins its slices, if it does.

        Raises
        ------
        ValueError : they have another shape
        """


def inner_folds(outcomes: Outcomes, rows: Rows, seed: int, most: int = 5) -> NDArray[np.int64]:
    """(rows,) fold of each training row, by patient: what is chosen within the training rows is chosen on these.

    Raises
    ------
    InputError : the rows have one class only, or a class of one patient
    """
    fewest = fewest_to_learn_from(outcomes, rows)
    return patient_folds(outcomes.labels[rows], outcomes.patients[rows], min(most, fewest), seed)


def fewest_to_learn_from(outcomes: Outcomes, rows: Rows) -> int:
    """How many patients the rarest class of these rows has.

    Raises
    ------
    InputError : the rows have one class only, or a class of one patient
    """
    labels = outcomes.labels[rows]
    fewest = fewest_patients(labels, outcomes.patients[rows])
    if len(np.unique(labels)) < 2 or fewest < 2:
        raise InputError("A head needs studies of two patients or more of each of two classes or more to learn from.")
    return fewest


def _balanced(labels: NDArray[np.int64], classes: int) -> Floats:
    """(rows,) ``n / (classes * n_c)`` of the row's class."""
    found: Floats = len(labels) / (classes * np.bincount(labels, minlength=classes)[labels])
    return found


def copy_into(layer: nn.Module, state: State, prefix: str = "") -> None:
    """Copy the entries of ``state`` that begin with ``prefix`` into ``layer``, all of its parameters.

    Raises
    ------
    ValueError : names or shapes differ
    """
    found = {n.removeprefix(prefix): torch.from_numpy(v) for n, v in state.items() if n.startswith(prefix)}
    try:
        layer.load_state_dict(found)
    except RuntimeError as error:
        raise ValueError(f"What was learned does not fit {type(layer).__name__}: {error}") from error
