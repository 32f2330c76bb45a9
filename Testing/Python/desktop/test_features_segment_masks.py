"""Segments become masks on the grid of an image as Slicer itself exports them, and stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk

import host
from readingroom.desktop.features.segment_masks import contents_of, masks_on, state_of, write_masks

host.start()


def whole(mask, volume):
    """The mask as an array of the image's size."""
    array = np.zeros(slicer.util.arrayFromVolume(volume).shape, bool)
    if not mask.is_empty:
        array[mask.box] = mask.voxels
    return array


def exported(ct, key):
    """What Slicer's own export gives."""
    return slicer.util.arrayFromSegmentBinaryLabelmap(ct.segmentation, key, ct.volume) > 0


def move(node, *, x=0.0, z=0.0, degrees=0.0):
    """Put the node under a transform."""
    to_parent = vtk.vtkTransform()
    to_parent.Translate(x, 0, z)
    to_parent.RotateZ(degrees)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(to_parent.GetMatrix())
    node.SetAndObserveTransformNodeID(transform.GetID())


def surroundings(segmentation):
    """Everything of a segmentation that a person could miss."""
    inner = segmentation.GetSegmentation()
    names: list[str] = []
    inner.GetContainedRepresentationNames(names)
    facts = []
    for key in inner.GetSegmentIDs():
        segment = inner.GetSegment(key)
        pixels = segment.GetRepresentation("Binary labelmap")
        geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(pixels) if pixels is not None else ""
        facts.append((key, segment.GetName(), segment.GetColor(), segment.GetLabelValue(), geometry))
    return inner.GetSourceRepresentationName(), tuple(names), inner.GetNumberOfLayers(), facts, inner.GetMTime()


def test_masks_are_those_that_were_painted_also_where_they_overlap(segmented_ct):
    masks = masks_on(segmented_ct.volume, segmented_ct.segmentation, list(segmented_ct.masks))
    for key, painted in segmented_ct.masks.items():
        assert (whole(masks[key], segmented_ct.volume) == painted).all()


def test_an_empty_segment_gives_an_empty_mask(segmented_ct):
    *_others, nothing = segmented_ct.masks
    assert masks_on(segmented_ct.volume, segmented_ct.segmentation, [nothing])[nothing].is_empty


@pytest.mark.parametrize("moved", ["volume", "segmentation", "both"])
def test_transforms_count_as_in_the_export_of_slicer(segmented_ct, moved):
    if moved in ("volume", "both"):
        move(segmented_ct.volume, x=13.0, degrees=8.0)
    if moved in ("segmentation", "both"):
        move(segmented_ct.segmentation, x=-7.0, z=4.5)
    masks = masks_on(segmented_ct.volume, segmented_ct.segmentation, [segmented_ct.tumor])
    found = whole(masks[segmented_ct.tumor], segmented_ct.volume)
    assert found.any()
    assert (found == exported(segmented_ct, segmented_ct.tumor)).all()


def test_another_image_gets_the_masks_on_its_own_grid(segmented_ct):
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-3.0, -4.0, 9.0)):
        to_ras.SetElement(axis, axis, value)
    segmented_ct.volume = slicer.util.addVolumeFromArray(np.zeros((8, 72, 120), "int16"), to_ras, name="Other")
    masks = masks_on(segmented_ct.volume, segmented_ct.segmentation, [segmented_ct.tumor])
    found = whole(masks[segmented_ct.tumor], segmented_ct.volume)
    assert found.any()
    assert (found == exported(segmented_ct, segmented_ct.tumor)).all()


def test_a_segmentation_of_surfaces_is_converted_in_a_copy(segmented_ct):
    surfaces = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Surfaces")
    surfaces.GetSegmentation().SetSourceRepresentationName("Closed surface")
    ball = vtk.vtkSphereSource()
    ball.SetCenter(-150, -120, 30)
    ball.SetRadius(25)
    ball.SetThetaResolution(48)
    ball.SetPhiResolution(48)
    ball.Update()
    key = surfaces.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "Ball", [1, 0, 0])
    before = surroundings(surfaces)
    mask = masks_on(segmented_ct.volume, surfaces, [key])[key]
    volume = mask.voxels.sum() * np.prod(segmented_ct.volume.GetSpacing())
    assert volume == pytest.approx(4 / 3 * np.pi * 25**3, rel=0.05)
    assert surroundings(surfaces) == before


def test_nothing_of_the_segmentation_is_changed(segmented_ct):
    move(segmented_ct.segmentation, x=3.0)
    before, nodes = surroundings(segmented_ct.segmentation), slicer.mrmlScene.GetNumberOfNodes()
    masks_on(segmented_ct.volume, segmented_ct.segmentation, list(segmented_ct.masks))
    state_of(segmented_ct.segmentation, list(segmented_ct.masks))
    assert surroundings(segmented_ct.segmentation) == before
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_the_state_of_a_segment_changes_when_it_is_painted_and_not_when_it_is_renamed(segmented_ct):
    keys = list(segmented_ct.masks)
    before = state_of(segmented_ct.segmentation, keys)
    segmented_ct.segmentation.GetSegmentation().GetSegment(segmented_ct.tumor).SetName("Primary")
    assert state_of(segmented_ct.segmentation, keys) == before
    segmented_ct.erode(segmented_ct.tumor)
    assert state_of(segmented_ct.segmentation, keys)[segmented_ct.tumor] != before[segmented_ct.tumor]


def test_the_contents_of_a_segment_change_when_as_many_voxels_lie_elsewhere_and_only_its_own(segmented_ct):
    keys, node, volume = list(segmented_ct.masks), segmented_ct.segmentation, segmented_ct.volume
    before = contents_of(node, keys)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segmented_ct.tumor, volume)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.roll(mask, 1, axis=2), node, segmented_ct.tumor, volume)
    after = contents_of(node, keys)
    assert [key for key in keys if after[key] != before[key]] == [segmented_ct.tumor]
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segmented_ct.tumor, volume)
    assert contents_of(node, keys) == before


def test_segments_that_overlap_go_into_different_files_with_the_geometry_of_the_image(segmented_ct, tmp_path):
    import SimpleITK

    from readingroom.desktop.scene import write_pixels

    masks = masks_on(segmented_ct.volume, segmented_ct.segmentation, list(segmented_ct.masks))
    files = write_masks(masks, segmented_ct.volume, tmp_path)
    assert len(files) == 2
    write_pixels(segmented_ct.volume, tmp_path / "image.nrrd")
    image = SimpleITK.ReadImage(str(tmp_path / "image.nrrd"))
    seen = set()
    for file in files:
        labels = SimpleITK.ReadImage(str(file.path))
        assert labels.GetOrigin() == image.GetOrigin()
        assert labels.GetDirection() == image.GetDirection()
        for label, key in file.segments.items():
            assert (SimpleITK.GetArrayFromImage(labels == label) > 0).tolist() == segmented_ct.masks[key].tolist()
            seen.add(key)
    assert seen == set(list(segmented_ct.masks)[:2])  # the empty one is in none


def test_segments_apart_from_one_another_share_a_file(segmented_ct, tmp_path):
    tumor, lung, _nothing = segmented_ct.masks
    segmented_ct.paint(lung, segmented_ct.masks[lung] & ~segmented_ct.masks[tumor])
    masks = masks_on(segmented_ct.volume, segmented_ct.segmentation, [tumor, lung])
    assert len(write_masks(masks, segmented_ct.volume, tmp_path)) == 1
