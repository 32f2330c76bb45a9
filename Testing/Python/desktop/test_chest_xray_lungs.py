"""The lungs of a radiograph in the panel of Chest X-Ray: a segment that is chosen, and one that is corrected."""

from __future__ import annotations

import pytest
import slicer

import host
from readingroom.bundles import store
from readingroom.desktop.study_from_nodes import Chosen, SegmentChoice, study_of_nodes
from readingroom.phantoms.chest_radiograph import lung_outlines
from readingroom.readers import base
from readingroom.readers.chest_xray import READER


@pytest.fixture
def drawn(phantom):
    """A segment of both lungs that somebody drew on the phantom."""
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(phantom)
    key = segmentation.GetSegmentation().AddEmptySegment("", "Lungs", (0.3, 0.6, 0.9))
    right, left = lung_outlines(192, 160)
    slicer.util.updateSegmentBinaryLabelmapFromArray((right | left)[None].astype("uint8"), segmentation, key, phantom)
    return SegmentChoice(segmentation, key)


@pytest.fixture
def with_lungs(panel, phantom, drawn, answered, read, tmp_path):
    """The panel after the phantom was read with that segment."""
    study = study_of_nodes(READER, Chosen({"frontal": phantom}, {"lungs": drawn}), tmp_path)
    reading = base.read(READER, study, store.find("cxr-nih-pneumonia"), tmp_path / "out", "cpu", force=True)
    answered({"folder": str(tmp_path / "out"), "reading": reading.to_json()})
    read(panel)
    return panel


def measured(panel) -> dict[str, float]:
    return {one.name: one.value for one in panel.reading.measurements}


def test_a_corrected_lung_changes_zones_and_checks_at_once_and_what_is_undone_gives_them_back(with_lungs, phantom):
    panel = with_lungs
    node = panel.logic.nodes.find("segmentation", "frontal")
    segments = node.GetSegmentation()
    assert [segments.GetSegment(key).GetName() for key in ("right-lung", "left-lung")] == ["Right lung", "Left lung"]
    before, outside = measured(panel), check(panel).value
    whole = slicer.util.arrayFromSegmentBinaryLabelmap(node, "right-lung", phantom)
    half = whole.copy()
    half[:, whole.shape[1] // 2 :] = 0  # as with the scissors of Segment Editor
    slicer.util.updateSegmentBinaryLabelmapFromArray(half, node, "right-lung", phantom)
    host.wait_until(lambda: panel.logic.before is not None)
    assert panel.session.state != "working"
    assert panel.views.message.widget.isHidden()
    now = measured(panel)
    assert now["map-left-upper"] == pytest.approx(before["map-left-upper"])
    assert sum(now[f"map-right-{third}"] for third in ("upper", "middle", "lower")) < sum(
        before[f"map-right-{third}"] for third in ("upper", "middle", "lower")
    )
    assert check(panel).value > outside
    assert panel.inputs.mask("right-lung").segment_id == "right-lung"
    parts = panel.views.values.parts
    cells = [parts.item(row, column).text() for row in range(parts.rowCount) for column in range(parts.columnCount)]
    assert "Right upper" in cells
    assert any("(" in cell for cell in cells)  # what it was before
    slicer.util.updateSegmentBinaryLabelmapFromArray(whole, node, "right-lung", phantom)
    host.wait_until(lambda: measured(panel)["map-right-lower"] == pytest.approx(before["map-right-lower"]))
    assert measured(panel) == pytest.approx(before)
    assert check(panel).value == pytest.approx(outside)


def check(panel):
    return next(one for one in panel.reading.checks if one.name == "map in lungs")
