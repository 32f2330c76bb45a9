"""What was measured, as texts and tables. Needs neither Qt nor a scene beyond the words of `slicer.i18n`."""

from __future__ import annotations

import csv
import io
import math

import pytest

from readingroom.desktop.features import feature_rows
from readingroom.desktop.features.results import MeasuredSegment, Region, Results, failed, group_of
from readingroom.radiomics.features import Features

VOLUME, CONTRAST = "original_shape_MeshVolume", "original_glcm_Contrast"


def region(volume: float, contrast: float = 2.5) -> Region:
    values = {VOLUME: volume, "original_firstorder_Mean": 41.5, CONTRAST: contrast}
    return Region(Features(values, {"diagnostics_Versions_ReadingRoom": "1"}, ("A note.",)))


@pytest.fixture
def results():
    segments = (
        MeasuredSegment("a", "Tumor", region(1200.0), region(1000.0)),
        MeasuredSegment("b", "Lung", region(90000.0, math.nan)),
        MeasuredSegment("c", "Nothing", failed("No voxel of this segment lies on the image.")),
    )
    return Results("CT", "HU", "readingroom", segments)


def test_results_come_back_from_the_text_that_a_scene_keeps(results):
    back = Results.from_json(results.to_json())
    assert back.to_json() == results.to_json()
    assert math.isnan(back.segments[1].now.value(CONTRAST))
    assert back.segments[0].before is not None
    assert back.segments[2].now.problem == results.segments[2].now.problem


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"image": 1}', '{"segments": [{}]}'])
def test_a_text_of_another_kind_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # json's own errors are ValueErrors too
        Results.from_json(text)


def test_one_segment_is_written_as_on_the_shell():
    alone = Results("CT", "", "readingroom", (MeasuredSegment("a", "Tumor", region(1200.0)),))
    assert alone.csv() == region(1200.0).features.csv()
    assert alone.csv().splitlines()[0] == "feature,value"


def test_several_segments_have_a_column_each(results):
    rows = list(csv.reader(io.StringIO(results.csv())))
    assert rows[0] == ["feature", "Tumor", "Lung"]  # what could not be measured has no column
    assert [VOLUME, "1200.0", "90000.0"] in rows
    assert [CONTRAST, "2.5", "nan"] in rows


def test_after_an_edit_the_first_values_stay_what_is_compared_with(results):
    again = results.with_edited({"a": region(1300.0)}).with_edited({"a": region(1400.0)})
    assert again.segments[0].now.value(VOLUME) == 1400.0
    assert again.segments[0].before.value(VOLUME) == 1000.0
    assert again.segments[1] == results.segments[1]


def test_the_rows_of_a_segment_show_before_and_change(results):
    rows = feature_rows.of_segment(results, results.segments[0])
    assert rows.titles == ("Value", "Before", "Change")
    volume = next(row for row in rows.rows if row.name == VOLUME)
    assert volume.cells == ("1,200", "1,000", "+20.0 %")
    assert volume.unit == "mm³"
    assert (volume.image, volume.feature_class) == ("Original", "Shape")


def test_segments_side_by_side_have_a_dash_where_a_feature_is_not_defined(results):
    rows = feature_rows.side_by_side(results)
    assert rows.titles == ("Tumor", "Lung")
    assert next(row for row in rows.rows if row.name == CONTRAST).cells == ("2.5", "–")


def test_segments_of_one_name_keep_their_own_columns(results):
    twins = Results("CT", "", "readingroom", (results.segments[0], MeasuredSegment("b", "Tumor", region(7.0))))
    rows = feature_rows.side_by_side(twins)
    assert rows.titles == ("Tumor", "Tumor (2)")
    assert rows.rows[0].cells == ("1,200", "7")


@pytest.mark.parametrize(
    ("words", "found"), [("volume", 1), ("GLCM", 1), ("shape vol", 1), ("shape contrast", 0), ("", 3)]
)
def test_words_are_searched_in_name_and_family(results, words, found):
    assert len(feature_rows.side_by_side(results).found(words)) == found


def test_copied_rows_have_full_names_and_units(results):
    rows = feature_rows.of_segment(results, results.segments[0])
    lines = rows.tab_separated(rows.found("mean")).splitlines()
    assert lines[0].split("\t") == ["Class", "Feature", "Unit", "Value", "Before", "Change"]
    assert lines[1].split("\t") == ["First-order statistics", "original_firstorder_Mean", "HU", "41.5", "41.5", "0 %"]


def test_features_of_a_filtered_image_are_a_group_of_their_own():
    assert group_of("wavelet-LLH_glcm_Contrast") == "Co-occurrence of gray levels (wavelet-LLH)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1 / 3, "0.3333"), (1234.5, "1,234"), (3484536.0, "3,484,536"), (2e8, "2.000e+08"),
     (1e-5, "1.000e-05"), (-850.0, "-850"), (math.nan, "–")],
)  # fmt: skip
def test_numbers_are_short_and_plain(value, text):
    assert feature_rows.number_text(value) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(110.0, 100.0, "+10.0 %"), (-90.0, -100.0, "+10.0 %"), (5.0, 5.0, "0 %"), (2.0, 0.0, "+2"), (math.nan, 1.0, "–")],
)
def test_a_change_is_told_against_what_was_there(now, before, text):
    assert feature_rows.change_text(now, before) == text
