"""Times and events: checked, cut at a horizon, and sorted into months."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..metrics.binary import Floats

Ints: TypeAlias = NDArray[np.int64]

DAYS_PER_MONTH = 30.4375  # 365.25 / 12


def follow_up(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Ints]:
    """``time`` (cases,) as float64 and ``event`` (cases,) as int64.

    Raises
    ------
    InputError : a time that is negative or missing, or an event that is none of 0, 1, 2 ...
    ValueError : two lists of different lengths, or no case
    """
    times, given = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    if times.ndim != 1 or times.shape != given.shape or times.size == 0:
        raise ValueError(f"Times {times.shape} and events {given.shape} must be two lists of one length.")
    if not np.isfinite(times).all():
        raise InputError("A follow-up time is missing or is not a finite number.")
    if times.min() < 0:
        raise InputError(f"A follow-up time of {times.min():g} is negative; time counts from the day of the image.")
    if not (np.isfinite(given).all() and (given >= 0).all() and (given == np.floor(given)).all()):
        raise InputError("An event is none of 0 (not seen), 1, 2 and so on (its cause).")
    return times, given.astype(np.int64)


def cut_at(time: ArrayLike, event: ArrayLike, horizon: float) -> tuple[Floats, Ints]:
    """The same follow-up as if everybody had been seen last at the ``horizon``; an event at that very time counts."""
    times, events = follow_up(time, event)
    return np.minimum(times, horizon), np.where(times <= horizon, events, 0)


def month_bins(time: ArrayLike, event: ArrayLike, bins: int = 24) -> tuple[Ints, Ints]:
    """Number of the monthly bin (cases,) and event (cases,), what the losses take.

    Bin 0 is the first month, up to its end at 1.0. An event lies in the bin in which it happened. Who was followed
    without an event is known to have outlived the bin that is given, the last full month; -1 where not even the first
    was full, which says nothing. Who outlives the last bin, with or without an event later, has event 0 in the last.

    It is what pycox's ``LabTransDiscreteTime(arange(bins + 1))`` gives, minus 1.
    """
    times, events = cut_at(time, event, bins)
    number = np.where(events > 0, np.maximum(np.ceil(times), 1), np.floor(times)) - 1
    return number.astype(np.int64), events
