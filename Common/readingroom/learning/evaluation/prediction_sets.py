"""Conformal sets: fitted on probabilities that rows did not calibrate themselves, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...bundles.confidence import Conformal
from ...trust.conformal import COVERAGES, ConformalSets, fit_conformal, lac_members, minimum_cases
from . import calibrate
from .predictions import Floats, Integers, Predictions

DEFAULT_COVERAGE = 0.9


def fit(predictions: Predictions, probabilities: Floats, seed: int = 0) -> tuple[Conformal | None, tuple[str, ...]]:
    """LAC quantiles from ``probabilities`` (rows, classes), one row of each patient; of each label where several may
    hold. Coverages that the number of patients cannot promise are left out; None where the default is among them.
    """
    patients = len(np.unique(predictions.patients))
    coverages = [coverage for coverage in COVERAGES if patients >= minimum_cases(coverage)]
    if DEFAULT_COVERAGE not in coverages:
        needed = minimum_cases(DEFAULT_COVERAGE)
        return None, (f"There are no prediction sets: they need {needed} patients, and there are {patients}.",)

    def sets(truth: NDArray, values: Floats) -> ConformalSets:
        return fit_conformal(truth, values, predictions.patients, coverages, DEFAULT_COVERAGE, seed)

    if not predictions.multilabel:
        found = sets(predictions.truth, probabilities)
        return Conformal("lac", found.n, found.quantiles, DEFAULT_COVERAGE), ()
    tables = {
        name: sets(predictions.truth[:, number], probabilities[:, number]).quantiles
        for number, name in enumerate(predictions.classes)
    }
    return Conformal("lac", patients, {}, DEFAULT_COVERAGE, tables), ()


def covered(predictions: Predictions, probabilities: Floats, conformal: Conformal) -> NDArray[np.bool_]:
    """Whether the set of each row holds the truth: (rows, 1), or (rows, labels) where each label has its own set."""
    wanted = conformal.coverage
    if not predictions.multilabel:
        quantile = conformal.quantile(wanted)
        members = [lac_members(row, quantile) for row in probabilities]
        return np.array([[t in inside] for t, inside in zip(predictions.truth, members, strict=True)])
    columns = []
    for number, name in enumerate(predictions.classes):
        quantile = conformal.quantile(wanted, name)
        pairs = np.stack([1 - probabilities[:, number], probabilities[:, number]], axis=1)
        truth = predictions.truth[:, number]
        columns.append([t in lac_members(pair, quantile) for t, pair in zip(truth, pairs, strict=True)])
    return np.array(columns).T


def covered_by_others(predictions: Predictions, probabilities: Floats, folds: Integers) -> NDArray[np.bool_] | None:
    """`covered` by sets that the other ``folds`` (rows,) fitted; ``probabilities`` (rows, classes) are cross-fitted.

    The others calibrate each other anew, since the fold had a part in their probabilities. None where there are fewer
    than three folds, or too few patients in the others.
    """
    found = np.zeros((len(predictions), len(predictions.classes) if predictions.multilabel else 1), dtype=bool)
    names = np.unique(folds)
    if len(names) < 3:
        return None
    for fold in names:
        inside = folds == fold
        others = predictions.take(~inside)
        conformal, _ = fit(others, calibrate.cross_fitted(others, folds[~inside]))
        if conformal is None:
            return None
        found[inside] = covered(predictions.take(inside), probabilities[inside], conformal)
    return found
