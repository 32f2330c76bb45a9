"""Logistic regression on the mean of a study's features: the network's last linear layer, and nothing else, learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special
from torch import nn

from .head import Bag, Choice, Floats, Outcomes, Rows, State, copy_into, fewest_to_learn_from, inner_folds

STRENGTHS = tuple(float(c) for c in np.logspace(-5, 0, 6))  # scikit-learn's C, on standardized features
_ITERATIONS = 1000


@dataclass(frozen=True)
class LinearHead:
    """Multinomial logistic regression; its strength is the one with the best log-likelihood of held-out patients.

    A choice has one strength, or one for each of the findings that may hold together.

    Findings that may hold together have a regression of their own each.

    The state holds ``weight`` (outputs, features) and ``bias`` (outputs,) for features as they are; the fit itself is
    on standardized ones.
    """

    outcome: ClassVar[Literal["label", "time"]] = "label"
    aggregation: ClassVar[str] = "average-pooling"
    chooses: ClassVar[str] = "strength"

    def classifier(self, features: int, outputs: int) -> nn.Module:
        return nn.Linear(features, outputs)

    def choose(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, seed: int) -> Choice:
        if outcomes.multilabel:
            each = (self.choose(features, outcomes.of_finding(n), rows, seed) for n in range(outcomes.classes))
            return tuple(strength for choice in each for strength in choice)
        values, folds = _standardized(features, rows)[0], inner_folds(outcomes, rows, seed)
        return (_best_strength(values, outcomes.labels[rows], outcomes.weights[rows], folds),)

    def fit(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, choice: Choice, seed: int) -> State:
        if outcomes.multilabel:
            return _joined(
                [self.fit(features, outcomes.of_finding(n), rows, (own,), seed) for n, own in enumerate(choice)]
            )
        fewest_to_learn_from(outcomes, rows)
        standard, scaler = _standardized(features, rows)
        model = _regression(choice[0])
        model.fit(standard, outcomes.labels[rows], sample_weight=outcomes.weights[rows])
        weight, bias = _outputs(model.coef_, model.intercept_, model.classes_, outcomes.classes)
        weight = weight / scaler.scale_
        bias = bias - weight @ scaler.mean_
        return {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}

    def logits(self, state: State, features: Sequence[Bag], rows: Rows) -> Floats:
        weight, bias = (state[name].astype(np.float64) for name in ("weight", "bias"))
        found: Floats = _pooled(features, rows) @ weight.T + bias
        return found

    def place(self, state: State, layer: nn.Module, aggregation: nn.Module | None = None) -> None:
        copy_into(layer, state)


HEAD = LinearHead


def _joined(findings: Sequence[State]) -> State:
    """One output for each finding, whose sigmoid is what the softmax of its two classes, not there and there, gives."""
    return {name: np.stack([state[name][1] - state[name][0] for state in findings]) for name in ("weight", "bias")}


def _standardized(features: Sequence[Bag], rows: Rows) -> tuple[Floats, Any]:
    """(rows, features) with mean 0 and deviation 1 over these rows, and scikit-learn's scaler that made it so."""
    from sklearn.preprocessing import StandardScaler  # heavy, and of the extra "train" only

    values = _pooled(features, rows)
    scaler = StandardScaler().fit(values)
    return scaler.transform(values), scaler


def _pooled(features: Sequence[Bag], rows: Rows) -> Floats:
    """(rows, features): the mean over the slices of each study."""
    return np.stack([features[row].mean(axis=0, dtype=np.float64) for row in rows])


def _best_strength(values: Floats, labels: NDArray[np.int64], weights: Floats, folds: NDArray[np.int64]) -> float:
    """The strength whose fits on the other folds give each fold's true classes the highest likelihood."""
    losses = np.zeros(len(STRENGTHS))
    for fold in np.unique(folds):
        inside = folds == fold
        for number, strength in enumerate(STRENGTHS):
            model = _regression(strength)
            model.fit(values[~inside], labels[~inside], sample_weight=weights[~inside])
            losses[number] += _loss(model, values[inside], labels[inside], weights[inside])
    return STRENGTHS[int(losses.argmin())]


def _loss(model: Any, values: Floats, labels: NDArray[np.int64], weights: Floats) -> float:
    """Weighted negative log-likelihood; a class that the fit had not seen counts as one in a thousand."""
    logarithms = np.log(np.maximum(model.predict_proba(values), 1e-3))
    column = {label: number for number, label in enumerate(model.classes_)}
    found = [logarithms[i, column[label]] if label in column else np.log(1e-3) for i, label in enumerate(labels)]
    return -float(weights @ np.array(found))


def _regression(strength: float) -> Any:  # scikit-learn ships no types
    from sklearn.linear_model import LogisticRegression  # heavy, and of the extra "train" only

    return LogisticRegression(C=strength, max_iter=_ITERATIONS)


def _outputs(weight: Floats, bias: Floats, found: NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """One row for each class. Two classes share one regression, half each, so that softmax gives its sigmoid.

    A class that the training rows lack keeps the output of one that is hardly ever there.
    """
    if len(found) == 2:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    all_weights, all_biases = np.zeros((classes, weight.shape[1])), np.full(classes, special.logit(1e-3))
    all_weights[found], all_biases[found] = weight, bias
    return all_weights, all_biases
