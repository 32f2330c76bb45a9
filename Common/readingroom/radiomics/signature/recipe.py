"""How a signature is made: which model, which filters, how its strength is chosen, how it is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import InputError

ModelName = Literal["lasso", "svm", "forest", "boosting"]
ProtocolName = Literal["published", "rigorous"]
Correlation = Literal["spearman", "pearson", "none"]

MODELS: tuple[ModelName, ...] = ("lasso", "svm", "forest", "boosting")
PROTOCOLS: tuple[ProtocolName, ...] = ("rigorous", "published")


@dataclass(frozen=True)
class Recipe:
    """What `fit.fit` does. `rigorous` and `published` give the two that are used.

    Parameters
    ----------
    model : ``lasso`` (logistic), ``svm``, ``forest`` (random forest), ``boosting`` (gradient boosting)
    protocol : ``published`` (the papers' way, flaws labeled) or ``rigorous``
    least_deviation : features whose standard deviation is not above it are left out
    relative : whether that deviation is a share of the feature's root mean square, so that units do not matter
    correlation, largest_correlation : of features that correlate more strongly, one is kept
    least_icc : features whose agreement is known and lower are left out
    candidates : how many strengths of the penalty are tried
    inner_folds, folds, repeats : splits by patient for the choice of the strength, and for the evaluation
    kernel : of the SVM
    tolerance : at which LASSO's optimizer stops
    seed : of every random choice
    """

    model: ModelName = "lasso"
    protocol: ProtocolName = "rigorous"
    least_deviation: float = 1e-3
    relative: bool = True
    correlation: Correlation = "spearman"
    largest_correlation: float = 0.9
    least_icc: float = 0.75
    candidates: int = 50
    inner_folds: int = 5
    folds: int = 5
    repeats: int = 3
    kernel: Literal["rbf", "linear"] = "rbf"
    tolerance: float = 1e-6
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InputError(f"There is no model '{self.model}'; there are {', '.join(MODELS)}.")
        if self.protocol not in PROTOCOLS:
            raise InputError(f"There is no protocol '{self.protocol}'; there are {', '.join(PROTOCOLS)}.")
        if not 0 < self.largest_correlation <= 1:
            raise InputError(f"A largest correlation of {self.largest_correlation} is not between 0 and 1.")
        if self.least_deviation < 0:
            raise InputError(f"A least deviation of {self.least_deviation} is below 0.")
        if min(self.folds, self.inner_folds) < 2 or self.repeats < 1 or self.candidates < 1:
            raise InputError("A recipe needs two folds or more, one repeat or more and one candidate or more.")


def rigorous(model: ModelName = "lasso", seed: int = 0) -> Recipe:
    """The default: filters that no unit can sway, a fine grid chosen by loss with the one-standard-error rule."""
    return Recipe(model=model, inner_folds=5 if model in ("lasso", "svm") else 3, seed=seed)


def published(model: ModelName = "lasso", seed: int = 0) -> Recipe:
    """The liver paper's way: raw deviations above 0.001, seven strengths from 1000 to 0.001, 3 folds, accuracy.

    Of the SVM, the forest and boosting the papers say nothing, so the library's defaults are taken. The
    evaluation is that of `rigorous`.
    """
    return Recipe(
        model=model,
        protocol="published",
        relative=False,
        correlation="none",
        candidates=7,
        inner_folds=3,
        tolerance=1e-4,  # the library's default
        seed=seed,
    )


def recipe(model: ModelName = "lasso", protocol: ProtocolName = "rigorous", seed: int = 0) -> Recipe:
    """The recipe of that protocol."""
    return published(model, seed) if protocol == "published" else rigorous(model, seed)
