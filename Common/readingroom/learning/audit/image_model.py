"""The image model that small models are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...metrics.bootstrap import patient_interval
from ...reading import Estimate, Interval
from ..cohorts.cohort import Cohort
from ..evaluation.auc import interval_of_auc
from ..evaluation.predictions import Predictions
from .counts import outcome
from .covariates import Floats
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


def compare_predictions(predictions: Predictions, cohort: Cohort, small: SmallModel, seed: int) -> Comparison | None:
    """With predictions for studies of the cohort, the mean of their repeats; None with too few patients of a
    class among them.

    Raises
    ------
    InputError : other classes, or none of the studies
    """
    scores = _scores(predictions, cohort, small)
    rows = np.flatnonzero(np.isfinite(scores).all(axis=1) & np.isfinite(small.scores).all(axis=1))
    truth = np.array([outcome(cohort.rows[row]) for row in rows])
    if any(np.unique(cohort.patients[rows[truth == name]]).size < FEWEST for name in small.classes):
        return None
    present = truth[:, None] == np.array(small.classes)
    patients = cohort.patients[rows]
    image, other = class_auc(present, scores[rows]), class_auc(present, small.scores[rows])
    return Comparison(
        image=patient_interval(image, patients, RESAMPLES, seed=seed, interval=interval_of_auc(present, patients)),
        lead=patient_interval(lambda weights: image(weights) - other(weights), patients, RESAMPLES, seed=seed),
    )


def _scores(predictions: Predictions, cohort: Cohort, small: SmallModel) -> Floats:
    """(rows, classes) of the small model's classes; NaN for studies without a prediction."""
    if predictions.multilabel or not set(small.classes) <= set(predictions.classes):
        named, wanted = ", ".join(predictions.classes), ", ".join(small.classes)
        raise InputError(f"The predictions are of {named}; the cohort's classes are {wanted}.")
    columns = [predictions.classes.index(name) for name in small.classes]
    mean = predictions.probabilities.mean(axis=0)[:, columns]
    place = {key: n for n, key in enumerate(zip(predictions.patients, predictions.study_ids, strict=True))}
    found = [place.get((row.patient_id, row.study_id)) for row in cohort.rows]
    if all(number is None for number in found):
        raise InputError("The predictions are of none of the cohort's studies.")
    missing = np.full(len(columns), np.nan)
    return np.stack([missing if number is None else mean[number] for number in found])
