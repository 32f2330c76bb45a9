"""What the shipped bundle may say of itself: every number from films that the network in question had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.bundles.metadata import Calibration, Conformal, OperatingPoint
from readingroom.learning.evaluation import auc, calibrate, comparison, evaluation
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.reading import Estimate

Floats = NDArray[np.float64]

RESAMPLES = evaluation.RESAMPLES
_METRICS = ("auc", "calibration_slope", "calibration_intercept", "brier")  # of those that `metrics.evaluate` has


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of films by networks that had not seen their patients.

    Parameters
    ----------
    labels, patients : (films,)
    folds : (repeats, films) fold of each film; repeats differ in their splits
    logits : (repeats, films) of pneumonia
    """

    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    folds: NDArray[np.int64]
    logits: Floats

    @property
    def predictions(self) -> Predictions:
        """The same as every cohort has it; each film is a study."""
        return Predictions(
            classes=("no-finding", "pneumonia"),
            multilabel=False,
            study_ids=np.arange(len(self.labels)).astype(np.str_),
            patients=self.patients,
            sites=np.full(len(self.labels), "nih"),
            truth=self.labels,
            logits=np.stack([np.zeros_like(self.logits), self.logits], axis=2),
            folds=self.folds,
            positive="pneumonia",
        )


@dataclass(frozen=True)
class EvaluationResult:
    """The numbers of the bundle. Calibration, operating points and sets use the first repeat: one prediction a film."""

    calibration: Calibration
    probabilities: Floats
    cross_fitted_probabilities: Floats
    points: tuple[OperatingPoint, ...]
    default_point: str
    conformal: Conformal
    metrics: Mapping[str, Estimate]


def auc_of(found: OutOfFold, rows: NDArray[np.bool_] | None = None, resamples: int = RESAMPLES) -> Estimate:
    """The AUC of each repeat on some films, averaged, with its interval over patients.

    It is what one network does, not what an ensemble of the repeats would do.
    """
    return auc.auc_of(_some(found, rows), resamples=resamples)


def advantage(
    found: OutOfFold, other: OutOfFold, rows: NDArray[np.bool_] | None = None, resamples: int = RESAMPLES
) -> Estimate:
    """By how much the mean AUC exceeds that of ``other`` on the same films and folds, with an interval."""
    return comparison.advantage(_some(found, rows), _some(other, rows), resamples=resamples)


def evaluate(found: OutOfFold, matched: NDArray[np.bool_], resamples: int = RESAMPLES) -> EvaluationResult:
    """`readingroom.learning.evaluation.evaluation.evaluate`, and the AUC of the matched films.

    Raises
    ------
    ValueError : the logits do not rise with the label, or there are too few films for prediction sets
    """
    evaluated = evaluation.evaluate(found.predictions, resamples=resamples)
    if evaluated.calibration is None or evaluated.conformal is None:
        raise ValueError(" ".join(evaluated.notes))
    metrics = {name: evaluated.metrics[name] for name in _METRICS}
    if matched.any():
        metrics["auc_matched"] = auc_of(found, matched, resamples)
    return EvaluationResult(
        calibration=evaluated.calibration,
        probabilities=calibrate.probabilities(found.predictions, evaluated.calibration)[:, 1],
        cross_fitted_probabilities=evaluated.calibrated.probabilities[:, 1],
        points=evaluated.points,
        default_point=evaluated.default_point,
        conformal=evaluated.conformal,
        metrics=metrics,
    )


def _some(found: OutOfFold, rows: NDArray[np.bool_] | None) -> Predictions:
    return found.predictions if rows is None else found.predictions.take(rows)
