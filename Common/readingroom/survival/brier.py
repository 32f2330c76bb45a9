"""Brier score over time and its integral, weighted for those lost from follow-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Floats
from .follow_up import follow_up
from .incidence import of_each_month
from .step_curve import StepCurve


def squared_errors(
    time: ArrayLike, event: ArrayLike, incidence: ArrayLike, months: ArrayLike, lost: StepCurve, cause: int = 1
) -> Floats:
    """(cases, months) weighted squared errors; their mean over cases is the Brier score of each month.

    Source: Graf, Statistics in Medicine 1999, with ``G(t-)`` for events as in Gerds and Schumacher 2006: an event by
    the month counts ``1 / G`` just before it, who is followed beyond the month ``1 / G`` at the month, who was lost
    before it 0. Where ``G`` is 0 at the month (all were lost by then, as at the end of a study), those last seen at
    that very time are known to be free of the event and count ``1 / G`` just before it.

    A month is NaN throughout where nobody was followed so long, or where the training patients say nothing of it.

    Parameters
    ----------
    incidence : (cases, months) or (cases, causes, months)
    lost : ``G``, `kaplan_meier.censoring` of the training patients with their full follow-up
    """
    times, events = follow_up(time, event)
    values, ends = of_each_month(incidence, months, times.size, cause)
    known = lost.before(times)
    past = (events > 0)[:, None] & (times[:, None] <= ends)
    share, before = lost.at(ends), lost.before(ends)
    after, at_least = times[:, None] > ends, times[:, None] >= ends
    free = np.where(share > 0, after, at_least & ~past)
    weights = past * _inverse(known)[:, None]
    weights += free * _inverse(np.where(share > 0, share, before))
    errors = values - (past & (events == cause)[:, None])
    errors *= errors
    errors *= weights
    unknown = (ends > times.max()) & (events == 0).any() | ((share == 0) & (before == 0))
    errors[:, unknown] = np.nan
    return errors


def brier(
    time: ArrayLike, event: ArrayLike, incidence: ArrayLike, months: ArrayLike, lost: StepCurve, cause: int = 1
) -> Floats:
    """(months,) Brier scores; 0 is perfect, see `squared_errors`."""
    return np.asarray(squared_errors(time, event, incidence, months, lost, cause).mean(axis=0))


def integrated(scores: ArrayLike, months: ArrayLike) -> Floats:
    """Scores (..., months) averaged over the time from the first month to the last, by trapezoids: IBS of Brier's.

    Raises
    ------
    ValueError : fewer than two months
    """
    values, ends = np.asarray(scores, dtype=np.float64), np.asarray(months, dtype=np.float64)
    if ends.size < 2 or values.shape[-1] != ends.size:
        raise ValueError(f"Scores {values.shape} cannot be integrated over {ends.size} months.")
    return np.asarray(np.trapezoid(values, ends, axis=-1) / (ends[-1] - ends[0]))


def _inverse(shares: Floats) -> Floats:
    return np.divide(1.0, shares, out=np.zeros_like(shares), where=shares > 0)
