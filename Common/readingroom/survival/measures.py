"""Every metric of a survival prediction at once, with intervals over the same resampled patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Floats
from ..metrics.bootstrap import INTERVAL_FROM, IntervalOf, no_interval, patient_intervals, percentiles
from ..reading import Estimate
from .brier import integrated, squared_errors
from .concordance import Ties, antolini, dynamic_auc, harrell, uno
from .follow_up import follow_up
from .incidence import at_month, of_each_month
from .step_curve import StepCurve

HORIZONS = (6.0, 12.0, 18.0, 23.0)


def survival_measures(
    time: ArrayLike,
    event: ArrayLike,
    incidence: ArrayLike,
    months: ArrayLike,
    lost: StepCurve,
    patients: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    cause: int = 1,
    ties: Ties = "adjusted",
    horizons: Sequence[float] = HORIZONS,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Mapping[str, Estimate]:
    """By name: ``c_td``, ``harrell`` and ``uno`` (of the risk at the last month), ``ibs`` over the months, and
    ``auc_6``, ``brier_6`` ... at each horizon.

    A metric that has no value (no event, nobody followed so long) is NaN. Intervals are percentiles over patients, from
    ten events on. ``lost`` is not drawn again: its patients are others, or it would add little.

    Parameters
    ----------
    incidence : (cases, months) or (cases, causes, months)
    lost : ``G``, `kaplan_meier.censoring` of the training patients with their full follow-up
    patients : (cases,) whose case it is; one patient each when left out
    folds : (cases,) whose model spoke; order is that of pairs of one fold alone, since models have scales of their own
        and more died in a fold where fewer did in those that trained its model
    horizons : those beyond the last month are left out
    """
    times, events = follow_up(time, event)
    risks, ends = of_each_month(incidence, months, times.size, cause)
    who = np.arange(times.size) if patients is None else np.asarray(patients)
    last = risks[:, -1]
    pairs = {
        "c_td": antolini(times, events == cause, risks, ends, ties=ties),
        "harrell": harrell(times, events, last, float(ends[-1]), cause),
        "uno": uno(times, events, last, lost, float(ends[-1]), cause),
    }
    asked = [month for month in horizons if month <= ends[-1]]
    at = np.array([at_month(risks, ends, month) for month in asked]).reshape(-1, times.size).T
    for place, month in enumerate(asked):
        pairs[f"auc_{month:g}"] = dynamic_auc(times, events, at[:, place], lost, month, cause)
    of_folds = np.zeros(times.size) if folds is None else folds
    within = {name: each.within(of_folds) for name, each in pairs.items()}
    errors = squared_errors(times, events, risks, ends, lost, cause)
    error_at = squared_errors(times, events, at, asked, lost, cause) if asked else at

    def measure(weights: Floats) -> dict[str, Floats]:
        found = {name: each.values(weights) for name, each in within.items()}
        total = weights.sum(axis=1)
        if ends.size > 1:
            found["ibs"] = integrated((weights @ errors) / total[:, None], ends)
        for place, month in enumerate(asked):
            found[f"brier_{month:g}"] = weights @ error_at[:, place] / total
        return found

    enough = np.unique(who[(events == cause) & (times <= ends[-1])]).size >= INTERVAL_FROM

    def interval_of(_: str) -> IntervalOf:
        return percentiles if enough else no_interval

    return patient_intervals(measure, who, resamples, level, seed, interval_of)
