"""Progress and its parts."""

import math

import pytest

from readingroom.errors import CancelledError
from readingroom.progress import Progress


def test_parts_of_parts_count_within_the_whole():
    seen = []
    whole = Progress(lambda fraction, sentence: seen.append(fraction))
    whole.part(0.5, 1.0).part(0.5, 1.0)(0.5, "Deep.")
    assert seen == [0.875]


def test_a_rounding_error_above_one_is_one():
    seen = []
    Progress(lambda fraction, sentence: seen.append(fraction))(1.0000001, "Done.")
    assert seen == [1.0]


def test_canceled_work_stops_at_its_next_progress_in_any_part():
    progress = Progress(canceled=lambda: True).part(0, 0.5)
    with pytest.raises(CancelledError):
        progress(0.5, "Half.")


def test_nobody_needs_to_listen():
    Progress()(0.5, "Half.")


def test_no_number_and_no_range_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        Progress()(math.nan, "?")
    with pytest.raises(ValueError, match="no part"):
        Progress().part(0.6, 0.5)
