"""Segments, written and read again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
import slicerio

from readingroom.codes import LEFT_LUNG
from readingroom.errors import InputError
from readingroom.imaging.segments import (
    AtLeast,
    Segment,
    chosen_segments,
    first_voxel,
    read_segments,
    segment_places,
    write_segments,
)
from readingroom.imaging.volume_file import read_volume


@pytest.fixture
def an_image():
    """4 x 5 x 6 voxels in an oblique place."""
    image = SimpleITK.Image((6, 5, 4), SimpleITK.sitkInt16)
    image.SetSpacing((0.8, 1.1, 2.5))
    image.SetOrigin((-31.0, 12.5, 7.0))
    image.SetDirection((0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))
    return image


@pytest.fixture
def segments():
    """Two that overlap, one with a code."""
    random = np.random.default_rng(3)
    lung, hot = random.random((2, 4, 5, 6)) > 0.5
    return [
        Segment("lung", "Left lung", (0.25, 0.5, 1.0), lung, LEFT_LUNG),
        Segment("hot", "Map at least 50 %", (1.0, 0.75, 0.0), hot),
    ]


def test_what_is_written_is_read(tmp_path, an_image, segments):
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, segments)
    found = read_segments(path)
    for got, wanted in zip(found, segments, strict=True):
        assert (got.id, got.name, got.code) == (wanted.id, wanted.name, wanted.code)
        assert got.color == pytest.approx(wanted.color)
        assert np.array_equal(got.mask, wanted.mask)


def test_the_file_lies_where_the_image_lies(tmp_path, an_image, segments):
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, segments)
    written = SimpleITK.ReadImage(str(path))
    for index in ((0, 0, 0), (5, 4, 3)):
        here, there = (image.TransformIndexToPhysicalPoint(index) for image in (written, an_image))
        assert here == pytest.approx(there)


def test_of_a_volume_the_box_around_all_segments_is_written_and_where_it_lies(tmp_path, an_image):
    masks = np.zeros((2, 4, 5, 6), dtype=bool)
    masks[0, 1, 2, 3], masks[1, 3, 1:3, 4] = True, True
    path = tmp_path / "x.seg.nrrd"
    write_segments(
        path, an_image, [Segment(name, name, (1, 0, 0), mask) for name, mask in zip("ab", masks, strict=True)]
    )
    for got, wanted in zip(read_segments(path), masks, strict=True):
        assert np.array_equal(got.mask, wanted[1:4, 1:3, 3:5])
    written = read_volume(path, "nrrd", several_slices=True)
    assert first_voxel(written) == (3, 1, 1)
    assert written.GetOrigin() == pytest.approx(an_image.TransformIndexToPhysicalPoint((3, 1, 1)))
    assert written.GetMetaData("Segment0_Extent") == "0 1 0 1 0 2"


def test_segments_that_are_empty_are_written_whole(tmp_path, an_image):
    write_segments(tmp_path / "x.seg.nrrd", an_image, [Segment("a", "A", (1, 0, 0), np.zeros((4, 5, 6), dtype=bool))])
    assert read_segments(tmp_path / "x.seg.nrrd")[0].mask.shape == (4, 5, 6)


def test_a_level_that_holds_others_gives_the_box_for_all(tmp_path, an_image):
    heat, lung = np.zeros((4, 5, 6), dtype=np.float32), np.zeros((4, 5, 6), dtype=bool)
    heat[1, 1:4, 2], heat[1, 2, 2], lung[1:3, 2:] = 0.6, 0.9, True
    masks = [AtLeast(heat, 0.75), AtLeast(heat, 0.5, (lung,)), AtLeast(heat, 0.5)]
    write_segments(tmp_path / "x.seg.nrrd", an_image, [Segment(str(n), "A", (1, 0, 0), m) for n, m in enumerate(masks)])
    for got, wanted in zip(read_segments(tmp_path / "x.seg.nrrd"), masks, strict=True):
        assert np.array_equal(got.mask, np.asarray(wanted)[1:2, 1:4, 2:3])


def test_drawn_segments_that_do_not_overlap_share_a_layer(tmp_path, an_image):
    heat = np.random.default_rng(5).random((4, 5, 6), dtype=np.float32)
    right, left, across = np.zeros((3, 4, 5, 6), dtype=bool)
    right[..., :3], left[..., 3:], across[..., 2:4] = True, True, True
    masks = {"right": right, "hot": AtLeast(heat, 0.5), "across": across, "left": left}
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, [Segment(name, name, (1, 0, 0), mask) for name, mask in masks.items()])
    for got, (name, mask) in zip(read_segments(path), masks.items(), strict=True):
        assert got.id == name
        assert np.array_equal(got.mask, np.asarray(mask))
    places = {place.id: place for place in segment_places(read_volume(path, "nrrd", several_slices=True), path.name)}
    assert places["right"].layer == places["left"].layer
    assert len({place.layer for place in places.values()}) == 3


def test_a_mask_within_others_that_are_written_does_not_widen_the_box(tmp_path, an_image):
    heat, lung = np.ones((4, 5, 6), dtype=np.float32), np.zeros((4, 5, 6), dtype=bool)
    lung[1:3, 2:, 3] = True
    masks = [lung, AtLeast(heat, 0.5, (lung,))]
    write_segments(tmp_path / "x.seg.nrrd", an_image, [Segment(str(n), "A", (1, 0, 0), m) for n, m in enumerate(masks)])
    assert [one.mask.sum() for one in read_segments(tmp_path / "x.seg.nrrd")] == [6, 6]


def test_a_code_is_the_type_of_an_anatomical_structure_and_nothing_else_is(segments):
    with_code, without = (segment.terminology.split("~") for segment in segments)
    assert with_code[1:3] == ["SCT^123037004^Anatomical Structure", "SCT^44029006^Left lung"]
    assert without[1:3] == ["SCT^309825002^Spatial and Relational Concept", "DCM^111030^Image Region"]


def test_the_file_says_the_same_terminology_as_the_segment(tmp_path, an_image, segments):
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, segments)
    tags = SimpleITK.ReadImage(str(path)).GetMetaData("Segment0_Tags")
    assert segments[0].terminology in tags


def test_a_picture_has_segments_of_one_slice(tmp_path):
    image = SimpleITK.Image((6, 5), SimpleITK.sitkUInt8)
    mask = np.eye(5, 6, dtype=bool)
    write_segments(tmp_path / "x.seg.nrrd", image, [Segment("a", "A", (1, 0, 0), mask)])
    (found,) = read_segments(tmp_path / "x.seg.nrrd")
    assert np.array_equal(found.mask, mask[None])


@pytest.mark.parametrize("damage", ["missing", "cut", "no layer", "no color"])
def test_a_missing_or_damaged_file_is_one_sentence(tmp_path, an_image, segments, damage):
    path = tmp_path / "x.seg.nrrd"
    if damage != "missing":
        write_segments(path, an_image, segments)
        data = path.read_bytes()
        replaced = {
            "cut": data[:100],
            "no layer": data.replace(b"Segment1_Layer:=1", b"Segment1_Layer:=7"),
            "no color": data.replace(b"Segment0_Color:=0.25", b"Segment0_Color:=blue"),
        }[damage]
        assert replaced != data
        path.write_bytes(replaced)
    with pytest.raises(InputError, match=r"x\.seg\.nrrd"):
        read_segments(path)


@pytest.mark.parametrize("damage", [(b"Segment1_Layer:=1", b"Segment1_Layer:=7"), (b"LabelValue:=1", b"LabelValue:=x")])
def test_segments_of_a_damaged_header_are_not_chosen_from(tmp_path, an_image, segments, damage):
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, segments)
    path.write_bytes(path.read_bytes().replace(*damage))
    image = read_volume(path, "nrrd", several_slices=True)
    with pytest.raises(InputError, match=r"The segments in 'x\.seg\.nrrd' cannot be opened"):
        segment_places(image, path.name)


def test_segments_of_one_layer_differ_in_their_value(tmp_path, an_image):
    """As Slicer writes segments that do not overlap."""
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1, :2], labels[2, 3:] = 1, 2
    image = SimpleITK.GetImageFromArray(labels)
    image.CopyInformation(an_image)
    for number, name in enumerate(("Right", "Left")):
        for key, text in (("ID", f"s{number}"), ("Name", name), ("LabelValue", f"{number + 1}"), ("Layer", "0")):
            image.SetMetaData(f"Segment{number}_{key}", text)
    SimpleITK.WriteImage(image, str(tmp_path / "x.seg.nrrd"))
    found = read_volume(tmp_path / "x.seg.nrrd", "nrrd", several_slices=True)
    places = segment_places(found, "x.seg.nrrd")
    assert [(place.name, place.layer, place.value) for place in places] == [("Right", 0, 1), ("Left", 0, 2)]
    left = SimpleITK.GetArrayFromImage(chosen_segments(found, places, ("Left",), "x.seg.nrrd"))
    assert np.array_equal(left, labels == 2)


def test_segments_of_one_name_are_told_apart_by_their_ids(tmp_path, an_image, segments):
    alike = [replace(segment, name="Segment") for segment in segments]
    write_segments(tmp_path / "x.seg.nrrd", an_image, alike)
    image = read_volume(tmp_path / "x.seg.nrrd", "nrrd", several_slices=True)
    places = segment_places(image, "x.seg.nrrd")
    for names, mask in ((("hot",), segments[1].mask), (("Segment",), segments[0].mask | segments[1].mask)):
        found = SimpleITK.GetArrayFromImage(chosen_segments(image, places, names, "x.seg.nrrd"))
        assert np.array_equal(found == 1, mask)


def test_segments_of_an_old_slicer_that_names_no_layers_lie_one_in_each(tmp_path, an_image, segments):
    path = tmp_path / "x.seg.nrrd"
    write_segments(path, an_image, segments)
    path.write_bytes(path.read_bytes().replace(b"Segment1_Layer:=1\n", b"").replace(b"Segment0_Layer:=0\n", b""))
    for got, wanted in zip(read_segments(path), segments, strict=True):
        assert np.array_equal(got.mask, wanted.mask)


def test_a_volume_that_is_no_segmentation_has_no_segments(tmp_path, an_image):
    SimpleITK.WriteImage(an_image, str(tmp_path / "x.nrrd"))
    assert segment_places(read_volume(tmp_path / "x.nrrd", "nrrd", several_slices=True), "x.nrrd") == ()


def test_names_in_any_script_are_kept(tmp_path, an_image, segments):
    named = replace(segments[0], name="Fibrose pulmonaire étendue · 肺线维化")
    write_segments(tmp_path / "x.seg.nrrd", an_image, [named])
    assert read_segments(tmp_path / "x.seg.nrrd")[0].name == named.name


def test_a_level_of_a_map_is_written_as_the_mask_that_it_stands_for(tmp_path, an_image):
    heat = np.random.default_rng(4).random((4, 5, 6), dtype=np.float32)
    write_segments(tmp_path / "x.seg.nrrd", an_image, [Segment("hot", "Hot", (1, 0, 0), AtLeast(heat, 0.5))])
    assert np.array_equal(read_segments(tmp_path / "x.seg.nrrd")[0].mask, heat >= 0.5)


def test_slicers_own_package_reads_the_same_segments(tmp_path, an_image, segments):
    neither = ~segments[0].mask & ~segments[1].mask
    segments.append(Segment("rest", "The rest", (0.5, 0.5, 0.5), neither))
    write_segments(tmp_path / "x.seg.nrrd", an_image, segments)
    found = slicerio.read_segmentation(str(tmp_path / "x.seg.nrrd"))
    for listed, wanted in zip(found["segments"], segments, strict=True):
        assert (listed["id"], listed["name"]) == (wanted.id, wanted.name)
        layer = found["voxels"][listed["layer"]]  # [i, j, k]
        assert np.array_equal(layer.transpose(2, 1, 0) == listed["labelValue"], wanted.mask)
