"""From views to breasts and women; numbers computed by hand from nine views of two women."""

import pytest

from readingroom.metrics.aggregation import aggregate

VIEWS = [
    ("1", "L", "CC", 0.2), ("1", "L", "MLO", 0.6), ("1", "R", "CC", 0.1), ("1", "R", "MLO", 0.1),
    ("2", "L", "CC", 0.9), ("2", "L", "MLO", 0.7), ("2", "L", "MLO", 0.8),
    ("2", "R", "CC", 0.3), ("2", "R", "MLO", 0.05),
]  # fmt: skip
VALUES = [view[3] for view in VIEWS]
BREASTS = [view[:2] for view in VIEWS]


def as_floats(found):
    return {group: float(value) for group, value in found.items()}


def test_the_mean_of_the_views_of_a_breast():
    expected = {("1", "L"): 0.4, ("1", "R"): 0.1, ("2", "L"): 0.8, ("2", "R"): 0.175}
    assert as_floats(aggregate(VALUES, BREASTS)) == pytest.approx(expected, abs=1e-9)


def test_the_most_suspicious_view_of_a_breast():
    expected = {("1", "L"): 0.6, ("1", "R"): 0.1, ("2", "L"): 0.9, ("2", "R"): 0.3}
    assert as_floats(aggregate(VALUES, BREASTS, "max")) == pytest.approx(expected, abs=1e-9)


def test_a_view_that_was_repeated_weighs_once_when_views_are_averaged_first():
    views = aggregate(VALUES, [view[:3] for view in VIEWS])
    found = aggregate(list(views.values()), [view[:2] for view in views])
    expected = {("1", "L"): 0.4, ("1", "R"): 0.1, ("2", "L"): 0.825, ("2", "R"): 0.175}
    assert as_floats(found) == pytest.approx(expected, abs=1e-9)


def test_a_woman_is_as_suspicious_as_her_more_suspicious_breast():
    breasts = aggregate(VALUES, BREASTS)
    found = aggregate(list(breasts.values()), [woman for woman, _ in breasts], "max")
    assert as_floats(found) == pytest.approx({"1": 0.4, "2": 0.8}, abs=1e-9)


def test_a_tied_vote_is_positive():
    assert as_floats(aggregate([0.9, 0.1, 0.9, 0.1, 0.1], list("aabbb"), "vote")) == {"a": 1, "b": 0}


def test_several_classes_are_aggregated_side_by_side():
    found = aggregate([[0.2, 0.8], [0.4, 0.6], [0.5, 0.5]], ["a", "a", "b"])
    assert found["a"] == pytest.approx([0.3, 0.7])


def test_a_group_for_each_value_is_needed():
    with pytest.raises(ValueError, match="2 values and 1 groups"):
        aggregate([0.1, 0.2], ["a"])
