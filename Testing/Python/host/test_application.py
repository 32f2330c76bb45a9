"""The host starts, shows volumes and segments, closes, saves and loads scenes with real MRML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def a_volume(an_empty_scene: Any) -> Any:
    import slicer

    ramp = np.tile(np.linspace(0, 255, 60, dtype=np.float32), (1, 50, 1))
    volume = slicer.util.addVolumeFromArray(ramp, name="ramp")
    volume.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


@pytest.fixture
def a_segmentation(a_volume: Any) -> Any:
    import slicer

    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "marks")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(a_volume)
    segment = segmentation.GetSegmentation().AddEmptySegment("hot", "Hot", (1, 0, 0))
    mask = np.zeros((1, 50, 60), np.uint8)
    mask[0, 10:30, 20:40] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment, a_volume)
    return segmentation


def test_a_mask_written_into_a_segment_is_read_back(a_volume: Any, a_segmentation: Any) -> None:
    import slicer

    mask = slicer.util.arrayFromSegmentBinaryLabelmap(a_segmentation, "hot", a_volume)
    assert mask.sum() == 400


def test_a_slice_view_shows_the_volume(a_slicer_host: Any, a_volume: Any) -> None:
    picture = a_slicer_host.render_slice("Red")
    assert picture.shape == (500, 500, 3)
    # The ramp rises with i; i runs to the patient's left or right, so the two halves differ.
    assert abs(int(picture[250, 100, 0]) - int(picture[250, 400, 0])) > 80


def test_a_segment_colors_the_slice_view(a_slicer_host: Any, a_segmentation: Any) -> None:
    picture = a_slicer_host.render_slice("Red").astype(int)
    red = (picture[..., 0] - picture[..., 2]) > 40
    assert 0.05 < red.mean() < 0.3


def test_a_color_legend_appears_beside_the_foreground(a_slicer_host: Any, a_volume: Any) -> None:
    import slicer

    heat = slicer.util.addVolumeFromArray(np.random.default_rng(0).random((1, 50, 60)).astype(np.float32), name="heat")
    heat.CreateDefaultDisplayNodes()
    heat.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeFileInferno.txt")
    slicer.util.setSliceViewerLayers(foreground=heat, foregroundOpacity=0.0)
    before = a_slicer_host.render_slice("Red").astype(int)
    slicer.util.setSliceViewerLayers(foregroundOpacity=0.5)
    slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(heat)
    after = a_slicer_host.render_slice("Red").astype(int)
    assert (np.abs(after - before).max(axis=2) > 20)[:, 460:].any(), "nothing changed where the legend is"


def test_closing_the_scene_tells_observers_and_keeps_the_views(a_slicer_host: Any, a_volume: Any) -> None:
    import slicer

    events = []
    scene = slicer.mrmlScene
    tags = [
        scene.AddObserver(scene.StartCloseEvent, lambda *_: events.append("start")),
        scene.AddObserver(scene.EndCloseEvent, lambda *_: events.append("end")),
    ]
    a_slicer_host.close_scene()
    for tag in tags:
        scene.RemoveObserver(tag)
    assert events == ["start", "end"]
    assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetScene() is slicer.mrmlScene


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_parameters_survive_saving_and_loading(a_slicer_host: Any, a_volume: Any, tmp_path: Path, ending: str) -> None:
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "settings")
    node.SetParameter("level", "0.5")
    path = tmp_path / f"scene.{ending}"
    a_slicer_host.save_scene(path)
    node.SetParameter("level", "0.9")
    a_slicer_host.load_scene(path)
    assert slicer.util.getNode("settings").GetParameter("level") == "0.5"


def test_a_new_segmentation_lies_below_the_scene_in_the_subject_hierarchy(an_empty_scene: Any) -> None:
    hierarchy = an_empty_scene.GetSubjectHierarchyNode()
    segmentation = an_empty_scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "marks")
    item = hierarchy.GetItemByDataNode(segmentation)
    assert item != 0
    assert hierarchy.GetItemParent(item) == hierarchy.GetSceneItemID()
    an_empty_scene.RemoveNode(segmentation)
    assert hierarchy.GetItemDataNode(item) is None


def test_the_subject_hierarchy_survives_saving_and_loading(
    a_slicer_host: Any, a_segmentation: Any, a_volume: Any, tmp_path: Path
) -> None:
    import slicer

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(a_segmentation), study)
    a_slicer_host.save_scene(tmp_path / "scene.mrb")
    a_slicer_host.close_scene()
    a_slicer_host.load_scene(tmp_path / "scene.mrb")
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(slicer.util.getNode("marks"))
    assert hierarchy.GetItemName(hierarchy.GetItemParent(item)) == "study"
    assert hierarchy.GetItemByDataNode(slicer.util.getNode("ramp")) != 0


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal here")
def test_a_long_run_does_not_use_up_none(a_slicer_host: Any):
    import qt

    timer = qt.QTimer()
    for _ in range(1000):
        timer.stop()
    assert sys.getrefcount(None) > 1_000_000_000
