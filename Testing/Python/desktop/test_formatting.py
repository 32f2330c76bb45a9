"""Numbers as sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.desktop import choices, formatting
from readingroom.reading import (
    BundleFacts,
    Estimate,
    Finding,
    Interval,
    OperatingPoint,
    Provenance,
    Reading,
)
from readingroom.study import Study, StudyImage

POINTS = (
    OperatingPoint(
        "pneumonia",
        "balanced",
        0.4,
        Estimate(0.84, Interval(0.8, 0.87), 348),
        Estimate(0.82, Interval(0.77, 0.85), 352),
    ),
    OperatingPoint("pneumonia", "sensitive", 0.9),
)
FINDING = Finding("pneumonia", "Pneumonia", 0.86, Interval(0.81, 0.91), True, POINTS, "balanced")


@pytest.fixture
def reading():
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study((StudyImage("frontal", "x.png"),)),
        findings=(FINDING, Finding("no-finding", "No finding", 0.14)),
        checks=(),
        bundle=BundleFacts("b", "B", "1.0", "0" * 64, demonstration=False),
        provenance=Provenance({}, "cpu", "2026-01-01T00:00:00Z", 1.0),
    )


def test_interval_and_decision_are_told_in_percent():
    assert formatting.interval_with_level(FINDING.interval) == "81 % to 91 % (95 % interval)"
    assert formatting.decision_text(FINDING) == "above the threshold of 40 %"
    assert formatting.decision_text(replace(FINDING, positive=False)) == "below the threshold of 40 %"


def test_a_finding_without_threshold_or_interval_says_nothing_of_them():
    bare = Finding("x", "X", 0.5)
    assert formatting.interval_with_level(bare.interval) == formatting.decision_text(bare) == ""


def test_predictive_values_come_with_intervals_and_change_with_prevalence():
    rare, common = (formatting.predictive_values_text(POINTS[0], prevalence) for prevalence in (0.01, 0.5))
    assert rare.startswith("PPV 5 % (")
    assert common.startswith("PPV 82 % (")
    assert rare.endswith("positive answers for each that is right")
    assert 19 < float(rare.splitlines()[-1].split()[0]) < 23
    assert common.splitlines()[-1] == "1.2 positive answers for each that is right"


def test_without_measured_sensitivity_predictive_values_are_not_made_up():
    assert "not known" in formatting.predictive_values_text(POINTS[1], 0.1)


def test_another_operating_point_changes_the_decision_and_nothing_else(reading):
    judged = choices.with_operating_point(reading, "pneumonia", "sensitive")
    assert judged.finding("pneumonia").positive is False
    assert judged.finding("no-finding") == reading.finding("no-finding")
    with pytest.raises(KeyError):
        choices.with_operating_point(reading, "pneumonia", "no such point")


@pytest.mark.parametrize(("probability", "positive"), [(0.899, False), (0.9, True), (0.901, True)])
def test_a_probability_at_the_threshold_is_a_positive_call(reading, probability, positive):
    at_threshold = replace(reading, findings=(replace(FINDING, probability=probability, interval=None),))
    decided = choices.with_operating_point(at_threshold, "pneumonia", "sensitive").finding("pneumonia")
    assert (decided.positive, decided.chosen_point) == (positive, "sensitive")


def test_decision_and_comment_do_not_overwrite_each_other(reading):
    said = choices.with_comment(choices.with_decision(reading, "pneumonia", "accept"), "pneumonia", "lower lobe")
    verdict = choices.verdict_of(said, "pneumonia")
    assert (verdict.decision, verdict.comment) == ("accept", "lower lobe")
    assert len(said.verdicts) == 1
