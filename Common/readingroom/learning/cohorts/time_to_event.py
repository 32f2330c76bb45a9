"""What a cohort asks whose outcomes are times: when an event happens, in months, as the outputs of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ... import codes
from ...bundles.metadata import Label
from ...errors import InputError
from ...formatting import counted
from ...survival.follow_up import cut_at
from .cohort import Cohort

TASK = "overall-survival"


@dataclass(frozen=True)
class TimeToEvent:
    """The outputs of the network that a cohort of times trains: one for each cause and month.

    Parameters
    ----------
    task : which of the reader's questions it is
    labels : the causes; so far tables know one, death
    months : end of each time bin, 1, 2 and so on; the last one is the horizon
    """

    task: str
    labels: tuple[Label, ...]
    months: tuple[float, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def horizon(self) -> float:
        return self.months[-1]

    @property
    def values(self) -> tuple[str, ...]:
        """What each output stands for, cause by cause."""
        return tuple(f"{name}-{month:g}" for name in self.classes for month in self.months)

    def counts(self, cohort: Cohort) -> dict[str, int]:
        """How many events were seen within the horizon."""
        times, events = times_of(cohort)
        return {self.classes[0]: int(cut_at(times, events, self.horizon)[1].sum())}


def times_of(cohort: Cohort) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(rows,) months of follow-up, NaN where a row has a label, and whether the event was seen, as 0 and 1."""
    times = np.array([np.nan if row.time is None else row.time for row in cohort.rows], dtype=np.float64)
    return times, np.array([int(bool(row.event)) for row in cohort.rows], dtype=np.int64)


def is_timed(cohort: Cohort) -> bool:
    """Whether an outcome of the table is a time with its event."""
    return any(row.time is not None for row in cohort.rows)


def time_to_event_of(cohort: Cohort, months: int) -> TimeToEvent:
    """The question that the times of a cohort ask.

    Raises
    ------
    InputError : a study has no time, or no event was seen within the months
    """
    if missing := [row for row in cohort.rows if row.time is None]:
        first = f"'{missing[0].study_id}' of patient '{missing[0].patient_id}'"
        have = counted(len(missing), "study has", "studies have")
        raise InputError(
            f"{have} a label and no time, the first is {first}; this training needs a time and an event of each."
        )
    found = TimeToEvent(TASK, (Label("death", "Death", codes.DEATH),), tuple(map(float, range(1, months + 1))))
    if not any(found.counts(cohort).values()):
        times, events = times_of(cohort)
        when = f"the first event is at {times[events > 0].min():.1f} months" if events.any() else "all were lost before"
        raise InputError(f"No event was seen within {months} months ({when}): there is nothing to learn.")
    return found
