"""Several models of two classes on the same rows, side by side: AUC, accuracy, precision, recall, F1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from ...metrics.bootstrap import patient_interval
from ...metrics.proportions import clopper_pearson
from ...reading import Estimate
from .auc import auc_of, interval_of_others
from .comparison import advantage
from .predictions import Floats, Predictions


@dataclass(frozen=True)
class ModelRow:
    """What one model reaches at a probability of one half, without calibration; repeats are averaged for each row.

    Parameters
    ----------
    auc, f1 : with bootstrap intervals over patients
    accuracy, precision, recall : with exact intervals (Clopper and Pearson); None where nothing can be counted
    advantage : by how much the AUC of the first model exceeds it; None of the first one
    """

    title: str
    auc: Estimate
    accuracy: Estimate | None
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    advantage: Estimate | None = None


def model_table(models: dict[str, Predictions], resamples: int = 2000, seed: int = 0) -> tuple[ModelRow, ...]:
    """One row for each model; all have the same rows, and the first one is what the others are compared with.

    Raises
    ------
    InputError : all rows have the same truth, or the models have other rows
    """
    first = next(iter(models.values()))
    return tuple(
        _row(title, each, None if each is first else advantage(first, each, "", resamples, seed), resamples, seed)
        for title, each in models.items()
    )


def _row(title: str, each: Predictions, lead: Estimate | None, resamples: int, seed: int) -> ModelRow:
    present = each.present(each.positive)
    called = special.expit(each.scores(each.positive)).mean(axis=0) > 0.5

    def f1(weights: Floats) -> Floats:
        hits, errors = weights @ (called & present), weights @ (called != present)
        total = 2 * hits + errors
        return np.divide(2 * hits, total, out=np.full(len(weights), math.nan), where=total > 0)

    found = patient_interval(
        f1, each.patients, resamples, seed=seed, interval=interval_of_others(present, each.patients)
    )
    return ModelRow(
        title,
        auc_of(each, resamples=resamples, seed=seed),
        exact(int((called == present).sum()), len(each)),
        exact(int((called & present).sum()), int(called.sum())),
        exact(int((called & present).sum()), int(present.sum())),
        None if math.isnan(found.value) else found,
        lead,
    )


def exact(successes: int, n: int) -> Estimate | None:
    """A share with its exact interval; None of nothing.

    Example
    -------
    >>> exact(6, 8).interval  # doctest: +ELLIPSIS
    Interval(low=0.349..., high=0.968..., level=0.95)
    """
    return Estimate(successes / n, clopper_pearson(successes, n), n) if n else None
