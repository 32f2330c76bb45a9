"""What is measured of times: risks that were calibrated on other rows, beside those that the networks gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...bundles.calibration import HazardScaling
from ...metrics.bootstrap import INTERVAL_FROM
from ...metrics.patient_folds import fewest_patients, patient_folds
from ...survival.follow_up import month_bins
from ...survival.incidence import at_month
from ...trust.calibration import RESAMPLES
from ...trust.hazard_calibration import fit_hazards
from .predictions import Floats, Integers
from .survival_predictions import SurvivalPredictions

_FOLDS = 5  # of rows that one and the same network predicted


@dataclass(frozen=True)
class CalibratedIncidence:
    """Predictions with the risks that are shown.

    Parameters
    ----------
    predictions : as the networks gave them
    incidence : (rows, causes, months) of the first repeat, calibrated on other rows
    """

    predictions: SurvivalPredictions
    incidence: Floats

    def __post_init__(self) -> None:
        expected = self.predictions.incidence.shape[1:]
        if self.incidence.shape != expected:
            raise ValueError(f"Incidences must be {expected}, not {self.incidence.shape}.")

    def take(self, rows: ArrayLike) -> CalibratedIncidence:
        """These rows alone, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        return CalibratedIncidence(self.predictions.take(wanted), self.incidence[wanted])

    def at_month(self, month: float, cause: int = 1) -> Floats:
        """(rows,) the risk by a month within the horizon."""
        months = np.asarray(self.predictions.months)
        return at_month(self.incidence[:, cause - 1], months, month).clip(0, 1)


def fit(predictions: SurvivalPredictions) -> tuple[HazardScaling | None, tuple[str, ...]]:
    """What a bundle stores, from the first repeat, with a sentence where there is nothing to calibrate."""
    events = np.unique(predictions.patients[predictions.events > 0]).size
    try:
        # A few events cannot tell how certain a risk is: it has no interval then.
        return _fit(predictions, RESAMPLES if events >= INTERVAL_FROM else 0), ()
    except ValueError as error:
        return None, (f"The risk is not calibrated: {error}",)


def calibrated(predictions: SurvivalPredictions, scaling: HazardScaling | None) -> Floats:
    """(rows, causes, months) of the first repeat, as a read with such a bundle would show them."""
    return _scaled(predictions.incidence[0], scaling)


def cross_fitted(predictions: SurvivalPredictions, seed: int = 0) -> Floats:
    """(rows, causes, months) of the first repeat, each fold calibrated by the others; as they are where none can."""
    folds, found = _fitting_folds(predictions, seed), predictions.incidence[0].copy()
    for fold in np.unique(folds):
        inside = folds == fold
        try:
            found[inside] = _scaled(found[inside], _fit(predictions.take(~inside), resamples=0))
        except ValueError:
            continue
    return found


def _fit(predictions: SurvivalPredictions, resamples: int) -> HazardScaling:
    bins, seen = month_bins(predictions.times, predictions.events, len(predictions.months))
    return fit_hazards(bins, seen > 0, predictions.of_all_causes[0], predictions.patients, resamples)


def _scaled(incidence: Floats, scaling: HazardScaling | None) -> Floats:
    """Calibration is of all causes together; each keeps its share of it."""
    if scaling is None:
        return incidence
    total = incidence.sum(axis=1, keepdims=True).clip(0, 1)
    share = np.divide(scaling.incidence(total), total, out=np.zeros_like(total), where=total > 0)
    # A cause's share may change so that its own curve would fall by a rounding.
    return np.asarray(np.maximum.accumulate(incidence * share, axis=2).clip(0, 1))


def _fitting_folds(predictions: SurvivalPredictions, seed: int) -> Integers:
    """(rows,) the folds of the first repeat; where one network spoke of all rows, patients are dealt to some."""
    folds = predictions.folds[0]
    if np.unique(folds).size > 1:
        return folds
    seen = (predictions.events > 0).astype(np.int64)
    fewest = fewest_patients(seen, predictions.patients)
    if fewest < 2:
        return np.arange(len(predictions)) % 2
    return patient_folds(seen, predictions.patients, min(_FOLDS, fewest), seed)
