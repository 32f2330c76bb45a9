"""What each study of a cohort ended in, as a class: its label, or of times whether the event came within a horizon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...formatting import counted
from ...survival.kaplan_meier import censoring
from ..cohorts.cohort import Cohort, Row
from ..cohorts.time_to_event import is_timed, times_of
from .issue import AuditIssue

_HORIZONS = (24.0, 12.0, 6.0)  # months, as risks are told
_FEWEST = 10  # patients with an event by then, and free of it then, for a horizon to serve
_MANY_LOST = 0.2  # share of the patients who left before the horizon from which it is worth a sentence


def horizon_of(cohort: Cohort) -> float:
    """The longest of 24, 12 and 6 months by which ten patients had an event while ten were followed longer without."""
    times, events = times_of(cohort)
    who = cohort.patients
    for horizon in _HORIZONS:
        had, free = (events > 0) & (times <= horizon), times > horizon
        if min(np.unique(who[had]).size, np.unique(who[free]).size) >= _FEWEST:
            return horizon
    return _HORIZONS[0]


def outcomes_of(cohort: Cohort) -> list[str]:
    """(rows,) the class of each row."""
    horizon = horizon_of(cohort) if is_timed(cohort) else 0.0
    return [_outcome(row, horizon) for row in cohort.rows]


def event_by(horizon: float) -> str:
    return f"event within {horizon:g} months"


def free_for(horizon: float) -> str:
    return f"no event for {horizon:g} months"


def lost_before(horizon: float) -> str:
    """Nobody can tell whether these had an event; they are counted, and told apart by no model."""
    return f"followed for less than {horizon:g} months"


def follow_up_issues(cohort: Cohort) -> Iterator[AuditIssue]:
    """Of times how many events there are, how long patients were followed, and how many were lost."""
    if not is_timed(cohort):
        return
    times, events = times_of(cohort)
    times, events, who = times[known := np.isfinite(times)], events[known], cohort.patients[known]
    if not events.any():
        yield AuditIssue("stop", "follow-up", "No event was seen in any study: there is nothing to learn.")
        return
    horizon = horizon_of(cohort)
    curve = censoring(times, events)
    half = curve.times[curve.values <= 0.5]
    median = f"{half[0]:.1f}" if half.size else f"more than {times.max():.1f}"
    seen, patients = counted(int(events.sum()), "event"), counted(np.unique(who).size, "patient")
    within = int((events * (times <= horizon)).sum())
    yield AuditIssue(
        "info",
        "follow-up",
        f"{seen} in {patients}, {within} of them within {horizon:g} months; median follow-up {median} months (by the "
        f"censoring), the longest {times.max():.1f}. Small models tell events within {horizon:g} months.",
    )
    lost = np.unique(who[(events == 0) & (times <= horizon)]).size / np.unique(who).size
    if lost >= _MANY_LOST:
        yield AuditIssue(
            "warn",
            "follow-up",
            f"{lost:.0%} of the patients were lost within {horizon:g} months without an event: if they left because of "
            "how they fared, no estimate is right.",
        )
    if (early := int((times == 0).sum())) > 0:
        yield AuditIssue(
            "warn",
            "follow-up",
            f"{counted(early, 'study has', 'studies have')} a time of 0: was the event, or the last contact, on the "
            "day of the image, or is the time not known?",
        )


def _outcome(row: Row, horizon: float) -> str:
    if row.label is not None:
        return row.label
    time = row.time or 0.0
    if row.event and time <= horizon:
        return event_by(horizon)
    return free_for(horizon) if time > horizon else lost_before(horizon)
