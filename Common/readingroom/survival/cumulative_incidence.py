"""Cumulative incidence of one of several competing causes (Aalen and Johansen)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Floats
from .follow_up import follow_up
from .kaplan_meier import count_at, life_table
from .step_curve import StepCurve, log_log_band


def cumulative_incidence(time: ArrayLike, event: ArrayLike, cause: int = 1, level: float = 0.95) -> StepCurve:
    """The share to whom an event of this ``cause`` has happened, where events of other causes come between.

    With a single cause it is 1 minus `kaplan_meier`, band and all. ``1 - kaplan_meier`` of one of several causes, the
    others counted as lost, would be too high.

    Source: Aalen and Johansen, Scandinavian Journal of Statistics 1978; variance of Dinse and Larson, Biometrika 1986;
    the band is on the scale ``log(-log(1 - F))``.

    Raises
    ------
    InputError : see `follow_up.follow_up`
    """
    times, events = follow_up(time, event)
    moments, any_cause, at_risk = life_table(times, events > 0)
    of_this = count_at(moments, times[events == cause])
    survival = np.cumprod(1 - any_cause / at_risk)
    survival[any_cause == at_risk] = 0.0
    before = np.concatenate([[1.0], survival[:-1]])
    values = np.minimum(np.cumsum(before * of_this / at_risk), 1.0)
    variance = _variance(values, before, any_cause, of_this, at_risk)
    low, high = log_log_band(1 - values, variance, level)
    last = math.inf if survival.size and survival[-1] == 0 else float(times.max())
    return StepCurve(moments, values, 1 - high, 1 - low, at_risk, of_this, 0.0, last, times.size, level)


def _variance(values: Floats, before: Floats, any_cause: Floats, of_this: Floats, at_risk: Floats) -> Floats:
    """Sums over earlier times of ``(F(t) - F(s))^2 a + 2 (F(t) - F(s)) b + c``, expanded so that they are running."""
    left = at_risk - any_cause
    a = np.where(left > 0, any_cause / (at_risk * np.maximum(left, 1)), 0.0)  # at the last time F(t) = F(s)
    b = -before * of_this / at_risk**2
    c = before**2 * (at_risk - of_this) * of_this / at_risk**3
    squares = values**2 * np.cumsum(a) - 2 * values * np.cumsum(values * a) + np.cumsum(values**2 * a)
    products = values * np.cumsum(b) - np.cumsum(values * b)
    return np.maximum(squares + 2 * products + np.cumsum(c), 0.0)
