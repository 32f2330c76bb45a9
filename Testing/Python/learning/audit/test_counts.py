"""Counts add up, and what is missing is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.learning.audit.counts import (
    NO_SITE,
    Count,
    Counts,
    count_classes,
    count_issues,
    missing_values,
)
from readingroom.learning.audit.outcomes import horizon_of
from readingroom.learning.cohorts.cohort import Cohort, Row


def a_row(number: int, label: str, site: str, **more) -> Row:
    return Row(f"p{number // 2}", f"s{number}", {"frontal": Path("a.png")}, label, site=site, **more)


COHORT = Cohort(
    (a_row(0, "x", "north"), a_row(1, "x", ""), a_row(2, "y", "north"), a_row(3, "x", "north"), a_row(4, "x", "north"))
)


def test_the_totals_of_classes_and_sites_add_up() -> None:
    counts = count_classes(COHORT)
    assert (counts.classes, counts.sites) == (("x", "y"), (NO_SITE, "north"))
    assert counts.cells == (
        (Count(1, 1), Count(3, 3), Count(4, 3)),
        (Count(0, 0), Count(1, 1), Count(1, 1)),
        (Count(1, 1), Count(4, 3), Count(5, 3)),
    )


def test_counts_that_do_not_add_up_are_not_built() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Counts(("x",), ("north",), ((Count(1, 1), Count(2, 1)), (Count(1, 1), Count(2, 1))))


def test_missing_values_are_counted_by_class() -> None:
    cohort = Cohort(
        (a_row(0, "x", "n", age=5.0, clinical={"AFP": "1"}), a_row(1, "y", "n"), a_row(2, "y", "n", age=3.0, sex="F"))
    )
    found = {each.column: (each.studies, dict(each.by_class)) for each in missing_values(cohort)}
    assert found["age"] == (1, {"x": 0, "y": 1})
    assert found["AFP"] == (2, {"x": 0, "y": 2})
    assert found["scanner"] == (3, {"x": 1, "y": 2})
    assert "site" not in found
    assert "split" not in found


def issues(cohort: Cohort) -> dict[str, str]:
    found = count_issues(cohort, count_classes(cohort), missing_values(cohort))
    return {issue.topic: issue.sentence for issue in found}


def test_a_value_that_is_missing_by_class_is_named() -> None:
    rows = [a_row(2 * n, "xy"[n % 2], "north", age=50.0 if n % 2 else None) for n in range(80)]
    words = issues(Cohort(tuple(rows)))
    assert words == {"missing values": "Whether age is known goes with the class: missing in 100% of 'x', 0% of 'y'."}


def test_small_classes_bad_rows_and_guesses_are_told() -> None:
    cohort = replace(COHORT, problems=("Line 3: the image is empty.",), notes=("It was read as Windows-1252.",))
    found = list(count_issues(cohort, count_classes(cohort), ()))
    assert found[0].sentence == "1 row of the table is not usable and not counted below."
    assert found[0].examples == ("Line 3: the image is empty.",)
    assert found[1].sentence == "It was read as Windows-1252."
    assert [f.topic for f in found[2:]] == ["small class", "small class"]
    assert "'x' has 3 patients" in found[2].sentence


def test_one_class_is_nothing_to_tell_apart() -> None:
    assert "nothing to tell apart" in issues(COHORT.take([0, 1]))["classes"]


def timed(*outcomes: tuple[float, bool]) -> Cohort:
    rows = [
        Row(f"p{n}", "s", {"frontal": Path("a.png")}, time=time, event=event)
        for n, (time, event) in enumerate(outcomes)
    ]
    return Cohort(tuple(rows))


def test_of_times_the_event_within_a_horizon_stands_for_the_class() -> None:
    early, late, lost = [(8.0, True)] * 12, [(14.0, False)] * 12, [(3.0, False)] * 2
    cohort = timed(*early, *late, *lost)
    assert horizon_of(cohort) == 12  # nobody is known to be free of the event for longer
    assert count_classes(cohort).classes == (
        "event within 12 months", "followed for less than 12 months", "no event for 12 months",
    )  # fmt: skip
    words = issues(cohort)["follow-up"]
    assert "12 events in 26 patients, 12 of them within 12 months; median follow-up 14.0 months" in words


def test_many_that_were_lost_and_times_of_0_are_amber_and_no_event_at_all_is_red() -> None:
    found = list(count_issues(c := timed(*[(30.0, True)] * 5, *[(4.0, False)] * 3, (0.0, True)), count_classes(c), ()))
    amber = [issue.sentence for issue in found if issue.severity == "warn"]
    assert any("33% of the patients were lost within 24 months" in sentence for sentence in amber)
    assert any("1 study has a time of 0" in sentence for sentence in amber)
    nothing = list(count_issues(c := timed(*[(30.0, False)] * 5), count_classes(c), ()))
    assert [issue.sentence for issue in nothing if issue.severity == "stop"] == [
        "No event was seen in any study: there is nothing to learn."
    ]
