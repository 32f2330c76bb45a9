"""The panel of Lung Survival: a phantom with a tumor, clinical facts, the weights of slices."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
import vtk
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import host
import lung_survival_cases as cases
from pasc_fibrosis_cases import write_nrrd
from readingroom.formatting import quantity_text

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 300.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle whose weights are written by hand, with a model on the volume of the tumor."""
    return cases.write_bundle(tmp_path_factory.mktemp("bundle") / "dense-slices", volume=cases.VOLUME)


@pytest.fixture(scope="module")
def chest():
    """A phantom with a tumor."""
    return cases.phantom()


@pytest.fixture(scope="module")
def answer(bundle, chest, tmp_path_factory) -> dict:
    """What a worker answers of the chest, at 67 years and stage I: read once."""
    folder = tmp_path_factory.mktemp("answer")
    write_nrrd(folder / "ct.nrrd", chest.pixels)
    reading = cases.read(bundle, folder / "reading", folder / "ct.nrrd", facts={"age": "67", "stage": "I"}, force=True)
    return {"folder": str(folder / "reading"), "reading": reading.to_json()}


def open_panel(bundle):
    """The open module, whose bundle is the one by hand."""
    from readingroom import cli

    assert cli.main(["bundles", "install", str(bundle.folder)]) == 0
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "LungSurvival" / "LungSurvival.py")
    panel = host.open_module("LungSurvival").panel
    panel.selection.choose_bundle("dense-slices")
    panel.selection.choose_device("cpu")
    return panel


@pytest.fixture
def panel(empty_scene, bundle):
    """The panel with a worker process of its own."""
    panel = open_panel(bundle)
    yield panel
    panel.logic.stop()


@pytest.fixture(scope="module")
def answer_with_tumor(bundle, chest, tmp_path_factory) -> dict:
    """What a worker answers of the chest whose tumor was outlined."""
    folder = tmp_path_factory.mktemp("answer")
    ct, tumor = write_nrrd(folder / "ct.nrrd", chest.pixels), write_nrrd(folder / "tumor.nrrd", chest.tumor)
    reading = cases.read(bundle, folder / "reading", ct, {"tumour": tumor}, {"age": "67", "stage": "I"}, force=True)
    return {"folder": str(folder / "reading"), "reading": reading.to_json()}


@pytest.fixture
def read_panel(empty_scene, bundle, chest, answer, recorded_client, monkeypatch):
    """The panel after the chest was read at 67 years and stage I; its worker cannot be asked anything else."""
    yield from panel_after(bundle, chest, answer, recorded_client, monkeypatch)


@pytest.fixture
def tumor_panel(empty_scene, bundle, chest, answer_with_tumor, recorded_client, monkeypatch):
    """The same after a read with the tumor outlined."""
    yield from panel_after(bundle, chest, answer_with_tumor, recorded_client, monkeypatch)


def panel_after(bundle, chest, answer, recorded_client, monkeypatch):
    loaded = {"bundle": "dense-slices", "device": "cpu"}
    monkeypatch.setattr("readingroom.engine.client.WorkerClient", lambda: recorded_client(loaded, answer))
    panel = open_panel(bundle)
    while panel.session._job._waits():  # until the network is loaded
        pass
    add(chest)
    enter(panel, "age", "67")
    enter(panel, "stage", "Stage I")
    read(panel)
    host.wait_until(lambda: all(view.slider.visible for view in panel.views.curves.views.values()))
    yield panel
    panel.logic.stop()


def add(made, name: str = "CT"):
    """A phantom as a volume node; its arrays run to the left, to the back and to the head."""
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-made.spacing[2], -made.spacing[1], made.spacing[0])):
        to_ras.SetElement(axis, axis, value)
    volume = slicer.util.addVolumeFromArray(made.pixels, to_ras, name=name)
    volume.CreateDefaultDisplayNodes()
    slicer.app.processEvents()
    return volume


def read(panel) -> None:
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", SECONDS)
    if panel.views.checks.read_anyway.visible:
        host.click(panel.views.checks.read_anyway)
        host.wait_until(lambda: panel.session.state != "working", SECONDS)
    assert panel.session.error is None, getattr(panel.session.error, "detail", panel.session.error)
    assert panel.views.message.widget.isHidden(), panel.views.message.sentence.text


def enter(panel, name: str, text: str) -> None:
    """Type or choose a clinical fact."""
    editor = panel.views.clinical.rows[name].editor
    if editor.inherits("QComboBox"):
        host.select(editor, text)
    else:
        editor.selectAll()
        host.press(editor, "Del")
        if text:
            host.type(editor, text)
        host.press(editor, "Return")


def risks(panel) -> dict[str, list[str]]:
    """Columns of the table of risks by their header."""
    table = panel.views.values.parts
    header = [table.horizontalHeaderItem(column).text().replace("\n", " ") for column in range(table.columnCount)]
    rows = [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def strip_of(panel):
    return panel.views.curves.views["attention"]


def risk_curve(panel):
    return panel.views.curves.views["incidence-death"]


def plot_lines() -> list[str]:
    """Names of the lines in Slicer's plot view."""
    chart = slicer.mrmlScene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode").GetPlotChartNode()
    return [
        chart.GetNthPlotSeriesNode(number).GetName() for number in range(chart.GetNumberOfNodeReferences("plotSeries"))
    ]


def slice_shown(spacing: tuple[float, float, float]) -> int:
    """Which slice the axial view shows; the first is 1."""
    axial = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    return round(axial.GetSliceOffset() / spacing[0]) + 1


def in_layout() -> set[str]:
    nodes = slicer.util.getNodesByClass("vtkMRMLAbstractViewNode")
    return {node.GetLayoutName() for node in nodes if node.IsMappedInLayout()}


def test_risks_at_four_times_stand_beside_clinical_facts_and_cohort_each_with_who_is_behind_it(read_panel):
    table = risks(read_panel)
    assert table.pop("") == ["6 months", "12 months", "18 months", "24 months"]
    assert list(table) == [
        "This CT, learned from 40 phantoms (%)",
        "Clinical facts, 252 patients (%)",
        "Training cohort, 40 phantoms (%)",
    ]
    network, clinical, cohort = table.values()
    assert all(" (" in cell and " to " in cell for cell in (*network, *clinical))
    assert cohort == ["12.5", "25.0", "37.5", "50.0"]
    row = read_panel.views.findings.rows["death"]
    assert row.title.text == "Death from any cause within 24 months (learned from 40 phantoms)"
    assert row.probability.text == f"{float(network[-1].split()[0]):.0f} %"


def test_the_curve_stands_with_its_band_and_baselines_in_a_plot_below_the_slices(read_panel):
    assert in_layout() == {"Red", "Green", "PlotView1"}
    lines = plot_lines()
    assert len(lines) == 7  # network and clinical facts with both ends of their bands, and the cohort
    assert lines[0] == "This CT (learned from 40 phantoms)"
    assert lines[3] == "Clinical facts alone (Cox model, 252 patients of LUNG1)"
    assert lines[6] == "Training cohort (40 phantoms, 25 deaths)"


def test_the_plot_view_shows_another_curve_on_demand_and_the_layout_stays(read_panel):
    host.click(strip_of(read_panel).plot)
    assert plot_lines() == ["This CT", "All the same"]
    assert in_layout() == {"Red", "Green", "PlotView1"}


def test_another_ct_has_no_curve_and_its_strip_of_slices(read_panel, chest):
    other = add(chest, "Other")
    read_panel.selection.choose_image("ct", other)
    assert "ReadingRoomStrip1" in in_layout()
    assert "PlotView1" not in in_layout()
    read_panel.selection.choose_image("ct", slicer.util.getNode("CT"))
    assert "PlotView1" in in_layout()


def test_another_module_finds_the_views_as_they_were(read_panel):
    slicer.util.selectModule("ReadingRoomHome")
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    slicer.util.selectModule("LungSurvival")
    assert in_layout() == {"Red", "Green", "PlotView1"}


def test_the_strip_moves_the_slice_views_by_key_click_and_drag(read_panel, chest):
    view = strip_of(read_panel)
    numbers = [
        round(number) for number in next(c for c in read_panel.reading.curves if c.name == "attention").positions
    ]
    host.press(view.slider, "Home")
    assert slice_shown(chest.spacing) == numbers[0]
    host.press(view.slider, "Right")
    assert slice_shown(chest.spacing) == numbers[1]
    host.click(view.chart)  # its middle
    middle = slice_shown(chest.spacing)
    assert numbers[2] < middle < numbers[-2]
    left, right = (QPoint(x, 60) for x in (view.chart.width // 2, view.chart.width - 10))
    QTest.mousePress(view.chart, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, left)
    QTest.mouseMove(view.chart, right)
    QTest.mouseRelease(view.chart, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, right)
    assert slice_shown(chest.spacing) == numbers[-1]
    assert view.value.text.startswith(f"Slice {numbers[-1]}")


def test_a_click_on_the_marked_slice_goes_back_to_it(read_panel, chest):
    view = strip_of(read_panel)
    host.click(view.chart)
    middle = slice_shown(chest.spacing)
    slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().SetSliceOffset(0)
    host.click(view.chart)
    assert slice_shown(chest.spacing) == middle


def test_the_slice_that_weighs_most_is_shown_first_and_named(read_panel, chest):
    strip = next(curve for curve in read_panel.reading.curves if curve.name == "attention")
    heaviest = max(range(len(strip.positions)), key=lambda place: strip.line.values[place])
    assert slice_shown(chest.spacing) == round(strip.positions[heaviest])
    assert strip_of(read_panel).slider.value == heaviest
    assert "All the same: 1" in strip_of(read_panel).value.text


def test_the_weight_of_slices_lies_over_the_ct_in_place_of_the_map(read_panel):
    layers = {node.GetID(): node.GetName() for node in read_panel.layers.nodes("heat map")}
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert layers[red.GetForegroundVolumeID()].endswith("heat map")
    host.click(read_panel.views.heat_map.others["attention"])
    assert layers[red.GetForegroundVolumeID()].endswith("weight of slices")
    weights = slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(red.GetForegroundVolumeID()))
    assert weights.max() == pytest.approx(1)
    host.click(read_panel.views.heat_map.others["attention"])
    assert layers[red.GetForegroundVolumeID()].endswith("heat map")


def test_another_stage_and_age_change_the_clinical_numbers_alone_and_at_once(read_panel):
    before = risks(read_panel)
    clinical = "Clinical facts, 252 patients (%)"
    enter(read_panel, "stage", "Stage IIIB")
    changed = risks(read_panel)
    assert changed.pop(clinical) != before.pop(clinical)
    assert changed == before
    line = next(curve for curve in read_panel.reading.curves if curve.kind == "survival").baselines[0]
    assert float(risks(read_panel)[clinical][-1].split()[0]) == pytest.approx(100 * line.values[-1], abs=0.06)
    table = slicer.util.getNode("Death from any cause: risk over time table").GetTable()
    shown = table.GetColumnByName(plot_lines()[3])
    assert shown.GetValue(shown.GetNumberOfTuples() - 1) == pytest.approx(line.values[-1])
    at_67 = risks(read_panel)[clinical]
    enter(read_panel, "age", "40")
    assert risks(read_panel)[clinical] != at_67
    assert f"{100 * read_panel.reading.curves[0].baselines[0].values[-1]:.0f} %" in risk_curve(read_panel).value.text
    assert [name for name, _ in read_panel.session.client.asked] == ["warm", "read"]


def test_without_any_fact_the_clinical_line_goes_and_a_check_says_why(read_panel):
    enter(read_panel, "stage", "Not known")
    enter(read_panel, "age", "")
    assert [name for name in risks(read_panel) if name.startswith("Clinical")] == []
    assert len(plot_lines()) == 4
    check = next(one for one in read_panel.reading.checks if one.name == "clinical facts")
    assert check.sentence.startswith("No clinical facts are known")
    enter(read_panel, "stage", "Stage II")
    assert len(plot_lines()) == 7


def test_an_age_out_of_range_is_a_sentence_and_changes_nothing(read_panel):
    before = risks(read_panel)
    enter(read_panel, "age", "670")
    assert read_panel.views.message.sentence.text == "Age is '670'; it must be between 18 and 110 years."
    assert risks(read_panel) == before


def test_facts_and_what_they_changed_come_back_with_the_scene(read_panel, tmp_path):
    enter(read_panel, "stage", "Stage IIIB")
    before = risks(read_panel)
    host.save_scene(tmp_path / "scene.mrml")
    host.close_scene()
    host.load_scene(tmp_path / "scene.mrml")
    rows = read_panel.views.clinical.rows
    assert (rows["age"].editor.text, rows["stage"].editor.currentText) == ("67", "Stage IIIB")
    assert (rows["age"].source.text, rows["sex"].source.text) == ("entered", "")
    assert risks(read_panel) == before
    assert "PlotView1" in in_layout()


def test_the_curves_are_read_with_the_keyboard(read_panel):
    view = risk_curve(read_panel)
    host.press(view.slider, "Home")
    assert view.value.text.splitlines()[0] == "Time since the CT 0 months:"
    for _ in range(6):
        host.press(view.slider, "Right")
    lines = view.value.text.splitlines()
    assert lines[0] == "Time since the CT 6 months:"
    assert lines[1].startswith("This CT (learned from 40 phantoms): 21 % (")
    assert lines[3] == "Training cohort (40 phantoms, 25 deaths): 12 %"


def test_a_corrected_lung_and_a_tumor_of_the_scene_are_followed(panel, chest):
    ct = add(chest)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    segmentation.GetSegmentation().AddEmptySegment("gtv", "GTV-1")
    slicer.util.updateSegmentBinaryLabelmapFromArray(chest.tumor.astype("uint8"), segmentation, "gtv", ct)
    panel.selection.choose_mask("tumour", segmentation, "gtv")
    read(panel)
    tumor = next(region for region in panel.reading.regions if region.name == "tumour")
    assert tumor.volume_ml == pytest.approx(chest.tumor_ml, rel=0.01)
    numbers = {curve.name: curve.positions for curve in panel.reading.curves}
    (found,) = panel.layers.nodes("segmentation")
    right = slicer.util.arrayFromSegmentBinaryLabelmap(found, "right-lung", ct) > 0
    left = slicer.util.arrayFromSegmentBinaryLabelmap(found, "left-lung", ct) > 0
    half = (chest.tumor & (slicer.util.arrayFromSegmentBinaryLabelmap(found, "tumour", ct) > 0)).astype("uint8")
    half[:, :, : round(half.nonzero()[2].mean())] = 0
    right[: len(right) // 2], left[: len(left) // 2] = False, False
    for name, mask in (("right-lung", right), ("left-lung", left), ("tumour", half)):
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), found, name, ct)
    host.wait_until(
        lambda: panel.inputs.mask("tumour") is not None and panel.inputs.mask("tumour").segment_id == "tumour"
    )
    panel.views.message.hide()
    read(panel)
    again = next(region for region in panel.reading.regions if region.name == "tumour")
    assert again.volume_ml < 0.8 * tumor.volume_ml
    assert panel.reading.study.mask("right-lung").source == "segment 'Right lung'"
    positions = next(curve.positions for curve in panel.reading.curves if curve.name == "attention")
    assert positions[0] > numbers["attention"][0]  # the slices without lung are read no more
    assert "before" in panel.views.values.before.text


def test_a_corrected_tumor_moves_its_numbers_and_its_line_at_once_and_asks_no_network(tumor_panel, chest):
    panel, ct = tumor_panel, slicer.util.getNode("CT")
    (found,) = panel.layers.nodes("segmentation")
    before, network = risks(panel), panel.reading.findings
    assert before["Tumor volume, 33 phantoms (%)"]
    assert plot_lines()[6] == "Tumor volume alone (Cox model, 33 phantoms)"
    view = risk_curve(panel)
    host.press(view.slider, "Home")
    half = chest.tumor.astype("uint8")
    half[:, :, : round(half.nonzero()[2].mean())] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(half, found, "tumour", ct)
    host.wait_until(lambda: panel.logic.before is not None)
    assert view.value.text.startswith("Time since the CT 0 months")  # where somebody looks stays
    assert panel.session.state != "working"
    assert panel.views.message.widget.isHidden()
    after = risks(panel)
    for now, earlier in zip(
        after.pop("Tumor volume, 33 phantoms (%)"), before["Tumor volume, 33 phantoms (%)"], strict=True
    ):
        assert now.endswith(f" ({earlier})")
    assert all(after[title] == before[title] for title in after)
    rows = values(panel)
    ml = half.sum() * chest.tumor_ml / chest.tumor.sum()
    assert rows["Volume", "Tumor"][:2] == [quantity_text(ml, "mL"), quantity_text(chest.tumor_ml, "mL")]
    assert rows["Longest diameter", "Tumor"][0] != rows["Longest diameter", "Tumor"][1]
    assert "no network was asked" in panel.views.values.before.text
    assert panel.reading.findings == network
    assert panel.reading.study.mask("tumour").source == "segment 'Tumor', corrected"
    assert panel.inputs.mask("tumour").segment_id == "tumour"
    assert panel.inputs.mask("right-lung") is None
    # Before stays what was read, however often the outline is corrected.
    half[:, : round(half.nonzero()[1].mean())] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(half, found, "tumour", ct)
    host.wait_until(lambda: values(panel)["Volume", "Tumor"][0] != quantity_text(ml, "mL"))
    assert values(panel)["Volume", "Tumor"][1] == quantity_text(chest.tumor_ml, "mL")


def test_a_corrected_lung_beside_the_tumor_needs_another_read(tumor_panel, chest):
    panel, ct = tumor_panel, slicer.util.getNode("CT")
    (found,) = panel.layers.nodes("segmentation")
    right = slicer.util.arrayFromSegmentBinaryLabelmap(found, "right-lung", ct) > 0
    right[: len(right) // 2] = False
    slicer.util.updateSegmentBinaryLabelmapFromArray(right.astype("uint8"), found, "right-lung", ct)
    host.wait_until(lambda: panel.inputs.mask("right-lung") is not None)
    assert "Read again" in panel.views.message.sentence.text
    assert panel.logic.before is None


def test_a_tumor_that_was_erased_is_a_sentence(tumor_panel, chest):
    panel, ct = tumor_panel, slicer.util.getNode("CT")
    (found,) = panel.layers.nodes("segmentation")
    slicer.util.updateSegmentBinaryLabelmapFromArray((chest.tumor * 0).astype("uint8"), found, "tumour", ct)
    host.wait_until(lambda: panel.views.message.widget.visible)
    assert values(panel)["Volume", "Tumor"][0] == quantity_text(chest.tumor_ml, "mL")


def values(panel) -> dict[tuple[str, str], list[str]]:
    """Value and value before of each measurement, by its title and region."""
    table = panel.views.values.measurements
    cells = [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]
    return {(row[0], row[-1]): row[1:3] for row in cells}


@pytest.mark.slow
def test_the_self_test_of_the_module_passes(panel):
    host.run_self_test("LungSurvival")


def test_the_home_panel_offers_the_module(panel):
    home = host.open_module("ReadingRoomHome").panel
    host.click(home.readers.buttons["LungSurvival"])
    assert "ReadingRoomStrip1" in in_layout()  # it opened, and arranged the views
