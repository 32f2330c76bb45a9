"""The page of explained features: a table that mouse and keyboard choose from, and the map of what was chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest
import slicer

from readingroom.desktop import choices
from readingroom.desktop.widgets.explained_features import ExplainedFeaturesView
from readingroom.readers.results import heat_map_path
from readingroom.reading import (
    FeatureExplanation,
    FeatureValue,
    Followed,
    HeatMap,
    ModelAnswer,
    Reading,
    SpeakingFeature,
)
from readingroom.reports.explained import explained_blocks

CONTRAST, ENERGY = "original_glcm_Contrast", "original_firstorder_TotalEnergy"


@pytest.fixture
def explained(answer_of_the_worker) -> FeatureExplanation:
    """Two features speak, one for the finding and one against it."""
    reading = Reading.from_json(answer_of_the_worker[1]["reading"])
    return FeatureExplanation(
        reading.findings[0].name, reading.study.images[0].role, "lungs", "spearman", 0.5, 96, 128, 104,
        (
            SpeakingFeature(
                "deep-80", "Opposite of volume and brightness together (first order total energy)", -3.1, -2.4, 0.01,
                -0.8, 1.9, 0.97, (Followed(ENERGY, -0.81, 0.98, -0.74), Followed(CONTRAST, 0.55, 0.7)),
            ),
            SpeakingFeature(
                "deep-12", "Rough texture (GLCM contrast)", 0.2, 0.9, 0.8, -0.7, -0.6, 0.62,
                (Followed(CONTRAST, 0.77, 0.95, 0.7),),
            ),
        ),
        (
            FeatureValue(CONTRAST, "Rough texture (GLCM contrast)", 812.4, "", 0.8, 0.79),
            FeatureValue(ENERGY, "Volume and brightness together (first order total energy)", 8.2e10, "", -2.6, 0.0),
            FeatureValue("original_shape_VoxelVolume", "Volume (shape voxel volume)", 1512345.0, "mm³", 0.1, 0.55),
        ),
        (
            ModelAnswer("network", "Network", 0.83), ModelAnswer("explained", "Explained features", 0.71),
            ModelAnswer("handcrafted", "Handcrafted features", 0.64),
        ),
    )  # fmt: skip


@pytest.fixture
def reading(answer_of_the_worker, explained) -> Reading:
    """With a map of each of the two."""
    plain = Reading.from_json(answer_of_the_worker[1]["reading"])
    maps = [
        HeatMap(
            explained.finding, explained.image, "feature, local",
            heat_map_path(explained.image, explained.finding, "feature", one.name), shows="feature", feature=one.name,
        )
        for one in explained.speaking
    ]  # fmt: skip
    return replace(plain, explained=explained, heat_maps=(*plain.heat_maps, *maps))


@pytest.fixture
def chosen() -> list[str]:
    """Names of the features that were chosen."""
    return []


@pytest.fixture
def view(empty_scene, chosen, reading):
    view = ExplainedFeaturesView(chosen.append)
    view.widget.resize(460, 800)
    view.show(reading)
    view.widget.show()
    slicer.app.processEvents()
    yield view
    view.widget.deleteLater()


def _texts(table) -> list[list[str]]:
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def test_models_stand_side_by_side_and_features_in_words(view):
    assert _texts(view.answers) == [
        ["Network", "83 %"], ["Explained features", "71 %"], ["Handcrafted features", "64 %"],
    ]  # fmt: skip
    assert _texts(view.speaking) == [
        ["Opposite of volume and brightness together (first order total energy)", "+1.90", "",
         "−2.4 SD, above 1 % of the cohort"],
        ["Rough texture (GLCM contrast)", "−0.60", "", "+0.9 SD, above 80 % of the cohort"],
    ]  # fmt: skip
    assert "followed by 104 of the 128 features of the network" in view.summary.text


def test_the_strongest_feature_is_told_of_before_any_is_chosen(view, chosen):
    assert view.chosen.text == "deep-80 follows"
    assert [row[0] for row in _texts(view.follows)] == [
        "Volume and brightness together (first order total energy)", "Rough texture (GLCM contrast)",
    ]  # fmt: skip
    assert [row[1:3] for row in _texts(view.follows)] == [["−0.81", "−0.74"], ["+0.55", "–"]]
    assert chosen == []


def test_without_held_out_rows_there_is_no_column_of_them(view, reading, explained):
    assert not view.follows.isColumnHidden(2)
    speaking = tuple(
        replace(one, follows=tuple(replace(each, held_out=None) for each in one.follows)) for one in explained.speaking
    )
    without = replace(reading, explained=replace(explained, speaking=speaking))
    view.show(without)
    assert view.follows.isColumnHidden(2)
    assert "Held out" in repr(explained_blocks(reading))
    assert "Held out" not in repr(explained_blocks(without))


def test_choosing_a_row_tells_what_it_follows_and_asks_for_its_map(view, chosen):
    view.speaking.selectRow(1)
    assert chosen == ["deep-12"]
    assert view.chosen.text == "deep-12 follows"
    assert len(_texts(view.follows)) == 1


def test_the_arrow_keys_choose_and_tab_leaves_the_table(view, chosen):
    view.speaking.setFocus()
    view.speaking.setCurrentCell(0, 0)
    view.speaking.setCurrentCell(1, 0)
    assert chosen == ["deep-80", "deep-12"]
    assert not view.speaking.tabKeyNavigation


def test_all_handcrafted_features_open_the_farthest_first(view):
    assert not view.values.visible
    view.open_values.setChecked(True)
    assert view.values.visible
    assert [row[2] for row in _texts(view.values)] == [
        "−2.6 SD, below all of the cohort", "+0.8 SD, above 79 % of the cohort", "+0.1 SD, above 55 % of the cohort",
    ]  # fmt: skip


def test_a_corrected_mask_leaves_the_choice_where_it_is(view, chosen, reading, explained):
    view.speaking.selectRow(1)
    view.show(replace(reading, explained=replace(explained, notes=("Measured anew.",), handcrafted=())))
    assert view.chosen.text == "deep-12 follows"
    assert view.notes.text == "Measured anew."
    assert _texts(view.follows)[0][0] == CONTRAST
    assert not view.open_values.visible
    assert chosen == ["deep-12"]


def test_a_model_that_uses_no_feature_says_so(view, reading, explained):
    bare = replace(explained, speaking=())
    view.show(replace(reading, explained=bare, heat_maps=reading.heat_maps[:1]))
    assert "uses none of them" in view.summary.text
    assert not view.speaking.visible
    assert not view.follows.visible


def test_the_map_of_the_chosen_feature_is_shown_as_far_as_the_reading_has_it(reading):
    assert choices.shown_map(reading, "feature", "deep-12") == ("feature", "deep-12")
    assert choices.shown_map(reading, "feature", "deep-99") == ("feature", "deep-80")
    assert choices.shown_map(reading, "evidence", "deep-12") == ("evidence", "")
    plain = replace(reading, heat_maps=reading.heat_maps[:1])
    assert choices.shown_map(plain, "feature", "deep-12") == ("evidence", "")
