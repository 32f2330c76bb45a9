"""Predicted cumulative incidence over months, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Floats
from .follow_up import Ints


def of_each_month(incidence: ArrayLike, months: ArrayLike, cases: int, cause: int = 1) -> tuple[Floats, Floats]:
    """Predictions of one cause as (cases, months), and the ends of the months.

    Parameters
    ----------
    incidence : (cases, months) of the only cause, or (cases, causes, months)
    months : rising from above 0

    Raises
    ------
    ValueError : shapes that do not fit, no such cause, months that do not rise, or numbers that are no probabilities
    """
    values, ends = np.asarray(incidence, dtype=np.float64), np.asarray(months, dtype=np.float64)
    if values.ndim == 3:
        if not 1 <= cause <= values.shape[1]:
            raise ValueError(f"There is no cause {cause} among {values.shape[1]}.")
        values = values[:, cause - 1]
    if values.shape != (cases, ends.size) or ends.ndim != 1 or ends.size == 0:
        raise ValueError(f"Incidences {values.shape} are not (cases, months) of {cases} cases and {ends.size} months.")
    if not (np.diff(np.concatenate([[0.0], ends])) > 0).all():
        raise ValueError("Months must rise from above 0.")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("An incidence is not between 0 and 1.")
    return values, ends


def month_of(times: Floats, months: Floats) -> Ints:
    """Number of the month, by its end, that holds each time; as many as there are months beyond the last."""
    return np.searchsorted(months, times, side="left")


def at_month(incidence: Floats, months: Floats, month: float) -> Floats:
    """(cases,) what ``incidence`` (cases, months) says of any time within the months: straight lines from 0 at time 0.

    Raises
    ------
    ValueError : beyond the last month
    """
    if not 0 <= month <= months[-1]:
        raise ValueError(f"{month:g} months are beyond the last month that was predicted, {months[-1]:g}.")
    ends = np.concatenate([[0.0], months])
    known = np.concatenate([np.zeros((len(incidence), 1)), incidence], axis=1)
    place = min(int(np.searchsorted(ends, month, side="left")), ends.size - 1)
    if place == 0:
        return known[:, 0]
    share = (month - ends[place - 1]) / (ends[place] - ends[place - 1])
    return np.asarray(known[:, place - 1] * (1 - share) + known[:, place] * share)
