"""The panel of Liver HCC: a phantom with a lesion, its liver from the scene, parts taken away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk

import host
import liver_hcc_cases as cases
from readingroom.imaging.liver_sectors import SECTORS

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 600.0
BANNER = "Site and label are one: what tells them apart may be the scanner."


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle whose weights are written by hand, with one explained feature, of one site for each label."""
    folder = tmp_path_factory.mktemp("bundle") / "bright"
    return cases.write_bundle(folder, cases.gray_network(), explained=cases.explained(), banner=BANNER)


@pytest.fixture
def panel(empty_scene, bundle):
    """The open module with a worker process of its own, whose bundle is the one by hand."""
    from readingroom import cli

    assert cli.main(["bundles", "install", str(bundle.folder)]) == 0
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "LiverHCC" / "LiverHCC.py")
    panel = host.open_module("LiverHCC").panel
    panel.selection.choose_bundle("bright")
    panel.selection.choose_device("cpu")
    yield panel
    panel.logic.stop()


def add(voxels: np.ndarray, name: str = "MR"):
    """A volume node; its arrays run to the left, to the back and to the head."""
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-cases.SPACING[2], -cases.SPACING[1], cases.SPACING[0])):
        to_ras.SetElement(axis, axis, value)
    volume = slicer.util.addVolumeFromArray(voxels, to_ras, name=name)
    volume.CreateDefaultDisplayNodes()
    slicer.app.processEvents()
    return volume


def outline(panel, volume):
    """The liver as a segment that the panel reads with."""
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.GetSegmentation().AddEmptySegment("own", "Liver")
    mask = cases.phantom().liver.astype("uint8")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, "own", volume)
    panel.selection.choose_mask("liver", segmentation, "own")
    return segmentation


def shown(volume) -> tuple[float, float]:
    display = volume.GetScalarVolumeDisplayNode()
    return display.GetLevel(), display.GetWindow()


def read(panel) -> None:
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", SECONDS)
    if panel.views.checks.read_anyway.visible:
        host.click(panel.views.checks.read_anyway)
        host.wait_until(lambda: panel.session.state != "working", SECONDS)
    assert panel.session.error is None, getattr(panel.session.error, "detail", panel.session.error)


def test_a_person_outlines_the_liver_reads_it_and_looks_at_the_parts(panel):
    voxels = cases.pixels()
    mr = add(voxels)
    outline(panel, mr)
    read(panel)
    heat_map = panel.layers.heat_map("mr", "hcc")
    heat = slicer.util.arrayFromVolume(heat_map)
    assert heat.shape == voxels.shape
    assert cases.lesion()[np.unravel_index(np.where(cases.phantom().liver, heat, 0).argmax(), heat.shape)]
    (segmentation,) = panel.layers.nodes("segmentation")
    found = set(segmentation.GetSegmentation().GetSegmentIDs())
    assert {"liver", "suspicious-50", *(sector.name for sector in SECTORS)} <= found
    assert panel.views.demonstration.visible
    assert panel.views.banner.visible
    assert panel.views.banner.text == BANNER
    table = panel.views.values.parts
    assert [table.item(row, 0).text() for row in range(table.rowCount)] == [sector.title for sector in SECTORS]
    # A row of the explained features shows where that feature is active, and its name above the colors.
    axial = slicer.app.layoutManager().sliceWidget("Red")
    assert axial.mrmlSliceCompositeNode().GetForegroundVolumeID() == heat_map.GetID()
    panel.views.explained.speaking.selectRow(0)
    feature = panel.layers.heat_map("mr", "hcc", "feature", "deep-0")
    assert axial.mrmlSliceCompositeNode().GetForegroundVolumeID() == feature.GetID()
    active = slicer.util.arrayFromVolume(feature)
    liver = cases.phantom().liver
    assert active[cases.lesion()].mean() > 1.2 * active[liver & ~cases.lesion()].mean()
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(feature)
    assert legend.GetVisibility()
    assert legend.GetTitleText() == "deep-0"
    # So does the bias field, whose colors are labeled with how many times brighter a place is.
    bias = panel.layers.heat_map("mr", "hcc", "bias-field")
    (box,) = panel.layers.nodes("box")
    host.click(panel.views.heat_map.others["bias-field"])
    assert not box.GetDisplayNode().GetVisibility()  # it is of the heat map
    assert axial.mrmlSliceCompositeNode().GetForegroundVolumeID() == bias.GetID()
    field, display = slicer.util.arrayFromVolume(bias), bias.GetDisplayNode()
    assert 0.3 < field.min() < display.GetWindowLevelMin() < 1 < display.GetWindowLevelMax() < field.max() < 3
    assert slicer.modules.colors.logic().GetColorLegendDisplayNode(bias).GetVisibility()
    # The profile moves the axial view; its image is never changed.
    (profile,) = panel.views.curves.views.values()
    host.press(profile.slider, "Home")
    lowest = float(np.flatnonzero(cases.phantom().liver.any(axis=(1, 2)))[0]) * cases.SPACING[0]
    assert axial.mrmlSliceNode().GetSliceOffset() == pytest.approx(lowest, abs=cases.SPACING[0] + 0.1)
    assert np.array_equal(slicer.util.arrayFromVolume(mr), voxels)
    # A corrected liver, as large as it was: numbers and the suspicious part follow, and the answer says that it needs
    # another read.
    assert not panel.views.findings.read_again.visible
    moved = np.roll(liver, 3, axis=2)
    slicer.util.updateSegmentBinaryLabelmapFromArray(moved.astype("uint8"), segmentation, "liver", mr)
    host.wait_until(lambda: panel.reading.outdated)
    assert panel.views.findings.read_again.visible
    assert panel.views.findings.outdated.text == panel.reading.outdated
    hot = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "suspicious-50", mr) > 0
    assert np.array_equal(hot, moved & (heat >= 0.5))
    host.click(panel.views.findings.read_again)
    assert panel.session.state == "working"
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working")
    assert panel.views.findings.read_again.visible  # the read was canceled


def test_two_mrs_of_other_scales_are_shown_alike_and_get_their_own_window_back(panel):
    voxels = cases.pixels()
    mr, louder = add(voxels), add((voxels * 3).astype(np.int16), "Louder")
    own = shown(louder)
    panel.selection.choose_image("mr", mr)
    quiet = shown(mr)
    assert quiet[1] == pytest.approx(np.percentile(voxels, 97) - np.percentile(voxels, 1))
    panel.selection.choose_image("mr", louder)
    assert shown(louder) == pytest.approx([3 * value for value in quiet], rel=0.02)
    slicer.util.selectModule("ReadingRoomHome")
    assert shown(louder) == own


def test_without_a_mask_the_panel_says_what_is_missing(panel):
    assert not panel.views.study.grow["liver"].enabled  # there is nothing to click into
    panel.selection.choose_image("mr", add(cases.pixels()))
    assert panel.views.study.grow["liver"].enabled
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", SECONDS)
    assert "not outlined" in str(panel.session.error)


@pytest.mark.slow
def test_the_self_test_of_the_module_passes_with_the_bundle_that_ships(empty_scene):
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "LiverHCC" / "LiverHCC.py")
    host.run_self_test("LiverHCC")
