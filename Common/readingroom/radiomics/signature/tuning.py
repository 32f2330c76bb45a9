"""One recipe run on some rows: filters, z-scores, choice of the strength, model. Nothing else is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics.patient_folds import patient_folds
from .algorithm import Algorithm, Choice, Labels
from .model import Model
from .preparation import Floats, Preparation, prepare
from .recipe import Recipe


@dataclass(frozen=True)
class Trained:
    """A model with the preparation it was fitted on, and the ``choice`` that was made for it."""

    preparation: Preparation
    model: Model
    choice: Choice

    def values(self, values: Floats) -> Floats:
        """The score (rows,) of features as measured (rows, features)."""
        return self.model.values(self.preparation.apply(values))

    @property
    def used(self) -> NDArray[np.intp]:
        """Columns of the table that the model uses."""
        columns: NDArray[np.intp] = self.preparation.columns[self.model.used]
        return columns


def train(
    algorithm: Algorithm, values: Floats, y: Labels, patients: NDArray[np.str_], recipe: Recipe, seed: int
) -> Trained:
    """Run the recipe on features ``values`` (rows, features) with labels ``y`` (rows,) of ``patients`` (rows,)."""
    preparation = prepare(values, recipe)
    candidates = algorithm.candidates(preparation.apply(values), y, recipe)
    choice = candidates[0]
    if len(candidates) > 1:
        folds = patient_folds(y, patients, recipe.inner_folds, seed)
        choice = choose(algorithm, values, y, folds, candidates, recipe)
    return Trained(preparation, algorithm.train(preparation.apply(values), y, choice, recipe), choice)


def choose(
    algorithm: Algorithm,
    values: Floats,
    y: Labels,
    folds: NDArray[np.int64],
    candidates: tuple[Choice, ...],
    recipe: Recipe,
) -> Choice:
    """The candidate that does best on rows that did not fit it; filters and z-scores are learned in each fold anew.

    ``published`` takes the highest mean accuracy, the first of equals. ``rigorous`` takes the first candidate, the
    simplest, whose mean loss is within one standard error of the lowest (Breiman 1984).
    """
    if recipe.protocol == "published":
        accuracy = fold_results(algorithm, values, y, folds, candidates, recipe, accuracy=True).mean(axis=0)
        return candidates[int(np.argmax(np.round(accuracy, 12)))]
    losses = fold_results(algorithm, values, y, folds, candidates, recipe)
    mean = losses.mean(axis=0)
    best = int(np.argmin(mean))
    error = losses[:, best].std(ddof=1) / np.sqrt(len(losses))
    return candidates[int(np.argmax(mean <= mean[best] + error))]


def fold_results(
    algorithm: Algorithm,
    values: Floats,
    y: Labels,
    folds: NDArray[np.int64],
    candidates: tuple[Choice, ...],
    recipe: Recipe,
    accuracy: bool = False,
) -> Floats:
    """Mean loss (folds, candidates) of each candidate on each fold, or its accuracy."""
    results = []
    for fold in np.unique(folds):
        inside = folds != fold
        preparation = prepare(values[inside], recipe)
        z, held_out = preparation.apply(values[inside]), preparation.apply(values[~inside])
        row = []
        for candidate in candidates:
            scores = algorithm.train(z, y[inside], candidate, recipe).values(held_out)
            if accuracy:
                row.append(float((algorithm.calls(scores) == (y[~inside] > 0)).mean()))
            else:
                row.append(float(algorithm.losses(scores, y[~inside]).mean()))
        results.append(row)
    return np.array(results)
