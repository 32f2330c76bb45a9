"""The section "Features" as a person uses it, with the work done in this process."""

from __future__ import annotations

import csv
import json

import pytest
import qt
import slicer
import vtk

import host
from readingroom.desktop import settings as kept
from readingroom.desktop import slicer_radiomics
from readingroom.desktop.features import edits, exports, table_node
from readingroom.desktop.features.measurement_request import FeatureSettings
from readingroom.desktop.features.section import FeaturesSection
from readingroom.engine.in_process import InProcessClient
from readingroom.radiomics.signature.score import Contribution, Score
from readingroom.reading import BundleFacts, Estimate, Interval

OWNER = "Tested"
VOLUME = "original_shape_MeshVolume"


@pytest.fixture
def quick_edits(monkeypatch):
    """A tenth of a second after the last stroke is enough for a test."""
    monkeypatch.setattr(edits, "QUIET_MILLISECONDS", 100)


@pytest.fixture
def section(empty_scene, quick_edits):
    """The section, shown and entered."""
    shown = FeaturesSection(OWNER, InProcessClient())
    shown.widget.resize(480, 900)
    shown.widget.show()
    shown.enter()
    yield shown
    shown.cleanup()
    shown.widget.hide()


@pytest.fixture
def measured(section, segmented_ct):
    """The section after all segments of the phantom were measured."""
    measure(section)
    return section


def measure(section) -> None:
    slicer.app.processEvents()  # nodes that were just added are listed when the application is idle
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working)


def results(section, ct):
    return section.work.results_of(ct.segmentation)


def shown_rows(section) -> list[list[str]]:
    """Families and features as they stand in the table."""
    tree = section.views.table.tree
    feature_classes = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount)]
    items = [
        item for family in feature_classes for item in (family, *(family.child(i) for i in range(family.childCount())))
    ]
    return [[item.text(column) for column in range(tree.columnCount)] for item in items]


def states(section) -> list[str]:
    tree = section.views.settings.segments.tree
    return [tree.topLevelItem(i).text(1) for i in range(tree.topLevelItemCount)]


# Choosing and measuring


def test_without_an_image_it_says_what_to_do(section):
    assert section.views.settings.image.currentText == "Load an image to begin"
    assert not section.views.run.button.enabled


def test_all_segments_are_measured_and_each_says_what_came_of_it(measured):
    assert states(measured) == ["107 features", "107 features", "Not measured, see below"]
    assert measured.views.settings.segments.problems.text == "Nothing: No voxel of this segment lies on the image."
    assert measured.views.message.widget.isHidden()


def test_only_checked_segments_are_measured(section, segmented_ct):
    slicer.app.processEvents()
    lung = section.views.settings.segments.tree.topLevelItem(1)
    lung.setCheckState(0, qt.Qt.Unchecked)
    measure(section)
    assert [segment.name for segment in results(section, segmented_ct).segments] == ["Tumor", "Nothing"]


def test_with_no_segment_checked_there_is_nothing_to_measure(section, segmented_ct):
    slicer.app.processEvents()
    host.click(section.views.settings.segments.all)
    assert section.settings.segments == []
    assert not section.views.run.button.enabled


def test_a_segmentation_brings_the_image_that_it_was_drawn_on(section, segmented_ct, add_phantom):
    add_phantom("Another")
    slicer.app.processEvents()
    host.select(section.views.settings.image, "Another")
    host.select(section.views.settings.segmentation, segmented_ct.segmentation.GetName())
    assert section.settings.volume is segmented_ct.volume


def test_a_color_picture_is_refused_in_a_sentence(section, segmented_ct):
    import numpy as np

    colors = np.random.default_rng(0).integers(0, 255, (4, 20, 20, 3)).astype("uint8")
    slicer.util.addVolumeFromArray(colors, name="Photograph", nodeClassName="vtkMRMLVectorVolumeNode")
    slicer.app.processEvents()
    host.select(section.views.settings.image, "Photograph")
    measure(section)
    assert section.views.message.sentence.text == "'Photograph' is a color picture; features need gray values."


def test_a_parameter_file_is_used(section, segmented_ct, tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("setting:\n  binWidth: 10\nfeatureClass:\n  shape: [MeshVolume]\n  ngtdm:\n")
    slicer.app.processEvents()
    section.views.settings.parameters.currentPath = str(path)
    measure(section)
    assert len(results(section, segmented_ct).features) == 6


@pytest.mark.parametrize("text", ["setting:\n  binwidth: 10\n", "a: [", "featureClass:\n  nonsense:\n"])
def test_a_bad_parameter_file_is_a_sentence_before_anything_starts(section, segmented_ct, tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    slicer.app.processEvents()
    section.views.settings.parameters.currentPath = str(path)
    host.click(section.views.run.button)
    assert section.views.message.widget.visible
    assert "arameter file" in section.views.message.sentence.text or "known" in section.views.message.sentence.text
    assert table_node.tables(OWNER) == []


def test_the_unit_of_the_image_stands_beside_its_values(section, segmented_ct):
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    segmented_ct.volume.SetVoxelValueUnits(units)
    measure(section)
    assert results(section, segmented_ct).unit("original_firstorder_Mean") == "HU"


@pytest.mark.parametrize(("scale", "degrees", "said"), [(1.0, 30.0, ""), (2.0, 0.0, "changes its size")])
def test_a_transform_that_changes_the_size_of_the_image_is_told(section, segmented_ct, scale, degrees, said):
    to_parent = vtk.vtkTransform()
    to_parent.Scale(scale, scale, scale)
    to_parent.RotateZ(degrees)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(to_parent.GetMatrix())
    for node in (segmented_ct.volume, segmented_ct.segmentation):
        node.SetAndObserveTransformNodeID(transform.GetID())
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    assert results(section, segmented_ct).segments[0].now.value(VOLUME) > 0
    assert section.views.notes.isHidden() == (not said)
    assert said in section.views.notes.text


def test_a_transform_that_bends_the_image_is_told(section, segmented_ct):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode")
    transform.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    segmented_ct.volume.SetAndObserveTransformNodeID(transform.GetID())
    assert "bent by its transform" in exports.notes_on_size(segmented_ct.volume)[0]


def test_nothing_of_segmentation_and_image_is_changed(section, segmented_ct):
    inner, volume = segmented_ct.segmentation.GetSegmentation(), segmented_ct.volume
    before = (inner.GetMTime(), volume.GetImageData().GetMTime(), slicer.util.arrayFromVolume(volume).copy())
    nodes = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    measure(section)
    assert inner.GetMTime() == before[0]
    assert volume.GetImageData().GetMTime() == before[1]
    assert (slicer.util.arrayFromVolume(volume) == before[2]).all()
    added = [n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLNode") if n.GetID() not in nodes]
    assert added == ["Chest CT segments features"]


# Image types


def test_checked_image_types_are_measured_and_kept_for_later_sections(section, segmented_ct, only_means):
    types = section.views.settings.image_types
    host.click(types.boxes["LoG"])
    types.sigma.selectAll()
    host.type(types.sigma, "1.5 4")
    host.press(types.sigma, "Return")
    assert types.widget.text == "Image types: 3 images"
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    assert results(section, segmented_ct).features == (
        "original_firstorder_Mean",
        "log-sigma-1-5-mm-3D_firstorder_Mean",
        "log-sigma-4-0-mm-3D_firstorder_Mean",
    )
    later = FeaturesSection("Another", InProcessClient())
    later.enter()
    assert later.settings.images == section.settings.images
    later.cleanup()


def test_features_of_several_images_stand_under_their_image_and_filtered_ones_are_folded(
    section, segmented_ct, only_means
):
    host.click(section.views.settings.image_types.boxes["Square"])
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    tree = section.views.table.tree
    images = [tree.topLevelItem(index) for index in range(tree.topLevelItemCount)]
    assert [image.text(0) for image in images] == ["Original (1)", "Square (1)"]
    assert [image.isExpanded() for image in images] == [True, False]
    assert images[1].child(0).text(0) == "First-order statistics (1)"
    assert images[1].child(0).child(0).toolTip(0) == "square_firstorder_Mean"


@pytest.mark.parametrize("text", ["", "wide", "0", "-1", "nan", "1 2 3 4 5 6 7 8 9 10 11"])
def test_a_width_that_is_none_is_said_and_the_last_ones_stay(section, text):
    types = section.views.settings.image_types
    host.click(types.boxes["LoG"])
    types.sigma.setText(text)
    types.sigma.editingFinished.emit()
    assert "mm" in types.sentence.text
    assert types.sigma.text == "1, 2, 3"


def test_the_keyboard_reaches_an_option_after_its_type(section):
    types = section.views.settings.image_types
    types.widget.collapsed = False
    host.click(types.boxes["LoG"])
    host.click(types.boxes["Wavelet"])
    types.boxes["LoG"].setFocus()
    reached = []
    for _ in range(4):
        host.press(qt.QApplication.focusWidget(), "Tab")
        reached.append(qt.QApplication.focusWidget().accessibleName)
    assert reached == ["Widths of the Laplacian of Gaussian", "", "Which wavelet", "Levels of the wavelet"]


def test_one_image_at_least_is_measured(section):
    types = section.views.settings.image_types
    host.click(types.boxes["Original"])
    assert types.boxes["Original"].isChecked()
    assert types.sentence.text == "At least one image is measured."


def test_image_types_of_a_parameter_file_go_before_those_that_are_checked(section, segmented_ct, tmp_path):
    types = section.views.settings.image_types
    host.click(types.boxes["Square"])
    path = tmp_path / "parameters.yaml"
    path.write_text("imageType:\n  Gradient:\nfeatureClass:\n  firstorder: [Mean]\n")
    section.views.settings.parameters.currentPath = str(path)
    assert types.widget.text == "Image types: Gradient"
    assert not types.boxes["Square"].enabled
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    assert results(section, segmented_ct).features == ("gradient_firstorder_Mean",)
    section.views.settings.parameters.currentPath = ""
    assert types.boxes["Square"].enabled
    assert types.boxes["Square"].isChecked()


def test_what_was_kept_of_image_types_and_is_damaged_is_forgotten(empty_scene):
    for text in ("", "[", "[]", '{"chosen": ["Nonsense"]}', '{"chosen": [], "sigma": ["x"]}'):
        kept.set_image_types(text)
        assert FeatureSettings(OWNER).images == ["original"]


@pytest.fixture
def only_means(section, tmp_path):
    """Parameters of the section that are measured soon."""
    path = tmp_path / "means.yaml"
    path.write_text("featureClass:\n  firstorder: [Mean]\n")
    section.views.settings.parameters.currentPath = str(path)


# Engines


def test_pyradiomics_gives_the_same_table(section, segmented_ct):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    ours = results(section, segmented_ct).segments[0].now.features.values
    host.select(section.views.settings.engine, "PyRadiomics")
    measure(section)
    assert results(section, segmented_ct).engine == "pyradiomics"
    assert results(section, segmented_ct).segments[0].now.features.values == pytest.approx(ours, rel=1e-6)


def test_slicer_radiomics_is_offered_where_it_is_and_given_image_and_labels(
    section, segmented_ct, recorded_client, monkeypatch
):
    handed_over = []

    def start(*arguments):
        handed_over.append(arguments)
        facts = {"label": 1, "name": "Tumor", "provenance": {}, "notes": [], "problem": "", "score": None}
        return recorded_client({"regions": [{**facts, "values": {VOLUME: 5.0}}]}).start("", {})

    monkeypatch.setattr(slicer_radiomics, "available", lambda: True)
    monkeypatch.setattr(slicer_radiomics, "start", start)
    section.enter()
    host.select(section.views.settings.engine, "SlicerRadiomics")
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    ((volume, mask, names, parameters),) = handed_over
    assert (volume, names, parameters) == (segmented_ct.volume, {1: "Tumor"}, {})
    assert mask.name == "segments-0.nrrd"
    assert results(section, segmented_ct).segments[0].now.value(VOLUME) == 5.0


# The table node


def test_the_table_node_has_family_feature_unit_and_a_column_for_each_segment(measured, segmented_ct):
    table = table_node.find_table(OWNER, segmented_ct.segmentation)
    columns = [table.GetColumnName(i) for i in range(table.GetNumberOfColumns())]
    assert columns == ["Class", "Feature", "Unit", "Tumor", "Lung"]
    assert table.GetNumberOfRows() == 107
    rows = {table.GetCellText(r, 1): [table.GetCellText(r, c) for c in range(5)] for r in range(107)}
    assert rows[VOLUME][0] == "Shape"
    assert rows[VOLUME][2] == "mm³"
    expected = results(measured, segmented_ct).segments[0].now.value(VOLUME)
    assert float(rows[VOLUME][3]) == pytest.approx(expected, rel=1e-5)


def test_the_table_lies_beside_the_image_in_the_subject_hierarchy(section, segmented_ct):
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(segmented_ct.volume), study)
    measure(section)
    (table,) = table_node.tables(OWNER)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(table)) == study


def test_a_second_measurement_replaces_its_own_table_and_no_other(measured, segmented_ct, add_segmented_ct):
    others = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Of the user")
    (first,) = table_node.tables(OWNER)
    second_ct = add_segmented_ct("Other CT")
    slicer.app.processEvents()
    host.select(measured.views.settings.segmentation, "Other CT segments")
    measure(measured)
    measure(measured)
    assert len(table_node.tables(OWNER)) == 2
    assert table_node.find_table(OWNER, segmented_ct.segmentation) is first
    assert results(measured, second_ct).image == "Other CT"
    assert others.GetScene() is slicer.mrmlScene


def test_a_table_that_the_person_removes_is_gone_from_the_section(measured, segmented_ct):
    slicer.mrmlScene.RemoveNode(table_node.tables(OWNER)[0])
    slicer.app.processEvents()
    assert measured.views.table.widget.isHidden()
    measure(measured)
    assert len(table_node.tables(OWNER)) == 1


# Looking


def test_features_are_grouped_by_family_and_found_by_words(measured):
    rows = shown_rows(measured)
    assert rows[0][0] == "Shape (14)"
    assert len(rows) == 107 + 7
    host.type(measured.views.table.search, "glcm idn")
    assert [row[0] for row in shown_rows(measured)] == ["Co-occurrence of gray levels (1)", "Idn"]


def test_a_folded_family_stays_folded_while_other_segments_are_looked_at(measured):
    tree = measured.views.table.tree
    tree.topLevelItem(0).setExpanded(False)
    host.select(measured.views.table.segment, "Tumor")
    assert not tree.topLevelItem(0).isExpanded()
    assert tree.topLevelItem(1).isExpanded()


def test_copy_takes_the_selected_rows_or_all_that_are_shown(measured):
    view = measured.views.table
    host.select(view.segment, "Tumor")
    host.type(view.search, "volume mesh")
    host.click(view.copy)
    lines = slicer.app.clipboard().text().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["Feature", VOLUME]
    view.search.clear()
    view.tree.topLevelItem(1).child(0).setSelected(True)
    host.press(view.tree, "Ctrl+C")
    assert slicer.app.clipboard().text().splitlines()[1].split("\t")[1] == "original_firstorder_10Percentile"


def test_the_written_file_has_a_column_for_each_segment(measured, monkeypatch, tmp_path):
    path = tmp_path / "features.csv"
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *_args: str(path))
    host.click(measured.views.table.export)
    rows = list(csv.reader(path.open(encoding="utf-8")))
    assert rows[0] == ["feature", "Tumor", "Lung"]
    assert sum(row[0].startswith("original_") for row in rows) == 107
    assert str(path) in measured.views.table.said.text


def test_a_file_that_cannot_be_written_is_a_sentence(measured, monkeypatch, tmp_path):
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *_args: str(tmp_path / "missing" / "features.csv"))
    host.click(measured.views.table.export)
    assert measured.views.message.widget.visible


# Edits


def test_an_edited_segment_is_measured_again_and_shown_with_what_it_was(measured, segmented_ct):
    lung = list(segmented_ct.masks)[1]
    before = results(measured, segmented_ct)
    segmented_ct.erode(segmented_ct.tumor)
    host.wait_until(lambda: results(measured, segmented_ct).segment(segmented_ct.tumor).before is not None)
    after = results(measured, segmented_ct)
    tumor = after.segment(segmented_ct.tumor)
    assert tumor.before == before.segment(segmented_ct.tumor).now
    assert tumor.now.value(VOLUME) < tumor.before.value(VOLUME)
    assert after.segment(lung) == before.segment(lung)
    host.select(measured.views.table.segment, "Tumor")
    row = next(row for row in shown_rows(measured) if row[0].startswith("MeshVolume"))
    assert row[3].startswith("-")
    columns = table_node.find_table(OWNER, segmented_ct.segmentation)
    assert columns.GetColumnName(4) == "Tumor, before"
    assert columns.GetColumnName(5) == "Tumor, change"


def test_many_strokes_are_one_measurement(measured, segmented_ct, monkeypatch):
    started = []
    client = measured.work.client
    start = client.start
    monkeypatch.setattr(client, "start", lambda name, arguments: (started.append(arguments), start(name, arguments))[1])
    for _stroke in range(2):
        segmented_ct.erode(segmented_ct.tumor)
    host.wait_until(lambda: results(measured, segmented_ct).segment(segmented_ct.tumor).before is not None)
    assert [list(arguments["labels"]) for arguments in started] == [[1]]
    assert list(started[0]["names"].values()) == ["Tumor"]


def test_a_new_color_or_name_measures_nothing(measured, segmented_ct):
    text = results(measured, segmented_ct).to_json()
    segment = segmented_ct.segmentation.GetSegmentation().GetSegment(segmented_ct.tumor)
    segment.SetColor(0.0, 1.0, 0.0)
    segment.SetName("Primary")
    assert measured.edits.is_waiting
    host.wait_until(lambda: not measured.edits.is_waiting)
    assert not measured.work.is_working
    assert results(measured, segmented_ct).to_json() == text
    tree = measured.views.settings.segments.tree
    assert tree.topLevelItem(0).text(0) == "Primary"


def test_an_edit_during_a_measurement_is_measured_after_it(section, segmented_ct):
    slicer.app.processEvents()
    section.measure_or_cancel()
    assert section.work.is_working
    segmented_ct.erode(segmented_ct.tumor)
    host.wait_until(lambda: results(section, segmented_ct) is not None)
    host.wait_until(lambda: results(section, segmented_ct).segment(segmented_ct.tumor).before is not None)


def test_edits_are_not_followed_when_nobody_wants_it(measured, segmented_ct):
    host.click(measured.views.settings.again)
    segmented_ct.erode(segmented_ct.tumor)
    assert not measured.edits.is_waiting
    host.click(measured.views.settings.again)  # what was missed is made up for
    host.wait_until(lambda: results(measured, segmented_ct).segment(segmented_ct.tumor).before is not None)


def test_a_folded_section_follows_no_edits(measured, segmented_ct):
    measured.set_open(False)
    segmented_ct.erode(segmented_ct.tumor)
    assert not measured.edits.is_waiting
    measured.set_open(True)
    host.wait_until(lambda: results(measured, segmented_ct).segment(segmented_ct.tumor).before is not None)


def test_a_segment_that_is_emptied_says_so_and_the_others_stay(measured, segmented_ct):
    segmented_ct.paint(segmented_ct.tumor, segmented_ct.masks[segmented_ct.tumor] & False)
    host.wait_until(lambda: results(measured, segmented_ct).segment(segmented_ct.tumor).now.problem)
    assert states(measured)[:2] == ["Not measured, see below", "107 features"]
    assert "Tumor: No voxel" in measured.views.settings.segments.problems.text


def test_a_removed_segment_is_no_trouble(measured, segmented_ct):
    segmented_ct.segmentation.GetSegmentation().RemoveSegment(segmented_ct.tumor)
    lung = list(segmented_ct.masks)[1]
    segmented_ct.erode(lung)
    host.wait_until(lambda: results(measured, segmented_ct).segment(lung).before is not None)
    assert states(measured) == [
        "107 features, after an edit",
        "Not measured, see below",
    ]


# The life of a scene


def test_closing_the_scene_empties_the_section_and_stops_the_work(measured, segmented_ct):
    segmented_ct.erode(segmented_ct.tumor)
    host.close_scene()
    assert not measured.edits.is_waiting
    assert not measured.work.is_working
    assert measured.views.settings.image.currentText == "Load an image to begin"
    assert measured.views.table.widget.isHidden()


def test_a_saved_scene_shows_its_features_again(measured, segmented_ct, tmp_path):
    text = results(measured, segmented_ct).to_json()
    host.save_scene(tmp_path / "scene.mrb")
    host.close_scene()
    host.load_scene(tmp_path / "scene.mrb")
    host.wait_until(lambda: measured.settings.segmentation is not None)
    assert json.loads(measured.work.results_of(measured.settings.segmentation).to_json()) == json.loads(text)
    assert measured.views.table.widget.visible
    measure(measured)
    assert len(table_node.tables(OWNER)) == 1


def test_a_segmentation_removed_while_it_is_measured_is_a_sentence(section, segmented_ct):
    slicer.app.processEvents()
    section.measure_or_cancel()
    slicer.mrmlScene.RemoveNode(segmented_ct.segmentation)
    host.wait_until(lambda: not section.work.is_working)
    assert "removed while it was measured" in section.views.message.sentence.text


def test_removing_the_image_stops_what_follows_edits(measured, segmented_ct):
    slicer.mrmlScene.RemoveNode(segmented_ct.volume)
    segmented_ct.segmentation.GetSegmentation().GetSegment(segmented_ct.tumor).SetName("Primary")
    host.wait_until(lambda: not measured.edits.is_waiting)
    assert not measured.work.is_working
    assert measured.views.message.widget.isHidden()


def test_undo_brings_no_trouble(section, segmented_ct):
    slicer.mrmlScene.SetUndoOn()
    try:
        measure(section)
        measure(section)
        slicer.mrmlScene.Undo()
        slicer.app.processEvents()
        section.refresh()
        measure(section)
        assert len(table_node.tables(OWNER)) == 1
    finally:
        slicer.mrmlScene.ClearUndoStack()
        slicer.mrmlScene.SetUndoOff()


# Signatures


@pytest.fixture
def scored(section, segmented_ct, recorded_client):
    """The section after a worker that knows a signature measured the tumor; edited, it scores higher."""

    def region(probability: float) -> dict:
        score = Score(
            finding="death",
            title="Death within two years",
            value=0.4,
            kind="logit",
            cohort_mean=-0.3,
            probability=Estimate(probability, Interval(probability - 0.1, probability + 0.1), 120),
            contributions=(
                Contribution(VOLUME, 24000.0, "mm³", 88.0, 0.9),
                Contribution("original_glcm_Contrast", 3.0, "", 20.0, -0.2),
            ),
            bundle=BundleFacts("sig", "Two-year signature", "1.0.0", "0" * 64, demonstration=True),
            percentiles={VOLUME: 88.0},
            unstable=("original_glcm_Contrast",),
            notes=("MeshVolume is larger than in most of the cohort.",),
        )
        values = {VOLUME: 24000.0, "original_glcm_Contrast": 3.0}
        facts = {"label": 1, "name": "Tumor", "provenance": {}, "notes": [], "problem": ""}
        return {"regions": [{**facts, "values": values, "score": score.to_json()}]}

    section.work.client = recorded_client(region(0.6), region(0.7))
    slicer.app.processEvents()
    section.choose_segments([segmented_ct.tumor])
    measure(section)
    return section


def test_a_score_is_shown_with_its_contributions_and_as_a_demonstration(scored):
    view = scored.views.score
    assert view.title.text == "Death within two years: 60 %"
    assert "50 % to 70 %" in view.detail.text
    assert view.demonstration.visible
    bars = [bar for bar in view._bars.findChildren(qt.QWidget) if bar.accessibleName.startswith("original_")]
    assert len(bars) == 2
    assert "percentile 88" in bars[0].accessibleName


def test_percentile_and_stability_stand_beside_the_values(scored, segmented_ct):
    rows = {row[0]: row for row in shown_rows(scored)}
    assert rows["MeshVolume, mm³"] == ["MeshVolume, mm³", "24,000", "88"]
    assert rows["Contrast △"] == ["Contrast △", "3", ""]
    assert scored.views.table.legend.visible
    table = table_node.find_table(OWNER, segmented_ct.segmentation)
    names = [table.GetColumnName(i) for i in range(table.GetNumberOfColumns())]
    assert names[3:] == ["Tumor", "Tumor, cohort percentile", "Tumor, stability"]


def test_after_an_edit_the_score_says_what_it_was(scored, segmented_ct):
    segmented_ct.erode(segmented_ct.tumor)
    host.wait_until(lambda: "70 %" in scored.views.score.title.text)
    assert "before the edit 60 %" in scored.views.score.detail.text


def test_bars_can_be_painted(scored, tmp_path):
    host.grab(scored.views.score.widget, tmp_path / "score.png", width=420)
    assert (tmp_path / "score.png").stat().st_size > 0
