"""Cox models of `lung1_tables.Cohort` out of fold: ten folds, ten times, and what the predictions are worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from readingroom.metrics.bootstrap import patient_interval, patient_intervals
from readingroom.reading import Estimate, Interval
from readingroom.survival.brier import integrated, squared_errors
from readingroom.survival.calibration import calibration
from readingroom.survival.concordance import antolini, harrell
from readingroom.survival.cox import fit_cox
from readingroom.survival.follow_up import cut_at
from readingroom.survival.kaplan_meier import censoring

from .lung1_tables import Cohort, Floats

MONTHS = np.arange(1.0, 25.0)
HORIZON = 24.0
RIDGE = 1.0  # just enough for the indicators of histology, which add up to one
FOLDS, REPEATS, SEED = 10, 10, 0


def predict(train: Cohort, test: Floats, ridge: float = RIDGE) -> Floats:
    """(cases, months) incidence of ``test`` (cases, columns) by a Cox model of the first 24 months of ``train``."""
    time, event = cut_at(train.time, train.event, HORIZON)
    found, _, _ = fit_cox(train.design, time, event, ridge).incidence(test, np.minimum(MONTHS, time.max()))
    return found


def folds_of(cases: int, repeat: int) -> NDArray[np.int64]:
    """(cases,) fold numbers."""
    return np.random.default_rng([SEED, repeat]).permutation(cases) % FOLDS


def out_of_fold(cohort: Cohort, ridge: float = RIDGE) -> Floats:
    """(repeats, cases, months) incidence, each patient by models that had not seen them."""
    made = np.empty((REPEATS, cohort.time.size, MONTHS.size))
    for repeat in range(REPEATS):
        fold = folds_of(cohort.time.size, repeat)
        for number in range(FOLDS):
            held_out = fold == number
            made[repeat, held_out] = predict(cohort.take(~held_out), cohort.design[held_out], ridge)
    return made


def concordance(cohort: Cohort, predicted: Floats) -> Estimate:
    """Harrell's C at 24 months over all patients, the mean over repeats, with its interval over patients."""
    pairs = [harrell(cohort.time, cohort.event, each[:, -1], HORIZON) for each in predicted]
    return _mean_over_repeats([each.values for each in pairs], cohort)


def c_td(cohort: Cohort, predicted: Floats) -> Estimate:
    """C-td, as `concordance`."""
    pairs = [antolini(cohort.time, cohort.event, each, MONTHS) for each in predicted]
    return _mean_over_repeats([each.values for each in pairs], cohort)


def _mean_over_repeats(values: list[Callable[[Floats], Floats]], cohort: Cohort) -> Estimate:
    return patient_interval(lambda weights: np.mean([each(weights) for each in values], axis=0), cohort.patients)


def integrated_brier(cohort: Cohort, predicted: Floats, reference: Floats) -> tuple[Estimate, Estimate]:
    """Integrated Brier score over 24 months, and by how much it is below that of ``reference`` (cases, months)."""
    lost = censoring(cohort.time, cohort.event)
    own = np.mean([squared_errors(cohort.time, cohort.event, each, MONTHS, lost) for each in predicted], axis=0)
    other = squared_errors(cohort.time, cohort.event, reference, MONTHS, lost)

    def measure(weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)[:, None]
        score, plain = (integrated(weights @ errors / total, MONTHS) for errors in (own, other))
        return {"score": score, "gain": plain - score}

    found = patient_intervals(measure, cohort.patients)
    return found["score"], found["gain"]


def fold_concordance(cohort: Cohort, predicted: Floats) -> tuple[float, float, float]:
    """Harrell's C within each fold, as most papers give it: mean over all, lowest and highest repeat."""
    means = []
    for repeat, each in enumerate(predicted):
        fold = folds_of(cohort.time.size, repeat)
        inside = [fold == number for number in range(FOLDS)]
        means.append(
            np.nanmean([harrell(cohort.time[i], cohort.event[i], each[i, -1], HORIZON).value() for i in inside])
        )
    return float(np.mean(means)), float(np.min(means)), float(np.max(means))


def slope(cohort: Cohort, predicted: Floats) -> Estimate:
    """Calibration slope at 24 months, the mean over repeats of value and interval."""
    found = [calibration(cohort.time, cohort.event, each[:, -1], HORIZON, resamples=0).slope for each in predicted]
    known = [each for each in found if each is not None and each.interval is not None]
    low, high = (float(np.mean([getattr(each.interval, end) for each in known])) for end in ("low", "high"))
    return Estimate(float(np.mean([each.value for each in known])), Interval(low, high), cohort.time.size)
