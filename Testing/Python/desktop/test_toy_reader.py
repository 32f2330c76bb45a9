"""A new reader is one file: selectors, form, scene layers, tables and curves follow from what it says of itself."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import slicer
import vtk

import host
import readingroom.readers
from readingroom import cli
from readingroom.desktop.features.exports import Exports
from readingroom.desktop.logic import ReadingLogic
from readingroom.desktop.owned_nodes import OwnedNodes
from readingroom.desktop.panel import ReadingPanel
from readingroom.desktop.parameters import wrap
from readingroom.desktop.study_from_nodes import Chosen, study_of_nodes
from readingroom.engine.client import InProcessClient
from readingroom.errors import InputError
from readingroom.phantoms.chest_ct import chest_ct
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices

TOY = Path(__file__).resolve().parents[1] / "toy_reader.py"
SLICES, ROWS, COLUMNS = 16, 24, 30


@pytest.fixture
def toy_logic(empty_scene, a_toy_bundle, tmp_path_factory, monkeypatch):
    """The logic of a module that asks the toy reader, whose file lies beside the readers that ship."""
    folder = tmp_path_factory.mktemp("readers")
    shutil.copy(TOY, folder)
    monkeypatch.setattr(readingroom.readers, "__path__", [*readingroom.readers.__path__, str(folder)])
    assert cli.main(["bundles", "install", str(a_toy_bundle)]) == 0
    logic = ReadingLogic("Toy", "toy-density", InProcessClient())
    yield logic
    logic.stop()
    sys.modules.pop("readingroom.readers.toy_reader", None)


@pytest.fixture
def phantom():
    return chest_ct((SLICES, ROWS, COLUMNS), (12.0, 12.0, 12.0))


@pytest.fixture
def add_ct(empty_scene, phantom):
    """Adds the phantom with an array whose axes run to the feet, the back and the left, in that order.

    ``add_ct("Name", shift)`` adds ``shift`` HU.
    """

    def add(name: str, shift: float = 0.0):
        to_ras = vtk.vtkMatrix4x4()
        for row in range(3):
            for column in range(3):
                to_ras.SetElement(row, column, 0.0)
        to_ras.SetElement(2, 0, -12.0)  # i runs to the feet
        to_ras.SetElement(1, 1, -12.0)  # j to the back
        to_ras.SetElement(0, 2, -12.0)  # k to the left
        turned = np.ascontiguousarray((phantom.pixels + shift)[::-1].transpose(2, 1, 0))
        volume = slicer.util.addVolumeFromArray(turned, to_ras, name=name)
        volume.CreateDefaultDisplayNodes()
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
        return volume

    return add


@pytest.fixture
def segmented(add_ct, phantom):
    """A CT with a segmentation of its left lung."""
    volume = add_ct("CT")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = segmentation.GetSegmentation().AddEmptySegment("", "My lung")
    mask = np.ascontiguousarray(phantom.left_lung[::-1].transpose(2, 1, 0)).astype("uint8")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment, volume)
    return volume, segmentation, segment


@pytest.fixture
def toy_panel(toy_logic):
    """The open panel of that module."""
    panel = ReadingPanel(toy_logic)
    panel.widget.resize(480, 1600)
    panel.widget.show()
    panel.set_parameters(wrap(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "toy")))
    panel.enter()
    yield panel
    panel.cleanup()
    panel.widget.hide()


def read(panel) -> None:
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", 60)
    assert panel.session.error is None
    assert panel.views.message.widget.isHidden(), panel.views.message.sentence.text


def labels(widget) -> list[str]:
    return [label.text for label in slicer.util.findChildren(widget, className="QLabel") if label.visible]


def grow_at(panel, volume, index: tuple[int, int, int]) -> None:
    """Press the button, and click on the voxel with these i, j, k of the node."""
    slicer.app.processEvents()
    host.click(panel.views.study.grow["lungs"])
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    point = panel.logic.nodes.find("point", "lungs")
    point.AddControlPoint(*to_ras.MultiplyPoint([*map(float, index), 1.0])[:3])
    host.wait_until(lambda: panel.session.work == "grow" and panel.session.state != "working", 30)
    slicer.app.processEvents()


def in_left_lung(phantom) -> tuple[int, int, int]:
    """A voxel, by the axes that `add_ct` gives its node."""
    k, j, i = np.argwhere(phantom.left_lung)[np.count_nonzero(phantom.left_lung) // 2]
    return SLICES - 1 - int(k), int(j), int(i)


def grown_segmentations() -> list:
    return [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if "first guess" in node.GetName()]


# A mask grown from one click


def test_a_click_grows_a_segment_that_is_chosen_as_the_mask(toy_panel, add_ct, phantom):
    volume = add_ct("CT")
    grow_at(toy_panel, volume, in_left_lung(phantom))
    assert toy_panel.session.error is None
    (node,) = grown_segmentations()
    choice = toy_panel.inputs.mask("lungs")
    assert (choice.segmentation, choice.segment_id) == (node, "lungs")
    grown = slicer.util.arrayFromSegmentBinaryLabelmap(node, "lungs", volume) > 0
    wanted = phantom.left_lung[::-1].transpose(2, 1, 0)
    assert 2 * (grown & wanted).sum() / (grown.sum() + wanted.sum()) > 0.8
    assert not toy_panel.logic.nodes.all("point")
    assert not toy_panel.views.study.grow["lungs"].isChecked()
    toy_panel.views.message.hide()
    read(toy_panel)
    assert toy_panel.reading.study.mask("lungs").source == "segment 'Lungs'"


def test_a_second_click_replaces_what_nobody_touched_and_nothing_else(toy_panel, segmented, phantom):
    volume, mine, segment = segmented
    before = slicer.util.arrayFromSegmentBinaryLabelmap(mine, segment, volume)
    grow_at(toy_panel, volume, in_left_lung(phantom))
    grow_at(toy_panel, volume, in_left_lung(phantom))
    (first,) = grown_segmentations()
    array = slicer.util.arrayFromSegmentBinaryLabelmap(first, "lungs", volume)
    array[:, :, :10] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, first, "lungs", volume)
    grow_at(toy_panel, volume, in_left_lung(phantom))
    assert len(grown_segmentations()) == 2
    assert (slicer.util.arrayFromSegmentBinaryLabelmap(first, "lungs", volume) == array).all()
    assert (slicer.util.arrayFromSegmentBinaryLabelmap(mine, segment, volume) == before).all()
    assert toy_panel.inputs.mask("lungs").segmentation is not first


def test_a_point_that_nothing_grows_from_is_told_and_leaves_no_node(toy_panel, add_ct):
    grow_at(toy_panel, add_ct("CT"), (0, 0, 0))
    assert toy_panel.views.message.sentence.text == "The point lies in no air."
    assert not grown_segmentations()
    assert not toy_panel.logic.nodes.all("point")
    assert toy_panel.inputs.mask("lungs") is None


def test_pressing_the_button_again_waits_for_no_click(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    button = toy_panel.views.study.grow["lungs"]
    host.click(button)
    assert toy_panel.growing.placing == "lungs"
    assert button.isChecked()
    host.click(button)
    assert toy_panel.growing.placing == ""
    assert not button.isChecked()
    assert not toy_panel.logic.nodes.all("point")


def test_closing_the_scene_while_a_click_is_waited_for_is_no_trouble(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    host.click(toy_panel.views.study.grow["lungs"])
    toy_panel.forget()
    assert toy_panel.growing.placing == ""


# The panel before a read


def test_the_panel_asks_for_each_image_mask_and_fact_by_name(toy_panel):
    words = labels(toy_panel.widget)
    titles = {"How dense is this chest?", "Chest CT", "Prior chest CT (optional)", "Lungs", "Age", "years", "Stage"}
    assert titles <= set(words)
    assert toy_panel.views.study.images["prior-ct"].noneEnabled
    stages = toy_panel.views.clinical.rows["stage"].editor
    assert [stages.itemText(i) for i in range(stages.count)] == ["Not known", "Stage I", "Stage II"]


def test_what_is_missing_is_named_until_it_is_there(toy_panel, add_ct):
    assert toy_panel.views.read.sentence.text == "To begin, choose: Chest CT."
    assert not toy_panel.views.read.button.enabled
    add_ct("CT")
    slicer.app.processEvents()
    assert toy_panel.views.read.button.enabled


def test_what_another_module_made_is_not_offered(toy_panel, add_ct):
    made = add_ct("Map of another module")
    OwnedNodes("Other").own(made, "heat map")
    add_ct("CT")
    slicer.app.processEvents()
    selector = toy_panel.views.study.images["ct"]
    assert [selector.nodeFromIndex(i).GetName() for i in range(selector.nodeCount())] == ["CT"]


def test_an_optional_image_is_taken_only_when_a_person_chooses_it(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    assert list(toy_panel.inputs.images) == ["ct"]
    prior = add_ct("Earlier")
    slicer.app.processEvents()
    host.select(toy_panel.views.study.images["prior-ct"], "Earlier")
    assert toy_panel.inputs.image("prior-ct") is prior


def test_an_option_is_a_box_that_the_next_read_follows(toy_panel, add_ct):
    add_ct("CT")
    box = toy_panel.views.study.options["darker"]
    assert (box.text, box.isChecked()) == ("Read it darker", False)
    host.click(box)
    assert list(toy_panel.parameters.options) == ["darker"]
    read(toy_panel)
    assert list(toy_panel.reading.provenance.settings["options"]) == ["darker"]
    host.click(box)
    read(toy_panel)
    assert "options" not in toy_panel.reading.provenance.settings


def test_a_fact_that_does_not_fit_is_refused_in_a_sentence_and_not_kept(toy_panel):
    age = toy_panel.views.clinical.rows["age"].editor
    host.type(age, "12")
    host.press(age, "Return")
    assert toy_panel.views.message.sentence.text == "Age is '12'; it must be between 18 and 110 years."
    assert toy_panel.inputs.entered == {}


def test_a_typed_fact_that_does_not_fit_holds_the_read_back(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    toy_panel.views.clinical.rows["age"].editor.setText("12")
    host.click(toy_panel.views.read.button)
    assert toy_panel.session.state == "idle"
    assert "between 18 and 110" in toy_panel.views.message.sentence.text


def test_a_typed_fact_counts_though_its_field_was_not_left(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    toy_panel.views.clinical.rows["age"].editor.setText("61")
    read(toy_panel)
    assert toy_panel.reading.study.clinical["age"].value == 61.0


def test_an_entered_fact_is_marked_and_kept_with_the_scene(toy_panel, tmp_path):
    row = toy_panel.views.clinical.rows["age"]
    host.type(row.editor, "61")
    host.press(row.editor, "Return")
    host.select(toy_panel.views.clinical.rows["stage"].editor, "Stage II")
    assert toy_panel.inputs.entered == {"age": "61", "stage": "II"}
    assert row.source.text == "entered"
    host.save_scene(tmp_path / "scene.mrml")
    toy_panel.forget()
    host.load_scene(tmp_path / "scene.mrml")
    toy_panel.set_parameters(wrap(slicer.util.getNode("toy")))
    assert toy_panel.inputs.entered == {"age": "61", "stage": "II"}
    assert row.editor.text == "61"


def test_a_fact_comes_from_the_header_where_it_has_one(toy_panel, add_ct, tmp_path):
    from readingroom.phantoms.dicom_files import stored, write_dicom

    path = write_dicom(tmp_path / "slice.dcm", stored(np.zeros((8, 8))), Modality="CT", PatientAge="070Y")
    instance = pydicom.dcmread(path).SOPInstanceUID
    host.provide_dicom_database({instance: path})
    volume = add_ct("CT")
    volume.SetAttribute("DICOM.instanceUIDs", f"{instance} 1.2.3")
    slicer.app.processEvents()
    row = toy_panel.views.clinical.rows["age"]
    assert (row.editor.text, row.source.text) == ("70", "from the header")
    row.editor.setText("71")
    row.editor.editingFinished.emit()
    assert row.source.text == "entered"
    row.editor.setText("")
    row.editor.editingFinished.emit()
    assert (row.editor.text, row.source.text) == ("70", "from the header")


@pytest.fixture
def from_dicom(add_ct, tmp_path):
    """Gives a CT node the files of a series, ``from_dicom(grid, without)``, as if it had been loaded from them."""

    def load(grid=None, without=(), **elements):
        slices = [item for index, item in enumerate(ct_slices(np.zeros((SLICES, 8, 8)), grid, **elements))
                  if index not in without]  # fmt: skip
        folder = write_slices(tmp_path / "series", slices)
        paths = {pydicom.dcmread(path).SOPInstanceUID: path for path in folder.iterdir()}
        host.provide_dicom_database(paths)
        volume = add_ct("CT")
        volume.SetAttribute("DICOM.instanceUIDs", " ".join(paths))
        return volume

    return load


def test_the_headers_of_all_slices_say_how_far_they_lie_apart(toy_logic, from_dicom, tmp_path):
    volume = from_dicom(Grid(thickness=1.5), ConvolutionKernel="B60f")
    image = study_of_nodes(toy_logic.reader, Chosen({"ct": volume}), tmp_path).image("ct")
    facts = ("SpacingBetweenSlices", "SliceThickness", "NumberOfSlices", "ConvolutionKernel")
    assert [image.fact(keyword) for keyword in facts] == ["1.5", "1.5", "16", "B60f"]
    assert image.path == tmp_path / "ct.nrrd"


@pytest.mark.parametrize("case", ["missing", "gap", "tilted"])
def test_a_volume_that_slicer_shows_evenly_though_its_slices_are_not_is_refused(toy_logic, from_dicom, tmp_path, case):
    tilted = Grid((1.0, 0.0, 0.0, 0.0, 0.98, -0.199), step=(0.0, 0.0, 2.0))
    grid, without, sentence = {
        "missing": (None, (5,), r"displayed with distances that are wrong. Missing: 1 slice of 16, at z = -90.0 mm"),
        "gap": (None, (5, 6, 7), r"3 slices are missing between z = -92.0 mm and z = -84.0 mm"),
        "tilted": (tilted, (), r"as if the gantry had stood straight, but it was tilted by 11.5 degrees"),
    }[case]
    volume = from_dicom(grid, without)
    with pytest.raises(InputError, match=sentence):
        study_of_nodes(toy_logic.reader, Chosen({"ct": volume}), tmp_path)
    with pytest.raises(InputError, match=sentence):
        Exports(lambda: tmp_path).image(volume)  # whose features would be as wrong


def test_a_volume_whose_files_are_gone_is_read_as_it_is_displayed(toy_logic, from_dicom, tmp_path):
    volume = from_dicom(without=(5,))
    next((tmp_path / "series").iterdir()).unlink()
    assert study_of_nodes(toy_logic.reader, Chosen({"ct": volume}), tmp_path).image("ct").path is not None


# Reading


@pytest.fixture
def read_toy(toy_panel, segmented, add_ct):
    """The panel after a CT, its prior, a mask and two facts were read."""
    volume, segmentation, segment = segmented
    prior = add_ct("Earlier", -50)
    slicer.app.processEvents()
    toy_panel.selection.choose_image("prior-ct", prior)
    toy_panel.selection.choose_image("ct", volume)
    toy_panel.selection.choose_mask("lungs", segmentation, segment)
    toy_panel.selection.enter_fact("age", "61")
    read(toy_panel)
    return toy_panel


def test_the_reader_was_given_what_was_chosen(read_toy, phantom):
    study = read_toy.reading.study
    assert [image.role for image in study.images] == ["ct", "prior-ct"]
    assert study.mask("lungs").source == "segment 'My lung'"
    assert (study.clinical["age"].value, study.clinical["age"].source) == (61.0, "entered")
    voxel = 12.0**3 / 1000
    assert read_toy.reading.regions[0].volume_ml == pytest.approx(phantom.left_lung.sum() * voxel)


def test_measurements_and_the_comparison_stand_in_tables(read_toy):
    values = read_toy.views.values
    cells = [values.measurements.item(0, column).text() for column in range(4)]
    assert cells[0] == "Air"
    assert cells[1].endswith(" mL")
    assert values.measurements.isColumnHidden(2)  # nothing was corrected before
    assert " to " in cells[3]
    compared = [values.comparisons.item(0, column).text() for column in range(4)]
    assert compared[0] == "Mean attenuation (HU)"
    assert compared[3].startswith("+50")


def test_the_region_lies_in_the_scene_where_the_mask_was_with_its_code(read_toy, segmented):
    volume, mine, segment = segmented
    made = next(one for one in read_toy.layers.nodes("segmentation") if one.GetSegmentation().GetSegment("lungs"))
    given = slicer.util.arrayFromSegmentBinaryLabelmap(mine, segment, volume)
    found = slicer.util.arrayFromSegmentBinaryLabelmap(made, "lungs", volume)
    assert (given > 0).any()
    assert np.array_equal(given > 0, found > 0)
    assert "SCT^39607008^Lung" in made.GetSegmentation().GetSegment("lungs").GetTerminology()


def test_regions_and_levels_are_shown_apart(read_toy):
    display = read_toy.layers.nodes("segmentation")[0].GetDisplayNode()
    level = "dense-50"
    assert (display.GetSegmentVisibility("lungs"), display.GetSegmentVisibility(level)) == (True, False)
    host.click(read_toy.views.heat_map.levels)
    host.click(read_toy.views.heat_map.regions)
    assert (display.GetSegmentVisibility("lungs"), display.GetSegmentVisibility(level)) == (False, True)


def test_the_heat_map_lies_on_the_anatomy_though_its_array_is_turned(read_toy, segmented, phantom):
    volume = segmented[0]
    heat = read_toy.layers.heat_map("ct", "dense")
    assert slicer.util.arrayFromVolume(heat).shape == (SLICES, ROWS, COLUMNS)
    to_ijk = vtk.vtkMatrix4x4()
    heat.GetRASToIJKMatrix(to_ijk)
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    values, source = slicer.util.arrayFromVolume(heat), slicer.util.arrayFromVolume(volume)
    for k, j, i in ((3, 5, 7), (20, 11, 2), (29, 23, 15)):
        point = to_ijk.MultiplyPoint(to_ras.MultiplyPoint((i, j, k, 1)))
        column, row, place = (round(value) for value in point[:3])
        wanted = np.clip((source[k, j, i] + 1000) / 1500, 0, 1)
        assert values[place, row, column] == pytest.approx(wanted, abs=1e-4)


def test_choosing_a_finding_moves_the_axial_view_to_its_key_slice(read_toy, segmented):
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    bottom = -12.0 * (SLICES - 1)  # of the lowest slice: i runs to the feet
    assert node.GetSliceOffset() == pytest.approx(bottom + 12.0 * (SLICES // 2))
    node.SetSliceOffset(0)
    read_toy.verdicts.choose_finding("dense")
    assert node.GetSliceOffset() == pytest.approx(bottom + 12.0 * (SLICES // 2))


def test_a_profile_moves_the_view_by_keyboard_and_by_mouse(read_toy):
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    bottom = -12.0 * (SLICES - 1)
    view = read_toy.views.curves.views["profile"]
    host.press(view.slider, "Home")
    assert node.GetSliceOffset() == pytest.approx(bottom)
    host.press(view.slider, "Right")
    assert node.GetSliceOffset() == pytest.approx(bottom + 12.0)
    assert view.value.text.startswith("Slice 2: Toy: 0.")
    host.click(view.chart)  # its middle
    assert SLICES // 2 - 2 <= view.slider.value <= SLICES // 2


def test_a_survival_curve_is_read_with_its_band_beside_the_baseline(read_toy):
    view = read_toy.views.curves.views["survival"]
    host.press(view.slider, "Home")
    host.press(view.slider, "Right")
    assert view.value.text == "Time 6 months:\nToy: 90 % (80 % to 100 %)\nEverybody: 95 %"


def test_curves_are_plots_that_open_in_slicers_view(read_toy):
    chart = slicer.util.getNode("Survival of phantoms")
    assert chart.GetNumberOfNodeReferences("plotSeries") == 4  # the line, both ends of its band, the baseline
    table = slicer.util.getNode("Survival of phantoms table").GetTable()
    assert table.GetColumnName(0) == "Time (months)"
    assert table.GetNumberOfRows() == 9  # five positions as steps
    before = slicer.app.layoutManager().layout
    host.click(read_toy.views.curves.views["survival"].plot)
    assert slicer.app.layoutManager().layout != before


def test_a_corrected_region_is_the_mask_of_the_next_read_and_both_numbers_are_shown(toy_panel, add_ct):
    volume = add_ct("CT")
    slicer.app.processEvents()
    read(toy_panel)
    before = toy_panel.views.values.measurements.item(0, 1).text()
    (node,) = toy_panel.layers.nodes("segmentation")
    lungs = slicer.util.arrayFromSegmentBinaryLabelmap(node, "lungs", volume)
    lungs[: len(lungs) // 2] = 0  # as with the eraser of Segment Editor
    slicer.util.updateSegmentBinaryLabelmapFromArray(lungs, node, "lungs", volume)
    host.wait_until(lambda: toy_panel.inputs.mask("lungs") is not None)
    assert toy_panel.views.message.sentence.text == "A region was corrected. Read again, and the reading follows it."
    read(toy_panel)
    assert toy_panel.reading.study.mask("lungs").source == "segment 'Lungs'"
    values = toy_panel.views.values
    assert values.measurements.item(0, 2).text() == before
    assert values.measurements.item(0, 1).text() != before
    assert values.before.text.startswith("Masks were corrected since the read before. Dense ")
    assert toy_panel.inputs.mask("lungs").segment_id == "lungs"
    assert np.array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(node, "lungs", volume) > 0, lungs > 0)
    toy_panel.selection.choose_image("ct", add_ct("Of another patient"))
    assert toy_panel.inputs.mask("lungs") is None


def test_a_region_is_followed_on_whichever_image_it_was_corrected(toy_panel, add_ct):
    add_ct("CT")
    prior = add_ct("Earlier", -50)
    slicer.app.processEvents()
    toy_panel.selection.choose_image("prior-ct", prior)
    read(toy_panel)
    before = {region.name: region.volume_ml for region in toy_panel.reading.regions}
    node = next(
        one for one in toy_panel.layers.nodes("segmentation") if one.GetSegmentation().GetSegment("prior-lungs")
    )
    lungs = slicer.util.arrayFromSegmentBinaryLabelmap(node, "prior-lungs", prior)
    lungs[: len(lungs) // 2] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(lungs, node, "prior-lungs", prior)
    host.wait_until(lambda: toy_panel.inputs.mask("prior-lungs") is not None)
    assert toy_panel.inputs.mask("lungs") is None  # nobody corrected it
    read(toy_panel)
    now = {region.name: region.volume_ml for region in toy_panel.reading.regions}
    assert now["prior-lungs"] < 0.9 * before["prior-lungs"]
    assert now["lungs"] == before["lungs"]


def test_a_segment_that_was_only_recolored_is_no_correction(toy_panel, add_ct):
    add_ct("CT")
    slicer.app.processEvents()
    read(toy_panel)
    (node,) = toy_panel.layers.nodes("segmentation")
    node.GetSegmentation().GetSegment("lungs").SetColor(1, 0, 0)
    host.wait_until(lambda: not toy_panel.region_edits.is_waiting)
    assert toy_panel.inputs.mask("lungs") is None


def test_a_second_read_updates_the_same_nodes(read_toy):
    before = {node.GetID() for node in read_toy.logic.nodes.all()}
    read(read_toy)
    assert {node.GetID() for node in read_toy.logic.nodes.all()} == before


def test_the_nodes_of_the_user_stay_as_they_were(read_toy, segmented, phantom):
    volume, mine, _segment = segmented
    turned = phantom.pixels[::-1].transpose(2, 1, 0)
    assert np.array_equal(slicer.util.arrayFromVolume(volume), turned)
    assert mine.GetSegmentation().GetNumberOfSegments() == 1


def test_another_prior_takes_the_numbers_off_the_panel(read_toy, add_ct):
    other = add_ct("Yet earlier")
    slicer.app.processEvents()
    read_toy.selection.choose_image("prior-ct", other)
    assert read_toy.reading is None
    assert read_toy.views.sections["values"].isHidden()


def test_a_script_reads_by_role(toy_logic, segmented, add_ct):
    volume, segmentation, segment = segmented
    prior = add_ct("Earlier", -50)
    reading = toy_logic.read({"ct": volume, "prior-ct": prior}, {"lungs": (segmentation, segment)}, {"age": 61})
    assert reading.comparisons[0].now - reading.comparisons[0].prior == pytest.approx(50, abs=0.1)
    assert toy_logic.read(volume).comparisons == ()  # one node alone is the first image


def test_a_picture_where_a_volume_is_meant_is_refused(toy_logic, empty_scene):
    flat = slicer.util.addVolumeFromArray(np.zeros((1, 8, 8), "int16"), name="Radiograph")
    with pytest.raises(InputError, match="'Radiograph' is a single image; 'Chest CT' is a volume of slices"):
        toy_logic.read(flat)


def test_an_empty_segment_is_refused(toy_logic, segmented):
    volume, segmentation, _segment = segmented
    empty = segmentation.GetSegmentation().AddEmptySegment("", "Nothing")
    with pytest.raises(InputError, match="'Nothing' is empty on 'CT'"):
        toy_logic.read({"ct": volume}, {"lungs": (segmentation, empty)})


# Later


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_the_report_is_written_in_full_after_the_scene_was_saved_closed_and_opened(read_toy, tmp_path, ending):
    read_toy.keep(read_toy.reading.with_verdict(_verdict("dense")))
    host.save_scene(tmp_path / f"scene.{ending}")
    read_toy.forget()
    host.close_scene()
    assert read_toy.logic.kept.reading is None
    host.load_scene(tmp_path / f"scene.{ending}")
    read_toy.set_parameters(wrap(slicer.util.getNode("toy")))
    assert read_toy.reading.verdicts[0].comment == "seen before"
    read_toy.change("exportFolder", str(tmp_path / "reports"))
    read_toy.change("formats", ["html"])
    read_toy.export()
    host.wait_until(lambda: read_toy.session.state != "working", 60)
    assert read_toy.session.error is None
    (report,) = (tmp_path / "reports").glob("*/report.html")
    text = report.read_text("utf-8")
    for words in ("seen before", "The middle slice.", "data:image/png;base64", "Survival of phantoms"):
        assert words in text


def _verdict(finding):
    from readingroom.reading import Verdict

    return Verdict(finding, "accept", "seen before")
