"""Kaplan and Meier's estimate of survival, that of the censoring, and the restricted mean survival time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import InputError
from ..metrics.binary import Floats
from ..reading import Estimate, Interval
from .follow_up import follow_up
from .step_curve import StepCurve, log_log_band


def kaplan_meier(time: ArrayLike, event: ArrayLike, level: float = 0.95) -> StepCurve:
    """The share that is free of any event, with Greenwood's band on the scale ``log(-log S)``.

    Source: Kaplan and Meier, JASA 1958. With nobody's event seen it is 1 as far as anybody was followed.

    Raises
    ------
    InputError : see `follow_up`
    """
    times, events = follow_up(time, event)
    moments, deaths, at_risk = life_table(times, events > 0)
    survival: Floats = np.cumprod(1 - deaths / at_risk, dtype=np.float64)
    survival[deaths == at_risk] = 0.0
    with np.errstate(divide="ignore"):
        growing = np.where(at_risk > deaths, deaths / (at_risk * (at_risk - deaths)), 0.0)
    low, high = log_log_band(survival, survival**2 * np.cumsum(growing), level)
    last = math.inf if survival.size and survival[-1] == 0 else float(times.max())
    return StepCurve(moments, survival, low, high, at_risk, deaths, 1.0, last, times.size, level)


def censoring(time: ArrayLike, event: ArrayLike) -> StepCurve:
    """The share ``G`` that has not been lost from follow-up: Kaplan and Meier's curve the other way round.

    Its inverse weighs the others for those lost. Who has an event at a time leaves before those who are lost then.
    """
    times, events = follow_up(time, event)
    moments, lost, at_risk = life_table(times, events == 0)
    at_risk = at_risk - count_at(moments, times[events > 0])
    values: Floats = np.cumprod(1 - lost / at_risk, dtype=np.float64)
    values[lost == at_risk] = 0.0
    nothing = np.full(values.size, np.nan)
    return StepCurve(moments, values, nothing, nothing, at_risk, lost, 1.0, math.inf, times.size)


def restricted_mean(time: ArrayLike, event: ArrayLike, horizon: float, level: float = 0.95) -> Estimate:
    """Mean months free of the event within the first ``horizon`` months: the area below Kaplan and Meier's curve.

    The interval is normal, by Greenwood's variance of the area (Klein and Moeschberger 2003, 4.5).

    Raises
    ------
    InputError : nobody was followed until the horizon, or see `follow_up`
    """
    curve = kaplan_meier(time, event, level)
    if math.isnan(float(curve.at([horizon])[0])):
        raise InputError(
            f"The longest follow-up is {curve.last:g} months; a mean within {horizon:g} months needs longer."
        )
    within = curve.times < horizon
    edges = np.concatenate([[0.0], curve.times[within], [horizon]])
    areas = np.concatenate([[1.0], curve.values[within]]) * np.diff(edges)
    later = np.cumsum(areas[::-1])[::-1][1:]  # from each event time to the horizon
    at_risk, deaths = curve.at_risk[within], curve.events[within]
    alive = at_risk > deaths  # where all die, nothing is left behind
    variance = float((later[alive] ** 2 * deaths[alive] / (at_risk * (at_risk - deaths))[alive]).sum())
    value, half = float(areas.sum()), float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(variance)
    return Estimate(value, Interval(max(value - half, 0.0), min(value + half, horizon), level), curve.n)


def life_table(times: Floats, marked: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Distinct times at which something marked happened, how often, and how many were followed until just before."""
    moments, counts = np.unique(times[marked], return_counts=True)
    at_risk = times.size - np.searchsorted(np.sort(times), moments, side="left")
    return moments, counts.astype(np.float64), at_risk.astype(np.float64)


def count_at(moments: Floats, times: Floats) -> Floats:
    """How many of the times are equal to each moment."""
    order = np.sort(times)
    found = np.searchsorted(order, moments, side="right") - np.searchsorted(order, moments, side="left")
    return found.astype(np.float64)
