"""Whether a predicted risk at a horizon means what it says, where some were lost from follow-up before it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import InputError
from ..metrics.binary import Floats
from ..metrics.bootstrap import patient_resamples, percentiles
from ..reading import Estimate, Interval
from .cox import fit_cox
from .cumulative_incidence import cumulative_incidence
from .follow_up import Ints, cut_at, follow_up

_EDGE = 1e-7  # nearest to 0 and 1 that a risk counts as, on the scale log(-log(1 - risk))
_FEWEST_EVENTS = 10  # below which nothing is said of slope and curve


@dataclass(frozen=True)
class RiskGroup:
    """Patients with ``low <= risk <= high``: their mean predicted risk, and what was observed (Aalen-Johansen)."""

    low: float
    high: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class Calibration:
    """How predictions at ``horizon`` months agree with what happened.

    Parameters
    ----------
    groups : of about equal size by predicted risk, which never part patients of the same risk
    ratio : events observed for each that was expected; 1 is perfect
    slope : 1 is perfect, below 1 means too extreme risks; None where the risks are all the same or events are few
    index : integrated calibration index, the mean distance between a risk and what patients of that risk had, by a
        smooth curve; 0 is perfect, and a sample of a perfect model is above it; None as above
    """

    horizon: float
    groups: tuple[RiskGroup, ...]
    ratio: Estimate
    slope: Estimate | None
    index: Estimate | None


def calibration(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    groups: int = 5,
    cause: int = 1,
    patients: ArrayLike | None = None,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Calibration:
    """Calibration of ``risk`` (cases,), the predicted incidence at the horizon.

    Slope and curve are a Cox model on ``log(-log(1 - risk))`` up to the horizon (the curve with a restricted cubic
    spline of three knots): Austin, Harrell and van Klaveren, Statistics in Medicine 2020. Groups and ratio have the
    estimates' own intervals, slope Wald's, the index the percentiles of ``resamples`` of patients.

    Raises
    ------
    InputError : nobody was followed until the horizon, or see `follow_up.follow_up`
    ValueError : a risk that is not between 0 and 1
    """
    times, events = follow_up(time, event)
    risks = np.asarray(risk, dtype=np.float64)
    if risks.shape != times.shape or not ((risks >= 0) & (risks <= 1)).all():
        raise ValueError(f"Risks {risks.shape} are not a probability for each of {times.size} patients.")
    whole = _observed(times, events, horizon, cause, level)
    cut_times, cut_events = cut_at(times, events, horizon)
    of_cause = (cut_events == cause).astype(np.int64)
    slope = index = None
    if of_cause.sum() >= _FEWEST_EVENTS and np.unique(risks).size >= 10:
        slope = _slope(cut_times, of_cause, risks, level)
        who = np.arange(times.size) if patients is None else np.asarray(patients)
        index = _index(cut_times, of_cause, risks, horizon, who, resamples, seed, level)
    return Calibration(
        horizon, risk_groups(times, events, risks, horizon, groups, cause, level), _ratio(whole, risks), slope, index
    )


def risk_groups(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, groups: int = 5, cause: int = 1,
    level: float = 0.95,
) -> tuple[RiskGroup, ...]:  # fmt: skip
    """Predicted and observed risk by quantiles of the prediction; a group that nobody of was followed so long is left
    out."""
    times, events = follow_up(time, event)
    risks = np.asarray(risk, dtype=np.float64)
    edges = np.quantile(risks, np.arange(1, groups) / groups)
    number = np.searchsorted(edges, risks, side="left")
    found = []
    for group in np.unique(number):
        of_it = number == group
        try:
            observed = _observed(times[of_it], events[of_it], horizon, cause, level)
        except InputError:
            continue
        own = risks[of_it]
        found.append(RiskGroup(float(own.min()), float(own.max()), float(own.mean()), observed))
    return tuple(found)


def _observed(times: Floats, events: Ints, horizon: float, cause: int, level: float) -> Estimate:
    observed = cumulative_incidence(times, events, cause, level).estimate(horizon)
    if math.isnan(observed.value):
        raise InputError(
            f"Nobody was followed for {horizon:g} months; the longest follow-up is {times.max():g} months."
        )
    return observed


def _ratio(observed: Estimate, risks: Floats) -> Estimate:
    expected = float(risks.mean())
    if expected == 0:
        return Estimate(math.inf if observed.value else math.nan, None, observed.n)
    interval = observed.interval
    scaled = None if interval is None else Interval(interval.low / expected, interval.high / expected, interval.level)
    return Estimate(observed.value / expected, scaled, observed.n)


def _slope(times: Floats, events: Ints, risks: Floats, level: float) -> Estimate | None:
    try:
        fit = fit_cox(_log_hazard(risks)[:, None], times, events)
    except InputError:
        return None
    value = float(fit.coefficients[0])
    half = float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(float(fit.covariance[0, 0]))
    return Estimate(value, Interval(value - half, value + half, level), times.size)


def _index(
    times: Floats, events: Ints, risks: Floats, horizon: float, patients: np.ndarray, resamples: int, seed: int,
    level: float,
) -> Estimate | None:  # fmt: skip
    def distance(rows: np.ndarray) -> float:
        try:
            return float(np.abs(risks[rows] - smooth(times[rows], events[rows], risks[rows], horizon)).mean())
        except InputError:
            return math.nan

    value = distance(np.arange(times.size))
    if math.isnan(value):
        return None
    drawn = np.array([distance(rows) for rows in patient_resamples(patients, resamples, seed)])
    return Estimate(value, percentiles(value, drawn, level), times.size)


def smooth(time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float) -> Floats:
    """(cases,) what patients of each predicted risk had by the horizon, by a smooth curve; see `calibration`.

    Raises
    ------
    InputError : no event, or too few different risks for a curve
    """
    times, events = cut_at(time, event, horizon)
    spline = _spline(_log_hazard(np.asarray(risk, dtype=np.float64)))
    observed, _, _ = fit_cox(spline, times, events).incidence(spline, [min(horizon, float(times.max()))])
    return np.asarray(observed[:, 0])


def _log_hazard(risks: Floats) -> Floats:
    return np.log(-np.log1p(-np.clip(risks, _EDGE, 1 - _EDGE)))


def _spline(values: Floats) -> Floats:
    """(cases, 2) a restricted cubic spline of three knots (Harrell 2015, 2.4.5): straight beyond the outer ones."""
    first, middle, last = np.quantile(values, [0.1, 0.5, 0.9])
    if not first < middle < last:
        raise InputError("The predicted risks are too much alike for a calibration curve.")

    def cube(knot: float) -> Floats:
        return np.maximum(values - knot, 0.0) ** 3

    bend = cube(first) - (cube(middle) * (last - first) - cube(last) * (middle - first)) / (last - middle)
    return np.stack([values, bend / (last - first) ** 2], axis=1)
