"""Probabilities that mean what they say: fitted on rows that trained nothing, and tried on rows that fitted nothing.

Platt's two numbers for a binary task and for each label of a multi-label task, one temperature for several exclusive
classes. What is fitted here on whole tables is applied to single studies in `readingroom.readers.probabilities`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ...bundles.calibration import Calibration, PlattScaling
from ...errors import InputError
from ...metrics.auc import AUC_INTERVAL_FROM
from ...metrics.calibration import recalibration
from ...metrics.patient_folds import fewest_patients, patient_folds
from ...trust.calibration import RESAMPLES, fit_platt, fit_temperature
from .predictions import Floats, Integers, Predictions

_FOLDS = 5  # of rows that one and the same network predicted
_FOLD_SLOPE_FROM = 10  # patients of a fold with and without a finding; a slope of fewer says nothing


def fit(predictions: Predictions) -> tuple[Calibration | None, tuple[str, ...]]:
    """What a bundle stores, from the first repeat (one prediction a row), with a sentence for each finding without one.

    A finding whose logits do not rise with it has nothing to calibrate; None where that is so for every finding.
    """
    logits, patients = predictions.logits[0], predictions.patients
    if predictions.kind == "multi-class":
        scaling = fit_temperature(predictions.truth, logits, patients)
        return Calibration("temperature", len(predictions), temperature=scaling), ()
    scalings: dict[str, PlattScaling] = {}
    problems = []
    for finding in predictions.findings:
        try:
            present = predictions.present(finding)
            # One or two patients cannot tell how certain a probability is: none of them has an interval then.
            resamples = RESAMPLES if fewest_patients(present, patients) >= AUC_INTERVAL_FROM else 0
            scalings[finding] = fit_platt(present, predictions.scores(finding)[0], patients, resamples)
        except ValueError as error:
            problems.append(f"The probability of '{finding}' is not calibrated: {error}")
    if not scalings:
        return None, tuple(problems)
    return Calibration("platt", len(predictions), scalings), tuple(problems)


def probabilities(predictions: Predictions, calibration: Calibration | None) -> Floats:
    """(rows, classes) calibrated probabilities of the first repeat, as a read with such a bundle would show them."""
    plain = predictions.probabilities[0].copy()
    if calibration is None:
        return plain
    if calibration.temperature is not None:
        scaled = predictions.logits[0] / calibration.temperature.temperature
        return _floats(special.expit(scaled) if predictions.multilabel else special.softmax(scaled, axis=1))
    for finding, scaling in calibration.platt.items():
        value = scaling.probabilities(predictions.scores(finding)[0])
        _put(predictions, plain, finding, np.ones(len(predictions), dtype=bool), value)
    return plain


def cross_fitted(predictions: Predictions, folds: Integers) -> Floats:
    """(rows, classes) probabilities of the first repeat, each fold calibrated by the other ``folds`` (rows,).

    Where the logits of the other folds do not rise with a finding, its probability is their share of it: nothing better
    is known then.
    """
    found = predictions.probabilities[0].copy()
    for fold in np.unique(folds):
        inside = folds == fold
        if predictions.kind == "multi-class":
            others = predictions.take(~inside)
            scaling = fit_temperature(others.truth, others.logits[0], others.patients, resamples=0)
            found[inside] = scaling.probabilities(predictions.logits[0][inside])
            continue
        for finding in predictions.findings:
            _put(predictions, found, finding, inside, _platt_of_others(predictions, finding, inside))
    return found


def slopes_by_fold(predictions: Predictions, probabilities: Floats) -> tuple[float, ...]:
    """The calibration slope of each network of the first repeat on its own fold, for each finding, where it has one.

    Parameters
    ----------
    probabilities : (rows, classes), each fold calibrated by the others, see `cross_fitted`
    """
    found = []
    for fold in np.unique(predictions.folds[0]):
        rows = predictions.take(inside := predictions.folds[0] == fold)
        for finding in rows.findings:
            present = rows.present(finding)
            if fewest_patients(present, rows.patients) < _FOLD_SLOPE_FROM or present.all() or not present.any():
                continue
            try:
                column = probabilities[inside, rows.classes.index(finding)]
                found.append(recalibration(present, column, rows.patients).slope.value)
            except ValueError:  # the classes are separated, or a probability is 0 or 1
                continue
    return tuple(found)


def fitting_folds(predictions: Predictions, seed: int = 0) -> Integers:
    """(rows,) folds for whatever is fitted on predictions: those of the training where there are several.

    A patient of two sites, each of which was left out once, is counted to the first. On rows that one and the same
    network predicted (a test set that was held out, another hospital) patients are dealt to five folds, or fewer
    where a class has fewer patients.

    Raises
    ------
    InputError : there is one patient only
    """
    _, first, which = np.unique(predictions.patients, return_index=True, return_inverse=True)
    folds = predictions.folds[0][first][which]
    if len(np.unique(folds)) > 1:
        return np.asarray(folds)
    if len(np.unique(predictions.patients)) < 2:
        raise InputError("A model cannot be evaluated on a single patient.")
    strata = _strata(predictions)
    fewest = min(len(np.unique(predictions.patients[strata == number])) for number in np.unique(strata))
    return patient_folds(strata, predictions.patients, min(_FOLDS, fewest), seed)


def _platt_of_others(predictions: Predictions, finding: str, inside: NDArray[np.bool_]) -> Floats:
    truth, scores = predictions.present(finding), predictions.scores(finding)[0]
    try:
        fitted = fit_platt(truth[~inside], scores[~inside], predictions.patients[~inside], resamples=0)
    except ValueError:
        share = (truth[~inside].sum() + 1) / ((~inside).sum() + 2)  # never 0 or 1
        return np.full(int(inside.sum()), share)
    return fitted.probabilities(scores[inside])


def _put(predictions: Predictions, table: Floats, finding: str, rows: NDArray[np.bool_], value: Floats) -> None:
    """Set the probability of a finding in these rows; of two exclusive classes the other one gets the rest."""
    number = predictions.classes.index(finding)
    table[rows, number] = value
    if predictions.kind == "binary":
        table[rows, 1 - number] = 1 - table[rows, number]


def _strata(predictions: Predictions) -> Integers:
    """(rows,) what folds are balanced by: the class, or the rarest of several labels (-1 for none).

    What a single patient has cannot be balanced and counts as the most frequent one.
    """
    strata = predictions.truth.copy() if not predictions.multilabel else _rarest(predictions)
    patients = {number: len(np.unique(predictions.patients[strata == number])) for number in np.unique(strata)}
    for number, count in patients.items():
        if count < 2:
            strata[strata == number] = max(patients, key=lambda other: patients[other])
    return strata


def _rarest(predictions: Predictions) -> Integers:
    found = np.full(len(predictions), -1, dtype=np.int64)
    for number in np.argsort(-predictions.truth.sum(axis=0), kind="stable"):
        found[predictions.truth[:, number] == 1] = number
    return found


def _floats(values: NDArray) -> Floats:
    return np.asarray(values, dtype=np.float64)
