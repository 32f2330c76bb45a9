"""The panel of PASC Fibrosis with a real worker process: a chest phantom, its prior, a corrected lung."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk

import host
import pasc_fibrosis_cases as cases

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 300.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle whose weights are written by hand."""
    return cases.write_bundle(tmp_path_factory.mktemp("bundle") / "gray-band", cases.gray_network())


@pytest.fixture
def panel(empty_scene, bundle):
    """The open module, whose bundle is the one by hand."""
    from readingroom import cli

    assert cli.main(["bundles", "install", str(bundle.folder)]) == 0
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "PASCFibrosis" / "PASCFibrosis.py")
    panel = host.open_module("PASCFibrosis").panel
    panel.selection.choose_bundle("gray-band")
    yield panel
    panel.logic.stop()


def add(made, name: str, height: float = 0.0):
    """A phantom as a volume node; its arrays run to the left, to the back and to the head."""
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-made.spacing[2], -made.spacing[1], made.spacing[0])):
        to_ras.SetElement(axis, axis, value)
    to_ras.SetElement(2, 3, height)
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


def rows(table) -> dict[str, list[str]]:
    """Cells by the first of their row."""
    cells = [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]
    return {row[0]: row[1:] for row in cells}


def shown(volume) -> tuple[float, float]:
    display = volume.GetScalarVolumeDisplayNode()
    return display.GetLevel(), display.GetWindow()


def test_a_person_reads_a_ct_looks_along_it_corrects_a_lung_and_reads_again(panel):
    made = cases.phantom(3, 500.0)
    ct = add(made, "CT")
    assert shown(ct) == (-600, 1500)
    read(panel)
    # What was found lies on the anatomy.
    (heat_map,) = panel.layers.nodes("heat map")
    heat = slicer.util.arrayFromVolume(heat_map)
    assert heat.shape == made.pixels.shape
    assert 0.5 < heat.max() <= 1
    (segmentation,) = panel.layers.nodes("segmentation")
    right = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "right-lung", ct) > 0
    assert 2 * (right & made.right_lung).sum() / (right.sum() + made.right_lung.sum()) > 0.9
    assert panel.views.demonstration.visible
    # What is suspicious is a region of the lungs, and no second time a level of the map.
    assert not panel.views.heat_map.levels.visible
    # The profile moves the axial view and leaves the strip.
    (profile,) = panel.views.curves.views.values()
    host.press(profile.slider, "End")
    host.press(profile.slider, "Home")
    lowest = float(np.flatnonzero(made.right_lung.any(axis=(1, 2)))[0]) * made.spacing[0]
    axial = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    assert axial.GetSliceOffset() == pytest.approx(lowest, abs=made.spacing[0] + 0.1)
    # A correction is followed, and both numbers are there.
    table = panel.views.values.measurements
    before = rows(table)["Suspicious lung"][0]
    right[: len(right) * 2 // 3] = False
    slicer.util.updateSegmentBinaryLabelmapFromArray(right.astype("uint8"), segmentation, "right-lung", ct)
    host.wait_until(lambda: panel.inputs.mask("right-lung") is not None)
    panel.views.message.hide()
    read(panel)
    assert panel.reading.study.mask("right-lung").source == "segment 'Right lung'"
    assert rows(table)["Suspicious lung"][1] == before
    assert rows(table)["Suspicious lung"][0] != before
    parts = rows(panel.views.values.parts)
    assert " (" in parts["Right lower"][0]  # mL of lung, and in brackets before
    assert " (" not in parts["Left lower"][0]
    # The module is left as it was found.
    slicer.util.selectModule("ReadingRoomHome")
    assert shown(ct) != (-600, 1500)
    assert np.array_equal(slicer.util.arrayFromVolume(ct), made.pixels)


def test_a_prior_is_compared_and_stands_beside(panel):
    ct, prior = add(cases.phantom(3, 500.0), "CT"), add(cases.phantom(3, 60.0), "Earlier", 40.0)
    host.select(panel.views.study.images["prior-ct"], "Earlier")
    read(panel)
    amounts = rows(panel.views.values.comparisons)
    assert "Suspicious lung (mL)" in amounts
    views = {name: slicer.app.layoutManager().sliceWidget(name) for name in ("Red", "ReadingRoomPriorAxial")}
    backgrounds = [view.mrmlSliceCompositeNode().GetBackgroundVolumeID() for view in views.values()]
    assert backgrounds == [ct.GetID(), prior.GetID()]
    assert [shown(volume) for volume in (ct, prior)] == [(-600, 1500)] * 2
    now, then = (view.mrmlSliceNode() for view in views.values())
    apart = then.GetSliceOffset() - now.GetSliceOffset()
    (profile,) = panel.views.curves.views.values()
    host.press(profile.slider, "End")
    assert then.GetSliceOffset() - now.GetSliceOffset() == pytest.approx(apart)


def test_lungs_and_what_is_suspicious_in_them_are_measured_by_either_engine(panel, extension):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    extension()
    add(cases.phantom(3, 500.0), "CT")
    read(panel)
    section = panel.features
    section.enter()
    host.click(panel.views.sections["features"])
    slicer.app.processEvents()
    (segmentation,) = panel.layers.nodes("segmentation")
    assert section.settings.segmentation is segmentation
    section.choose_segments(["left-lung", "suspicious-50"])
    found = []
    for engine in ("Reading Room", "SlicerRadiomics"):
        host.select(section.views.settings.engine, engine)
        host.click(section.views.run.button)
        host.wait_until(lambda: not section.work.is_working, SECONDS)
        assert section.work.error is None
        found.append([segment.now.features.values for segment in section.work.results_of(segmentation).segments])
    for ours, theirs in zip(*found, strict=True):
        assert dict(ours) == pytest.approx(dict(theirs), rel=1e-6, abs=1e-7)
    volumes = {region.name: region.volume_ml for region in panel.reading.regions}
    measured = [values["original_shape_VoxelVolume"] / 1000 for values in found[0]]
    assert measured == pytest.approx([volumes["left-lung"], volumes["suspicious-50"]])


@pytest.mark.slow
def test_the_self_test_of_the_module_passes(panel):
    host.run_self_test("PASCFibrosis")


def test_the_home_panel_offers_the_module(panel):
    home = host.open_module("ReadingRoomHome").panel
    host.click(home.readers.buttons["PASCFibrosis"])
    assert slicer.app.layoutManager().layout >= 7400  # it opened, and arranged the views
