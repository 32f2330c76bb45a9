"""Files of segments that hold the box around them alone, in Slicer's own reader and in the layers of a reading."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
import slicer

from readingroom.desktop.features.segment_masks import masks_on
from readingroom.desktop.layer_files import segment_layer
from readingroom.desktop.layer_nodes import fill_segmentation
from readingroom.errors import InputError
from readingroom.imaging.mask_file import load_mask
from readingroom.imaging.segments import Segment, write_segments

SHAPE = (14, 15, 16)  # k, j, i
IDS = ("lung", "hot")


@pytest.fixture
def image():
    """A volume in an oblique place."""
    made = SimpleITK.Image(SHAPE[::-1], SimpleITK.sitkInt16)
    made.SetSpacing((0.8, 1.1, 2.5))
    made.SetOrigin((-31.0, 12.5, 7.0))
    made.SetDirection((0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))
    return made


@pytest.fixture
def volume(empty_scene, image):
    """The same as a node of the scene."""
    return node_of(image)


@pytest.fixture
def masks():
    """Two that overlap and touch no side of the volume."""
    made = np.zeros((2, *SHAPE), dtype=bool)
    made[0, 1:12, 2:13, 3:14] = made[1, 8:13, 4:6, 5] = True
    return made


@pytest.fixture
def file(tmp_path, image, masks):
    return written(tmp_path / "segments-ct.seg.nrrd", image, masks)


def node_of(image):
    to_ras = np.eye(4)
    to_ras[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    to_ras[:3, 3] = image.GetOrigin()
    to_ras = np.diag([-1, -1, 1, 1]) @ to_ras
    return slicer.util.addVolumeFromArray(SimpleITK.GetArrayFromImage(image), to_ras, name="CT")


def written(path, image, masks):
    write_segments(path, image, [Segment(name, name, (1, 0, 0), mask) for name, mask in zip(IDS, masks, strict=True)])
    return path


def shown(file, volume, node=None):
    node = node or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    fill_segmentation(node, segment_layer(file, volume), volume, IDS)
    return node


def on(volume, node):
    return [slicer.util.arrayFromSegmentBinaryLabelmap(node, name, volume) > 0 for name in IDS]


def opened(file):
    """The file as Slicer opens it when it is dropped on the window."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(file))
    assert storage.ReadData(node)
    return node, storage


def test_slicer_s_own_reader_puts_the_segments_where_they_were_found(file, volume, masks):
    node, _ = opened(file)
    assert np.array_equal(on(volume, node), masks)


def test_what_slicer_saves_of_them_is_a_mask_on_the_whole_grid(file, volume, image, masks, tmp_path):
    node, storage = opened(file)
    storage.SetFileName(str(tmp_path / "saved.seg.nrrd"))
    assert storage.WriteData(node)
    for name, mask in zip(IDS, masks, strict=True):
        found = load_mask(tmp_path / "saved.seg.nrrd", image, (name,))
        assert np.array_equal(found.voxels, mask)
        assert found.notes == ()


def test_the_layer_lies_where_they_were_found(file, volume, masks):
    assert np.array_equal(on(volume, shown(file, volume)), masks)


def test_the_layer_lies_there_too_where_the_scene_holds_the_volume_in_another_order(file, empty_scene, image, masks):
    turned = SimpleITK.Flip(SimpleITK.PermuteAxes(image, [2, 0, 1]), [True, False, True])
    node = node_of(turned)
    inside = SimpleITK.GetImageFromArray(masks[0].astype(np.uint8))
    inside.CopyInformation(image)
    wanted = SimpleITK.Flip(SimpleITK.PermuteAxes(inside, [2, 0, 1]), [True, False, True])
    assert np.array_equal(on(node, shown(file, node))[0], SimpleITK.GetArrayFromImage(wanted) > 0)


def test_a_smaller_box_leaves_nothing_of_the_larger_one_before(file, volume, image, masks):
    node = shown(file, volume)
    segments = [node.GetSegmentation().GetSegment(name) for name in IDS]
    masks[0, :6] = masks[1, 10:] = False
    shown(written(file, image, masks), volume, node)
    assert np.array_equal(on(volume, node), masks)
    assert [node.GetSegmentation().GetSegment(name) for name in IDS] == segments


def test_a_correction_may_go_beyond_the_box(file, volume, masks):
    node = shown(file, volume)
    larger = masks[0].copy()
    larger[0:13, 1:15, 0:15] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(larger.astype(np.uint8), node, "lung", volume)
    found = masks_on(volume, node, IDS)
    assert found["lung"].start == (0, 1, 0)
    assert found["lung"].voxels.sum() == larger.sum()
    assert np.array_equal(on(volume, node)[1], masks[1])


def test_segments_that_end_beyond_the_volume_are_refused(file, empty_scene, image):
    smaller = node_of(image[:12])
    with pytest.raises(InputError, match="changed its size while it was read"):
        segment_layer(file, smaller)
