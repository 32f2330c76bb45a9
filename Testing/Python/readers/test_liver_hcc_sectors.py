"""What is said of the parts of the liver that were taken away."""

from __future__ import annotations

import pytest

from readingroom import device
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.liver_hcc_sectors import _tell

PARTS = tuple(f"Wedge {number}, {half}" for number in range(1, 5) for half in ("upper", "lower"))


@pytest.fixture
def context() -> ReadContext:
    return ReadContext(None, device.choose("cpu"), Progress())  # type: ignore[arg-type]  # nothing asks for the bundle


def test_two_points_less_are_no_part_that_the_answer_rests_on(context) -> None:
    _tell("HCC", 0.79, dict.fromkeys(PARTS, -0.02), context)
    (note,) = context.notes
    assert note.endswith("without any one of them the probability would fall by less than 5 percentage points.")


def test_the_part_that_the_answer_rests_on_is_named(context) -> None:
    _tell("HCC", 0.79, {**dict.fromkeys(PARTS, -0.02), "Wedge 3, lower": -0.3}, context)
    (note,) = context.notes
    assert "wedge 3, lower. Without it the probability would be 49 % in place of 79 %." in note


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (2, "these parts of the liver: wedge 1, upper and wedge 1, lower. "),
        (7, "these parts of the liver: all but wedge 4, lower. "),
        (8, "these parts of the liver: all of them. "),
    ],
)
def test_of_most_parts_the_others_are_named(context, count, words) -> None:
    _tell("HCC", 0.4, {part: 0.1 if place < count else 0.0 for place, part in enumerate(PARTS)}, context)
    assert words in context.notes[-1]
