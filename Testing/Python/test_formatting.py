"""Numbers, dates and prediction sets as people read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.formatting import (
    check_text,
    decimal,
    dicom_date,
    estimate_text,
    interval_text,
    measurement_rows,
    part_table,
    percent,
    prediction_set_text,
)
from readingroom.reading import (
    BundleFacts,
    Check,
    Estimate,
    Finding,
    Interval,
    Measurement,
    PredictionSet,
    Provenance,
    Reading,
    Region,
)
from readingroom.study import Study, StudyImage

AUC = Estimate(0.8712, Interval(0.8, 0.9249), 120)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0 %"), (0.004, "< 1 %"), (0.01, "1 %"), (0.874, "87 %"), (0.99, "99 %"), (0.996, "> 99 %"), (1.0, "100 %")],
)
def test_no_percentage_reads_as_certain_that_is_not(fraction, text):
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.126, False, "0.13"),
        (-0.5, False, "−0.50"),
        (-0.001, False, "0.00"),
        (0.1, True, "+0.10"),
        (0.0, True, "0.00"),
    ],
)
def test_numbers_have_a_true_minus_and_no_sign_before_a_zero(value, signed, text):
    assert decimal(value, signed=signed) == text


def test_an_estimate_stands_with_its_interval_and_its_cases_where_they_are_asked_for():
    assert estimate_text(AUC) == "0.87 (0.80 to 0.92)"
    assert estimate_text(AUC, 3, cases=True) == "0.871 (0.800 to 0.925), n = 120"
    assert estimate_text(AUC, show=percent) == "87 % (80 % to 92 %)"
    assert estimate_text(Estimate(0.04, Interval(-0.01, 0.09)), signed=True) == "+0.04 (−0.01 to +0.09)"


def test_what_was_not_measured_is_a_dash_and_no_interval_is_made_up():
    assert estimate_text(None) == "–"
    assert estimate_text(None, unknown="not known") == "not known"
    assert estimate_text(Estimate(0.5), cases=True) == "0.50"
    assert interval_text(None) == ""


def test_ends_of_an_interval_that_read_the_same_are_said_once():
    assert estimate_text(Estimate(0.999, Interval(0.996, 0.9999)), show=percent) == "> 99 % (both ends > 99 %)"
    assert estimate_text(Estimate(1.0, Interval(1.0, 1.0))) == "1.00 (1.00 to 1.00)"


def test_the_words_between_numbers_can_be_translated():
    assert estimate_text(AUC, show=percent, _={"{low} to {high}": "{low} bis {high}"}.__getitem__) == (
        "87 % (80 % bis 92 %)"
    )


def test_dates_of_dicom_are_written_with_dashes_and_others_stay():
    assert dicom_date("20260131") == "2026-01-31"
    assert dicom_date("2026") == "2026"


@pytest.fixture
def reading():
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study((StudyImage("frontal", "x.png"),)),
        findings=(Finding("pneumonia", "Pneumonia {of note}", 0.86), Finding("no-finding", "No finding", 0.14)),
        checks=(),
        bundle=BundleFacts("b", "B", "1.0", "0" * 64, demonstration=False),
        provenance=Provenance({}, "cpu", "2026-01-01T00:00:00Z", 1.0),
    )


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (("pneumonia",), "At 90 % coverage one answer remains: Pneumonia {of note}."),
        (("pneumonia", "no-finding"), "cannot decide between: Pneumonia {of note}, No finding."),
        ((), "no answer fits"),
    ],
)
def test_prediction_sets_say_what_remains(reading, labels, says):
    text = prediction_set_text(PredictionSet(labels, 0.9, 501), reading)
    assert says in text
    assert "501 cases" in text


def test_the_volume_of_a_part_stands_in_the_table_of_parts_alone(reading):
    path = Path("segments-mr.seg.nrrd")
    (image,) = reading.study.images
    told = replace(
        reading,
        measurements=(Measurement("upper-volume", "Liver", 232.0, "mL", image=image.role, part="Upper half"),),
        regions=(
            Region("liver", "Liver", image.role, path, volume_ml=465.0),
            Region("upper", "Upper half", image.role, path, volume_ml=232.0),
        ),
    )
    assert measurement_rows(told) == [("Volume", "465 mL", "", "Liver")]
    assert part_table(told)[1] == [("Upper half", "232")]


def test_the_volume_of_a_region_that_was_measured_is_listed_once(reading):
    path = Path("segments-mr.seg.nrrd")
    (image,) = reading.study.images
    told = replace(
        reading,
        measurements=(Measurement("volume", "Volume", 465.0, "mL", image=image.role, region="liver"),),
        regions=(
            Region("liver", "Liver", image.role, path, volume_ml=465.0),
            Region("lesion", "Lesion", image.role, path, volume_ml=12.0),
        ),
    )
    assert measurement_rows(told) == [("Volume", "465 mL", "", "Liver"), ("Volume", "12 mL", "", "Lesion")]


def test_a_set_of_one_finding_names_it_first(reading):
    text = prediction_set_text(PredictionSet(("present",), 0.9, 501, "pneumonia"), reading)
    assert text.startswith("Pneumonia {of note}: At 90 % coverage one answer remains: present.")


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Check("a", "warn", "Faint.", 0.1204, 0.15), "Faint. (measured 0.12, limit 0.15)"),
        (Check("a", "stop", "Small.", 120, 150, "{pixels}"), "Small. (measured 120 pixels, limit 150 pixels)"),
        (Check("a", "stop", "Colored.", 41.0, 20, "%"), "Colored. (measured 41 %, limit 20 %)"),
        (Check("a", "stop", "Close.", 0.14996, 0.15), "Close. (measured 0.14996, limit 0.15)"),
        (Check.of_share("a", "stop", "Outside.", 0.83, 0.9), "Outside. (measured 83 %, limit 90 %)"),
        (Check("a", "warn", "Odd.", 3.0), "Odd. (measured 3)"),
        (Check("a", "stop", "The header says CT."), "The header says CT."),
        (Check("a", "pass", "Fine.", 0.2, 0.15), "Fine."),
    ],
)
def test_a_doubt_says_what_was_measured_and_its_limit(check, text):
    assert check_text(check) == text
