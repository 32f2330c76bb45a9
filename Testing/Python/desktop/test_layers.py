"""What a reading adds to the scene, and that nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import slicer
import vtk

import host
from readingroom.desktop.layer_nodes import COLOR_TABLES, legend_of
from readingroom.desktop.layers import Layers
from readingroom.desktop.owned_nodes import OwnedNodes
from readingroom.errors import InputError
from readingroom.imaging.segments import Segment, write_segments
from readingroom.reading import Box, BundleFacts, Finding, HeatMap, Provenance, Reading
from readingroom.study import Study, StudyImage

SIZE = (40, 30)  # rows, columns


@pytest.fixture
def volume(empty_scene):
    """A user's radiograph in a tilted geometry under a study of a patient, shown in all views."""
    matrix = vtk.vtkMatrix4x4()
    for i, row in enumerate(((-0.6, 0.8, 0, 10), (-0.8, -0.6, 0, 20), (0, 0, 2.0, 5), (0, 0, 0, 1))):
        for j, value in enumerate(row):
            matrix.SetElement(i, j, value)
    pixels = np.random.default_rng(0).integers(0, 4095, (1, *SIZE)).astype("int16")
    node = slicer.util.addVolumeFromArray(pixels, matrix, name="Radiograph")
    node.CreateDefaultDisplayNodes()
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Patient")
    study = hierarchy.CreateStudyItem(patient, "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), study)
    slicer.util.setSliceViewerLayers(background=node, fit=True)
    return node


@pytest.fixture
def heat():
    """A hot spot around row 12, column 20."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.exp(-((y - 12.0) ** 2 + (x - 20.0) ** 2) / 50).astype("float32")


@pytest.fixture
def reading(tmp_path, heat):
    """A reading with one heat map, its files as a read leaves them in ``tmp_path``."""
    image = SimpleITK.GetImageFromArray(heat[None])
    SimpleITK.WriteImage(image, str(tmp_path / "heatmap-frontal-pneumonia.nrrd"))
    segments = [Segment(f"s{n}", f"Level {n}", (1, 0.5, 0), heat[None] >= n / 100) for n in (50, 75)]
    write_segments(tmp_path / "segments-frontal.seg.nrrd", image, segments)
    box = Box((18, 10), (23, 15))
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study((StudyImage("frontal", tmp_path / "frontal.nrrd"),)),
        findings=(Finding("pneumonia", "Pneumonia", 0.8), Finding("no-finding", "No finding", 0.2)),
        checks=(),
        bundle=BundleFacts("b", "B", "1.0", "0" * 64, demonstration=False),
        provenance=Provenance({}, "cpu", "2026-01-01T00:00:00Z", 1.0),
        heat_maps=(HeatMap("pneumonia", "frontal", "cam", Path("heatmap-frontal-pneumonia.nrrd"), box=box),),
    )


@pytest.fixture
def layers():
    return Layers(OwnedNodes("ChestXRay"))


@pytest.fixture
def shown(layers, reading, volume, tmp_path):
    layers.show(reading, tmp_path, {"frontal": volume})
    layers.display({"frontal": volume}, "pneumonia")
    return layers


def owned():
    return OwnedNodes("ChestXRay").all()


def ijk_to_ras(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def snapshot():
    """Every node of the scene as its own XML, and pixels by value; hidden bookkeeping of the scene stays out."""
    found = {}
    for node in slicer.util.getNodesByClass("vtkMRMLNode"):
        if node.IsA("vtkMRMLSubjectHierarchyNode") or node.GetAttribute("ReadingRoom.owner"):
            continue
        copy = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        copy |= {f"method {name}": getattr(node, name)() for name in _GETTERS if hasattr(node, name)}
        if node.IsA("vtkMRMLVolumeNode") and node.GetImageData() is not None:
            copy["pixels"] = slicer.util.arrayFromVolume(node).tobytes()
            copy["geometry"] = ijk_to_ras(node).tobytes()
        found[node.GetID()] = copy
    return found


_GETTERS = (
    *("GetName", "GetSelected", "GetHideFromEditors", "GetVisibility", "GetOpacity", "GetColorNodeID"),
    *("GetWindow", "GetLevel", "GetAutoWindowLevel", "GetDisplayNodeID", "GetStorageNodeID", "GetTransformNodeID"),
    *("GetBackgroundVolumeID", "GetForegroundVolumeID", "GetForegroundOpacity", "GetLabelVolumeID"),
    *("GetFieldOfView", "GetXYZOrigin", "GetSliceOffset", "GetOrientation"),
)


def test_the_map_lies_pixel_by_pixel_on_the_study(shown, volume, heat):
    node = shown.heat_map("frontal", "pneumonia")
    assert np.array_equal(slicer.util.arrayFromVolume(node)[0], heat)
    assert np.allclose(ijk_to_ras(node), ijk_to_ras(volume))


def test_the_map_is_windowed_from_0_to_1_and_clear_below_its_lowest_level(shown):
    display = shown.heat_map("frontal", "pneumonia").GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0, 1)
    assert display.GetApplyThreshold()
    assert display.GetLowerThreshold() == 0.5


def test_the_map_has_a_legend_in_the_chosen_colors(shown, volume):
    shown.display({"frontal": volume}, "pneumonia", color_table="Viridis")
    node = shown.heat_map("frontal", "pneumonia")
    legend = legend_of(node)
    assert legend.GetVisibility()
    assert node.GetDisplayNode().GetColorNodeID() == COLOR_TABLES["Viridis"]


def test_every_color_table_on_offer_exists():
    assert all(slicer.mrmlScene.GetNodeByID(node_id) for node_id in COLOR_TABLES.values())


def test_the_map_colors_the_slice_view_where_it_is_hot_and_nowhere_else(layers, reading, volume, tmp_path):
    before = host.render_slice("Red").astype(int)
    layers.show(reading, tmp_path, {"frontal": volume})
    layers.display({"frontal": volume}, "pneumonia", opacity=1.0, box_visible=False)
    legend_of(layers.heat_map("frontal", "pneumonia")).SetVisibility(False)
    changed = np.abs(host.render_slice("Red").astype(int) - before).max(axis=-1) > 8
    assert 0.005 < changed.mean() < 0.25


def test_the_box_runs_along_the_outer_sides_of_its_pixels(shown, volume):
    box = shown.nodes("box")[0]
    bounds = []
    to_ijk = np.linalg.inv(ijk_to_ras(volume))
    matrix = box.GetObjectToWorldMatrix()
    half = np.array(box.GetSize()) / 2
    for signs in np.ndindex(2, 2, 2):
        corner = half * (2 * np.array(signs) - 1)
        bounds.append((to_ijk @ matrix.MultiplyPoint((*corner, 1.0)))[:3])
    assert np.allclose(np.min(bounds, axis=0), (17.5, 9.5, -0.5))
    assert np.allclose(np.max(bounds, axis=0), (22.5, 14.5, 0.5))


def test_the_levels_are_named_segments_on_the_grid_of_the_study(shown, volume, heat):
    node = shown.nodes("segmentation")[0]
    segmentation = node.GetSegmentation()
    names = [segmentation.GetNthSegment(i).GetName() for i in range(segmentation.GetNumberOfSegments())]
    assert names == ["Level 50", "Level 75"]
    for index, level in enumerate((0.5, 0.75)):
        segment_id = segmentation.GetNthSegmentID(index)
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume)
        assert np.array_equal(mask[0].astype(bool), heat >= level)


def test_segments_carry_a_terminology_and_the_reference_geometry(shown, volume):
    node = shown.nodes("segmentation")[0]
    entry = node.GetSegmentation().GetNthSegment(0).GetTerminology()
    assert len(entry.split("~")) == 7
    assert "SCT^309825002^Spatial and Relational Concept" in entry
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert node.GetNodeReferenceID(role) == volume.GetID()


def test_everything_lies_under_the_study_of_the_volume(shown, volume):
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(volume))
    for role in ("heat map", "box", "segmentation"):
        (node,) = shown.nodes(role)
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study


def test_a_second_reading_takes_the_place_of_the_first_in_the_same_nodes(shown, reading, volume, tmp_path):
    count = slicer.mrmlScene.GetNumberOfNodes()
    earlier = {node.GetID() for node in owned()}
    shown.show(reading, tmp_path, {"frontal": volume})
    shown.display({"frontal": volume}, "pneumonia")
    assert slicer.mrmlScene.GetNumberOfNodes() == count
    assert len(shown.nodes("heat map")) == len(shown.nodes("segmentation")) == len(shown.nodes("box")) == 1
    assert earlier == {node.GetID() for node in owned()}


def test_nothing_of_the_user_changes_when_layers_come_and_go(layers, reading, volume, tmp_path):
    other = slicer.util.addVolumeFromArray(np.ones((1, 9, 9), "float32"), name="Other")
    other.CreateDefaultDisplayNodes()
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    points.AddControlPoint(1, 2, 3)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    segmentation.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.3)
    before = snapshot()
    for _ in range(2):
        layers.show(reading, tmp_path, {"frontal": volume})
        layers.display({"frontal": volume}, "pneumonia")
    layers.remove()
    assert json.dumps(snapshot(), default=repr) == json.dumps(before, default=repr)


def test_while_the_map_is_shown_only_the_foreground_of_its_views_differs(layers, reading, volume, tmp_path):
    before = snapshot()
    layers.show(reading, tmp_path, {"frontal": volume})
    layers.display({"frontal": volume}, "pneumonia")
    after = snapshot()
    changed = {
        (slicer.mrmlScene.GetNodeByID(node_id).GetClassName(), key)
        for node_id in before
        for key in before[node_id]
        if repr(before[node_id][key]) != repr(after[node_id].get(key))
    }
    composite = "vtkMRMLSliceCompositeNode"
    assert changed <= {(composite, "method GetForegroundVolumeID"), (composite, "method GetForegroundOpacity")}
    assert set(after) == set(before)


def test_layers_stay_out_of_undo(shown):
    assert not any(node.GetUndoEnabled() for node in owned())


def test_undo_after_two_readings_takes_back_what_the_user_did_and_nothing_else(
    layers, reading, volume, tmp_path, capfd
):
    slicer.mrmlScene.SetUndoOn()
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    points.SetUndoEnabled(True)
    slicer.mrmlScene.SaveStateForUndo()
    points.SetName("Renamed")
    for _ in range(2):
        layers.show(reading, tmp_path, {"frontal": volume})
    assert slicer.mrmlScene.GetNumberOfUndoLevels() == 1
    slicer.mrmlScene.Undo()
    slicer.mrmlScene.SetUndoOff()
    assert points.GetName() == "Points"
    assert len(layers.nodes("heat map")) == 1
    assert "Invalid scene" not in capfd.readouterr().err


def test_the_legend_is_drawn_only_where_the_map_is_seen(shown):
    legend = legend_of(shown.heat_map("frontal", "pneumonia"))
    views = {slicer.mrmlScene.GetNodeByID(view).GetLayoutName() for view in legend.GetViewNodeIDs()}
    assert views & {"Red", "Green", "Yellow"} == {"Red"}  # the others look at the edge of the picture


def test_a_reading_without_what_an_earlier_one_had_takes_it_away(shown, reading, volume, tmp_path):
    (tmp_path / "segments-frontal.seg.nrrd").unlink()
    shown.show(replace(reading, heat_maps=()), tmp_path, {"frontal": volume})
    assert owned() == []


def test_views_that_show_another_study_are_left_alone(layers, reading, volume, tmp_path):
    other = slicer.util.addVolumeFromArray(np.ones((1, 9, 9), "float32"), name="Other")
    green = slicer.app.layoutManager().sliceWidget("Green").mrmlSliceCompositeNode()
    green.SetBackgroundVolumeID(other.GetID())
    layers.show(reading, tmp_path, {"frontal": volume})
    layers.display({"frontal": volume}, "pneumonia")
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert red.GetForegroundVolumeID() == layers.heat_map("frontal", "pneumonia").GetID()
    assert green.GetForegroundVolumeID() is None


def test_hiding_the_map_gives_the_views_back_what_they_showed(shown, volume):
    other = slicer.util.addVolumeFromArray(np.ones((1, 9, 9), "float32"), name="Other")
    shown.display({"frontal": volume}, "pneumonia", map_visible=False)
    slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.2)
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    shown.display({"frontal": volume}, "pneumonia", opacity=0.7)
    assert red.GetForegroundOpacity() == pytest.approx(0.7)
    shown.display({"frontal": volume}, "pneumonia", map_visible=False)
    assert red.GetForegroundVolumeID() == other.GetID()
    assert red.GetForegroundOpacity() == pytest.approx(0.2)


def test_a_foreground_that_the_user_chose_meanwhile_stays(shown, volume):
    other = slicer.util.addVolumeFromArray(np.ones((1, 9, 9), "float32"), name="Other")
    slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.9)
    shown.remove()
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert red.GetForegroundVolumeID() == other.GetID()
    assert red.GetForegroundOpacity() == pytest.approx(0.9)


def test_layers_of_another_module_are_left_alone(shown, reading, volume, tmp_path):
    other = Layers(OwnedNodes("MammoScreen"))
    other.show(reading, tmp_path, {"frontal": volume})
    shown.remove()
    assert owned() == []
    assert len(other.nodes("heat map")) == 1


def test_layers_follow_the_transform_of_the_study(layers, reading, volume, tmp_path):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    volume.SetAndObserveTransformNodeID(transform.GetID())
    layers.show(reading, tmp_path, {"frontal": volume})
    for role in ("heat map", "box", "segmentation"):
        assert layers.nodes(role)[0].GetTransformNodeID() == transform.GetID()


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)])
def test_layers_of_a_picture_that_was_turned_upright_lie_where_its_pixels_are(
    layers, reading, empty_scene, tmp_path, heat, swapped, flips
):
    upright = SimpleITK.GetImageFromArray(heat[None])
    stored = SimpleITK.Flip(SimpleITK.PermuteAxes(upright, [1, 0, 2]) if swapped else upright, [*flips, False])
    to_ras = np.eye(4)
    to_ras[:3, :3] = np.diag([-1, -1, 1]) @ np.reshape(stored.GetDirection(), (3, 3))
    to_ras[:3, 3] = np.multiply(stored.GetOrigin(), [-1, -1, 1])
    node = slicer.util.addVolumeFromArray(SimpleITK.GetArrayFromImage(stored), to_ras, name="Radiograph")
    node.CreateDefaultDisplayNodes()
    layers.show(reading, tmp_path, {"frontal": node})
    layer = layers.heat_map("frontal", "pneumonia")
    assert np.array_equal(slicer.util.arrayFromVolume(layer)[0], heat)
    matrix = vtk.vtkMatrix4x4()
    layer.GetIJKToRASMatrix(matrix)
    np.testing.assert_allclose([matrix.GetElement(i, j) for i in range(4) for j in range(4)],
                               np.diag([-1.0, -1, 1, 1]).ravel(), atol=1e-9)  # fmt: skip


@pytest.mark.parametrize("flips", [(False, False), (True, False)])
def test_layers_on_blocks_of_a_picture_lie_where_its_pixels_are(layers, reading, empty_scene, tmp_path, heat, flips):
    """One value of the map stands for 3 x 3 pixels; those at the end of the picture are cut."""
    picture = SimpleITK.Flip(
        SimpleITK.GetImageFromArray(np.kron(heat, np.ones((3, 3)))[None, :-1, :-2]), [*flips, False]
    )
    to_ras = np.eye(4)
    to_ras[:3, :3] = np.diag([-1, -1, 1]) @ np.reshape(picture.GetDirection(), (3, 3))
    to_ras[:3, 3] = np.multiply(picture.GetOrigin(), [-1, -1, 1])
    node = slicer.util.addVolumeFromArray(SimpleITK.GetArrayFromImage(picture), to_ras, name="Film")
    node.CreateDefaultDisplayNodes()
    box = Box((54, 30), (69, 45))
    large = replace(reading, heat_maps=(replace(reading.heat_maps[0], box=box),))
    layers.show(large, tmp_path, {"frontal": node})
    for index in ((0, 0), (12, 20)):
        place = ijk_to_ras(layers.heat_map("frontal", "pneumonia")) @ (index[1], index[0], 0, 1)
        middle = ((3 * index[1] + 1), (3 * index[0] + 1), 0, 1)
        assert np.allclose(place, np.diag([-1, -1, 1, 1]) @ middle)
    region = layers.nodes("box")[0]
    assert np.allclose(np.sort(np.abs(region.GetSize())), (1, 15, 15))
    center = region.GetObjectToWorldMatrix().MultiplyPoint((0, 0, 0, 1))
    assert np.allclose(center[:2], (-61, -37))


def test_layers_lie_on_a_gray_picture_that_is_stored_as_color(layers, reading, empty_scene, tmp_path, heat):
    colors = np.repeat(np.arange(SIZE[0] * SIZE[1], dtype="uint16").reshape(1, *SIZE, 1), 3, axis=-1)
    lps = np.diag([-1.0, -1, 1, 1])
    picture = slicer.util.addVolumeFromArray(colors, lps, name="Picture", nodeClassName="vtkMRMLVectorVolumeNode")
    picture.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=picture, fit=True)
    layers.show(reading, tmp_path, {"frontal": picture})
    layers.display({"frontal": picture}, "pneumonia")
    assert np.array_equal(slicer.util.arrayFromVolume(layers.heat_map("frontal", "pneumonia"))[0], heat)
    node = layers.nodes("segmentation")[0]
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, node.GetSegmentation().GetNthSegmentID(0), picture)
    assert np.array_equal(mask[0].astype(bool), heat >= 0.5)


def test_a_map_of_another_size_is_refused_and_the_earlier_layers_stay(shown, reading, volume, tmp_path):
    slicer.util.updateVolumeFromArray(volume, np.zeros((1, 11, 11), "int16"))
    with pytest.raises(InputError, match="'Radiograph' changed its size"):
        shown.show(reading, tmp_path, {"frontal": volume})
    assert len(shown.nodes("heat map")) == 1


def test_a_damaged_map_is_refused(layers, reading, volume, tmp_path):
    (tmp_path / "heatmap-frontal-pneumonia.nrrd").write_bytes(b"NRRD0004\ntype: float\n")
    with pytest.raises(InputError, match="heat map cannot be opened"):
        layers.show(reading, tmp_path, {"frontal": volume})


def test_layers_are_still_owned_after_saving_and_loading_the_scene(shown, reading, volume, tmp_path):
    host.save_scene(tmp_path / "scene.mrb")
    host.close_scene()
    assert owned() == []
    host.load_scene(tmp_path / "scene.mrb")
    again = slicer.util.getNode("Radiograph")
    assert len(shown.nodes("heat map")) == 1
    shown.show(reading, tmp_path, {"frontal": again})
    assert len(shown.nodes("heat map")) == len(shown.nodes("segmentation")) == len(shown.nodes("box")) == 1
