"""Whether one survival model is better than another on the same patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import InputError
from ..metrics.binary import Floats
from ..metrics.bootstrap import patient_intervals
from ..metrics.paired_tests import paired_permutations
from ..reading import Estimate
from .concordance import Ties, antolini
from .follow_up import follow_up
from .incidence import of_each_month


@dataclass(frozen=True)
class ConcordanceTest:
    """C-td of two models; ``difference`` is first minus second with its interval over patients, ``p`` two-sided.

    Of several comparisons correct ``p`` by `metrics.paired_tests.holm`.
    """

    first: float
    second: float
    difference: Estimate
    p: float
    permutations: int


def compare(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    months: ArrayLike,
    patients: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    cause: int = 1,
    ties: Ties = "adjusted",
    permutations: int = 5000,
    resamples: int = 2000,
    seed: int = 0,
) -> ConcordanceTest:
    """Swap the predictions of two models patient by patient, and see how often chance makes as large a difference.

    Models have scales of their own, so at each month the ranks of their risks are swapped. With predictions out of fold
    the pairs of all folds count at once, so no fold's chance is taken for a difference.

    Parameters
    ----------
    first, second : incidence (cases, months) or (cases, causes, months) of the same cases
    patients : (cases,) whose case it is; one patient each when left out
    folds : (cases,) whose models spoke; pairs of one fold alone are compared

    Raises
    ------
    InputError : no pair of patients can be compared, or see `follow_up.follow_up`
    ValueError : shapes that do not fit
    """
    times, events = follow_up(time, event)
    who = np.arange(times.size) if patients is None else np.asarray(patients)
    of_folds = np.zeros(times.size, dtype=np.intp) if folds is None else np.asarray(folds)
    models = [_ranks(of_each_month(each, months, times.size, cause)[0], of_folds) for each in (first, second)]
    each = [antolini(times, events == cause, ranks, months, ties=ties).within(of_folds) for ranks in models]
    if math.isnan(each[0].value()):
        raise InputError("The models cannot be compared: no patient's event was seen while another one was followed.")
    # Each patient twice, once with each model's risks: who is drawn says whose risks count.
    twice = antolini(np.tile(times, 2), np.tile(events == cause, 2), np.concatenate(models), months, ties=ties)
    both = twice.within(np.tile(of_folds, 2))

    def swapped(which: Floats) -> dict[str, Floats]:
        return {"": both.values(np.concatenate([1 - which, which]).T)}

    test = paired_permutations(swapped, who, np.zeros(times.size), np.ones(times.size), permutations, seed)[""]
    differences = patient_intervals(
        lambda weights: {"": each[0].values(weights) - each[1].values(weights)}, who, resamples, seed=seed
    )
    return ConcordanceTest(each[0].value(), each[1].value(), differences[""], test.p, permutations)


def _ranks(risks: Floats, folds: NDArray) -> Floats:
    """(cases, months) ranks within each month and fold, between 0 and 1."""
    ranks = np.empty_like(risks)
    for fold in np.unique(folds):
        inside = folds == fold
        ranks[inside] = stats.rankdata(risks[inside], axis=0) / inside.sum()
    return ranks
