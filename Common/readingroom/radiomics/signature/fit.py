"""Making a signature: trained on all rows, evaluated by predictions for rows that no part of the training had seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.calibration import PlattScaling
from ...errors import InputError, SetupError
from ...metrics.bootstrap import patient_resamples
from ...metrics.patient_folds import fewest_patients, patient_folds
from ...progress import Progress
from .algorithm import Algorithm, Choice
from .baselines import designs, out_of_fold
from .boosting import Boosting
from .evaluation import Evaluation, evaluate
from .forest import Forest
from .lasso import Lasso
from .preparation import Floats, prepare
from .recipe import ModelName, Recipe
from .svm import Svm
from .table import FeatureTable
from .tuning import Trained, train

ALGORITHMS: Mapping[ModelName, Algorithm] = {
    "lasso": Lasso(),
    "svm": Svm(),
    "forest": Forest(),
    "boosting": Boosting(),
}
FEWEST_PATIENTS = 10  # of each class; fewer leave folds without one of them
RESAMPLES = 200  # of the patients, for selection frequencies


@dataclass(frozen=True)
class Fitted:
    """A signature that is not stored yet.

    Parameters
    ----------
    measured : the table as it was given
    table : what it learned from, unstable features left out
    trained : on all rows
    folds : (repeats, rows) fold of each row
    of_folds : what was trained without each fold, by (repeat, fold)
    out_of_fold : (repeats, rows) scores by models that had not seen the row's patient, as standard deviations from
        that model's mean score over its training rows: models differ in offset and scale
    selected : by feature, the share of bootstrap resamples of the patients in which the recipe keeps it
    icc_low : lower bounds of ICC(A,1), where known
    baselines : (repeats, rows) logits of simpler models on the same folds, by name
    """

    measured: FeatureTable
    table: FeatureTable
    recipe: Recipe
    made_with: str
    trained: Trained
    folds: NDArray[np.int64]
    of_folds: Mapping[tuple[int, int], Trained]
    out_of_fold: Floats
    selected: Mapping[str, float]
    icc_low: Mapping[str, float]
    baselines: Mapping[str, Floats]
    evaluation: Evaluation

    @property
    def score(self) -> str:
        """What its models give: ``logit``, ``margin``, ``share of trees``."""
        return ALGORITHMS[self.recipe.model].score

    @property
    def calibration(self) -> PlattScaling | None:
        """From scores of the final model to probabilities; fitted out of fold on standardized scores."""
        if (scaling := self.evaluation.calibration) is None:
            return None
        center, spread = _center_and_spread(self.trained, self.table.values)

        def on_scores(slope: float, intercept: float) -> tuple[float, float]:
            return slope / spread, intercept - slope / spread * center

        resamples = tuple(on_scores(*fit) for fit in scaling.resamples)
        return PlattScaling(*on_scores(scaling.slope, scaling.intercept), resamples)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the signature uses."""
        return tuple(self.table.names[column] for column in self.trained.used)


def fit(
    table: FeatureTable,
    recipe: Recipe,
    icc_low: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Train a signature and evaluate it out of fold.

    Filters, z-scores, the choice of the penalty and the model see the training rows of a fold alone. Only features
    whose ``icc_low`` is known and below the recipe's least are left out beforehand: that table knows no outcome.

    Parameters
    ----------
    icc_low : lower bound of ICC(A,1) by feature, from `radiomics.robustness`

    Raises
    ------
    InputError : fewer than 10 patients with one of the outcomes, or no feature that varies
    SetupError : scikit-learn is not installed
    CancelledError : the user canceled
    """
    algorithm, progress = ALGORITHMS[recipe.model], progress or Progress()
    made_with = _library(algorithm)
    fewest = fewest_patients(table.outcome, table.patients) if np.ptp(table.outcome) else 0
    if fewest < FEWEST_PATIENTS:
        raise InputError(
            f"One of the outcomes has {fewest} patients; a signature needs {FEWEST_PATIENTS} of each at least."
        )
    measured, table = table, _stable(table, recipe, icc_low or {})
    y, who = table.outcome, table.patients
    folds = np.stack([patient_folds(y, who, recipe.folds, recipe.seed + r) for r in range(recipe.repeats)])
    of_folds: dict[tuple[int, int], Trained] = {}
    scores = np.empty(folds.shape)
    part = progress.part(0.0, 0.8)
    for done, (repeat, fold) in enumerate(_each(folds)):
        part(done / (folds.max() + 1) / len(folds), f"Training without fold {fold + 1}, split {repeat + 1}.")
        inside = folds[repeat] != fold
        trained = train(algorithm, table.values[inside], y[inside], who[inside], recipe, recipe.seed + repeat)
        of_folds[repeat, fold] = trained
        center, spread = _center_and_spread(trained, table.values[inside])
        scores[repeat, ~inside] = (trained.values(table.values[~inside]) - center) / spread
    progress(0.8, "Training on all patients.")
    final = train(algorithm, table.values, y, who, recipe, recipe.seed)
    shares = selection_frequencies(algorithm, table.values, y, who, final.choice, recipe, progress.part(0.85, 0.9))
    selected = dict(zip(table.names, shares.tolist(), strict=True))
    progress(0.9, "Evaluating the predictions.")
    columns_of = designs(measured)  # volume is a baseline also where it is not stable enough for the signature
    simpler = {name: out_of_fold(columns, y, folds) for name, columns in columns_of.items()}
    evaluation = evaluate(y, who, folds, scores, simpler)
    return Fitted(
        measured, table, recipe, made_with, final, folds, of_folds, scores, selected, icc_low or {}, simpler, evaluation
    )


def _center_and_spread(trained: Trained, values: Floats) -> tuple[float, float]:
    """Mean and standard deviation of a model's scores; 1 where all are alike, as without any feature."""
    scores = trained.values(values)
    spread = float(scores.std())
    return float(scores.mean()), spread if spread > 1e-12 else 1.0


def _library(algorithm: Algorithm) -> str:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise SetupError("Training a signature needs the Python package scikit-learn; install it first.") from error
    return algorithm.made_with()


def _stable(table: FeatureTable, recipe: Recipe, icc_low: Mapping[str, float]) -> FeatureTable:
    kept = [name for name in table.names if icc_low.get(name, 1.0) >= recipe.least_icc]
    if not kept:
        raise InputError(f"No feature has an agreement of {recipe.least_icc:g} or more.")
    return table.of(kept)


def _each(folds: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    for repeat, split in enumerate(folds):
        for fold in np.unique(split):
            yield repeat, int(fold)


def selection_frequencies(
    algorithm: Algorithm,
    values: Floats,
    y: NDArray[np.int64],
    patients: NDArray[np.str_],
    choice: Choice,
    recipe: Recipe,
    progress: Progress,
    resamples: int = RESAMPLES,
) -> Floats:
    """(features,) how often each is kept when the patients are drawn anew; the strength is the one that was chosen.

    For LASSO a feature is kept when it has a weight, for the other models when it passes the filters.
    """
    counts, kept = np.zeros(values.shape[1]), 0
    for number, rows in enumerate(patient_resamples(patients, resamples, recipe.seed)):
        progress(number / resamples, "Drawing the patients anew.")
        drawn = y[rows]
        if drawn.all() or not drawn.any():
            continue
        preparation = prepare(values[rows], recipe)
        columns = preparation.columns
        if recipe.model == "lasso":
            columns = columns[algorithm.train(preparation.apply(values[rows]), drawn, choice, recipe).used]
        counts[columns] += 1
        kept += 1
    return counts / max(kept, 1)
