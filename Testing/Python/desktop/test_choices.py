"""What a person changes in a reading, on the reading alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.desktop import choices
from readingroom.reading import BundleFacts, Finding, HeatMap, KeyPicture, OperatingPoint, Provenance, Reading, Verdict
from readingroom.study import Study, StudyImage

THRESHOLDS = {"sensitive": 0.2, "exact": 0.5, "specific": 0.8}
POINTS = tuple(OperatingPoint("pneumonia", name, threshold) for name, threshold in THRESHOLDS.items())


@pytest.fixture
def reading() -> Reading:
    """Of a probability of exactly 50 %, judged at 20 %."""
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study((StudyImage("frontal", Path("frontal.nrrd")),)),
        findings=(
            Finding("pneumonia", "Pneumonia", 0.5, None, True, POINTS, "sensitive"),
            Finding("no-finding", "No finding", 0.6),
        ),
        checks=(),
        bundle=BundleFacts("b", "B", "1.0", "0" * 64, demonstration=False),
        provenance=Provenance({}, "cpu", "2026-01-01T00:00:00Z", 1.0),
    )


@pytest.mark.parametrize(("point", "positive"), [("sensitive", True), ("exact", True), ("specific", False)])
def test_a_finding_is_positive_from_the_threshold_on(reading, point, positive):
    judged = choices.with_operating_point(reading, "pneumonia", point)
    assert judged.finding("pneumonia").positive is positive
    assert judged.finding("pneumonia").chosen_point == point
    assert judged.finding("no-finding") == reading.finding("no-finding")


def test_a_point_that_is_not_there_is_refused(reading):
    with pytest.raises(KeyError, match="no operating point named 'wild'"):
        choices.with_operating_point(reading, "pneumonia", "wild")


def test_decision_and_comment_do_not_touch_each_other(reading):
    both = choices.with_comment(choices.with_decision(reading, "pneumonia", "accept"), "pneumonia", "seen")
    assert both.verdicts == (Verdict("pneumonia", "accept", "seen"),)
    assert choices.verdict_of(choices.with_decision(both, "pneumonia", "reject"), "pneumonia").comment == "seen"
    assert choices.verdict_of(both, "no-finding") == Verdict("no-finding")


def test_judgment_passes_to_the_tested_form_of_the_same_answer(reading):
    judged = choices.with_decision(
        choices.with_operating_point(reading, "pneumonia", "specific"), "pneumonia", "reject"
    )
    tested = choices.with_judgment_of(replace(judged, comment="late"), reading)
    assert tested.finding("pneumonia").positive is False
    assert tested.verdicts == judged.verdicts
    assert tested.comment == "late"


def test_two_reads_are_told_apart(reading):
    later = replace(reading, provenance=replace(reading.provenance, started="2026-01-01T00:00:01Z"))
    tested = replace(reading, provenance=replace(reading.provenance, seconds=9.0))
    assert choices.is_same_read(reading, tested)
    assert not choices.is_same_read(reading, later)


def test_a_finding_with_a_map_is_looked_at_before_a_more_probable_one_without(reading):
    assert choices.first_finding(reading) == "no-finding"
    heat_map = HeatMap("pneumonia", "frontal", "cam", Path("map.nrrd"))
    assert choices.first_finding(replace(reading, heat_maps=(heat_map,))) == "pneumonia"
    assert choices.first_finding(replace(reading, findings=())) == ""


def test_the_key_slice_is_that_of_the_findings_picture_in_a_volume(reading):
    flat = KeyPicture(Path("a.png"), "A", "frontal", finding="pneumonia")
    deep = KeyPicture(Path("b.png"), "B", "frontal", 12, "pneumonia")
    assert choices.key_slice(replace(reading, key_pictures=(flat,)), "pneumonia") is None
    assert choices.key_slice(replace(reading, key_pictures=(flat, deep)), "pneumonia") == ("frontal", 12)
    assert choices.key_slice(replace(reading, key_pictures=(deep,)), "no-finding") is None
