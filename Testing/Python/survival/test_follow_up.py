"""Times and events."""

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.follow_up import cut_at, follow_up, month_bins


def test_a_negative_time_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="-3 is negative"):
        follow_up([5, -3], [1, 0])


@pytest.mark.parametrize("time", [np.nan, np.inf])
def test_a_time_that_is_not_there_is_refused(time):
    with pytest.raises(InputError, match="not a finite number"):
        follow_up([time], [1])


@pytest.mark.parametrize("event", [-1, 0.5, np.nan])
def test_an_event_is_the_number_of_a_cause(event):
    with pytest.raises(InputError, match="none of 0"):
        follow_up([5], [event])


def test_lists_of_different_lengths_do_not_fit():
    with pytest.raises(ValueError, match="one length"):
        follow_up([1, 2], [1])


def test_an_event_at_the_horizon_still_counts():
    times, events = cut_at([23.9, 24, 24.1], [2, 1, 1], 24)
    assert times.tolist() == [23.9, 24, 24]
    assert events.tolist() == [2, 1, 0]


def test_months_are_those_of_pycox(oracle):
    stored = oracle("discretise.json")
    bins, events = month_bins(stored["durations"], [1, 1, 0, 1, 1, 1, 1, 0], 24)
    assert (bins + 1).tolist() == stored["idx"]
    assert events.tolist() == stored["events_out"]


def test_who_was_followed_for_less_than_a_month_says_nothing_and_who_died_in_it_lies_in_the_first():
    bins, events = month_bins([0.5, 0.5, 0.0], [0, 1, 1])
    assert bins.tolist() == [-1, 0, 0]
    assert events.tolist() == [0, 1, 1]
