"""What a training asks: the labels of a table, or the times of its events, as the protocol's head learns them."""

from __future__ import annotations

from typing import TypeAlias

from ...errors import InputError
from ..cohorts.cohort import Cohort
from ..cohorts.label_set import LabelSet, label_set_of
from ..cohorts.time_to_event import TimeToEvent, is_timed, time_to_event_of
from ..protocols.training_protocol import TrainingProtocol
from .heads import outcome_of
from .losses.times import months_of

Question: TypeAlias = LabelSet | TimeToEvent


def question_of(cohort: Cohort, protocol: TrainingProtocol) -> Question:
    """The question that a protocol asks of a cohort.

    Raises
    ------
    InputError : the protocol learns the other kind of outcome; or as `label_set_of` and `time_to_event_of`
    """
    timed = is_timed(cohort)
    if outcome_of(protocol) == "time":
        if not timed:
            two_year = " or take the variant 'two-year'" if "two-year" in protocol.variants else ""
            raise InputError(
                f"The head '{protocol.head}' learns times, and the table has labels alone: give it the columns time "
                f"and event,{two_year or ' or another protocol'}."
            )
        if protocol.balance != "none":
            raise InputError(f"The balance '{protocol.balance}' is for classes; of times it must be 'none'.")
        return time_to_event_of(cohort, months_of(protocol))
    if timed:
        raise InputError(
            f"The outcomes of this cohort are times with events, and the head '{protocol.head}' learns classes: take "
            "the reader lung-survival, or put a class of each study into a column 'label' and leave time and event out."
        )
    return label_set_of(cohort, protocol.reader, multilabel=protocol.loss == "binary")


def outputs_of(protocol: TrainingProtocol, cohort: Cohort | None = None) -> int:
    """How many outputs a network of the protocol has on this cohort; without one as many as can be told."""
    if outcome_of(protocol) == "time":
        return months_of(protocol) if cohort is None else len(question_of(cohort, protocol).values)
    if cohort is None or not cohort.classes:
        return 2
    return len(question_of(cohort, protocol).values)
