"""The image model that small models are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...metrics.bootstrap import patient_interval
from ...reading import Estimate, Interval
from ...survival.incidence import at_month
from ..cohorts.cohort import Cohort
from ..evaluation.auc import interval_of_auc
from ..evaluation.outcomes import AnyPredictions
from ..evaluation.predictions import Predictions
from ..evaluation.survival_predictions import SurvivalPredictions
from .covariates import Floats
from .outcomes import event_by, horizon_of, outcomes_of
from .small_models import FEWEST, RESAMPLES, SmallModel, class_auc


@dataclass(frozen=True)
class Comparison:
    """An image model beside a small one: its AUC and its lead (image minus small), on studies that both predicted."""

    image: Estimate
    lead: Estimate


def compare_auc(image: float, small: SmallModel) -> Comparison | None:
    """With a published AUC: the interval of the lead is that of the small model. None within a single site."""
    if small.site or small.auc.interval is None:
        return None
    low, high = image - small.auc.interval.high, image - small.auc.interval.low
    return Comparison(Estimate(image), Estimate(image - small.auc.value, Interval(low, high)))


def compare_predictions(predictions: AnyPredictions, cohort: Cohort, small: SmallModel, seed: int) -> Comparison | None:
    """With predictions for studies of the cohort, the mean of their repeats; None with too few patients of a
    class among them.

    Raises
    ------
    InputError : other classes, or none of the studies
    """
    scores = _scores(predictions, cohort, small)
    rows = np.flatnonzero(np.isfinite(scores).all(axis=1) & np.isfinite(small.scores).all(axis=1))
    truth = np.array(outcomes_of(cohort))[rows]
    if any(np.unique(cohort.patients[rows[truth == name]]).size < FEWEST for name in small.classes):
        return None
    present = truth[:, None] == np.array(small.classes)
    patients = cohort.patients[rows]
    image, other = class_auc(present, scores[rows]), class_auc(present, small.scores[rows])
    return Comparison(
        image=patient_interval(image, patients, RESAMPLES, seed=seed, interval=interval_of_auc(present, patients)),
        lead=patient_interval(lambda weights: image(weights) - other(weights), patients, RESAMPLES, seed=seed),
    )


def _scores(predictions: AnyPredictions, cohort: Cohort, small: SmallModel) -> Floats:
    """(rows, classes) of the small model's classes; NaN for studies without a prediction."""
    mean = (
        _of_times(predictions, cohort, small)
        if isinstance(predictions, SurvivalPredictions)
        else _of_classes(predictions, small)
    )
    place = {key: n for n, key in enumerate(zip(predictions.patients, predictions.study_ids, strict=True))}
    found = [place.get((row.patient_id, row.study_id)) for row in cohort.rows]
    if all(number is None for number in found):
        raise InputError("The predictions are of none of the cohort's studies.")
    missing = np.full(len(small.classes), np.nan)
    return np.stack([missing if number is None else mean[number] for number in found])


def _of_classes(predictions: AnyPredictions, small: SmallModel) -> Floats:
    """(predictions, classes) mean probabilities.

    Raises
    ------
    InputError : other classes
    """
    wanted = ", ".join(small.classes)
    if not isinstance(predictions, Predictions):
        raise InputError(f"The predictions are of times; the cohort's classes are {wanted}.")
    if predictions.multilabel or not set(small.classes) <= set(predictions.classes):
        raise InputError(f"The predictions are of {', '.join(predictions.classes)}; the cohort's classes are {wanted}.")
    columns = [predictions.classes.index(name) for name in small.classes]
    return np.asarray(predictions.probabilities.mean(axis=0)[:, columns])


def _of_times(predictions: SurvivalPredictions, cohort: Cohort, small: SmallModel) -> Floats:
    """(predictions, classes) mean risk by the horizon of the audit, and what is missing to 1.

    Raises
    ------
    InputError : the table has no times, or the predictions end before
    """
    horizon = horizon_of(cohort)
    if event_by(horizon) not in small.classes or horizon > predictions.horizon:
        raise InputError(f"The predictions are of times until {predictions.horizon:g} months; the table asks others.")
    mean = predictions.of_all_causes.mean(axis=0)
    risk = at_month(mean, np.asarray(predictions.months), horizon)
    return np.stack([risk if name == event_by(horizon) else 1 - risk for name in small.classes], axis=1)
