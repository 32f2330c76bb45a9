"""A volume as a network reads it whole, and the network's map back on the voxels of the CT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import gray_levels
from readingroom.imaging.volume_input import prepare_volume

SHAPE = (12, 30, 40)
WHOLE = Preprocessing("volume", (16, 16, 16), channels=1, normalize="none", window=(0, 2000))


@pytest.fixture
def image() -> SimpleITK.Image:
    """Air, and in it a box of 0 HU with a bright voxel block, on voxels of 1 x 2 x 5 mm that do not begin at 0."""
    voxels = np.full(SHAPE, -1000, np.int16)
    voxels[2:10, 5:25, 6:36] = 0
    voxels[5:7, 12:16, 18:24] = 1000
    made = SimpleITK.GetImageFromArray(voxels)
    made.SetSpacing((1.0, 2.0, 5.0))
    made.SetOrigin((-17.0, 33.0, -400.0))
    return made


@pytest.fixture
def lungs() -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2:10, 5:25, 6:36] = True
    mask[6] = False  # one slice within has none
    return mask


CROPPED = replace(WHOLE, organ="lungs", organ_crop=True)
WAYS = {
    "stretched": WHOLE,
    "cropped": CROPPED,
    "cropped and padded": replace(CROPPED, keep_aspect=True),
    "on voxels in mm": replace(CROPPED, spacing=(5.0, 2.0, 2.0)),
    "on voxels in mm, cut": replace(CROPPED, spacing=(2.0, 1.0, 1.0)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_network_is_given_what_gray_levels_says(image, lungs, way):
    found = prepare_volume(image, WAYS[way], lungs)
    assert found.pixels.shape == (1, 16, 16, 16)
    assert np.array_equal(found.pixels[0], gray_levels(image, WAYS[way], lungs))


@pytest.mark.parametrize("way", WAYS)
def test_a_map_lies_on_the_voxels_that_it_speaks_of(image, lungs, way):
    found = prepare_volume(image, WAYS[way], lungs)
    back = np.asarray(found.to_volume((found.pixels[0] > 0.75).astype(np.float32)))
    assert back.shape == SHAPE
    bright = SimpleITK.GetArrayFromImage(image) == 1000
    centers = [np.array(np.nonzero(mask)).mean(1) for mask in (bright, back > 0.5)]
    assert np.abs(centers[0] - centers[1]).max() < 1


def test_outside_of_what_was_read_a_map_is_0_and_inside_it_goes_up_to_the_border(image, lungs):
    found = prepare_volume(image, CROPPED, lungs)
    back = np.asarray(found.to_volume(np.ones((2, 2, 2), np.float32)))
    inside = np.zeros(SHAPE, dtype=bool)
    inside[2:10, 5:25, 6:36] = True
    assert np.array_equal(back == 1, inside)
    assert np.array_equal(back == 0, ~inside)
    assert np.array_equal(found.reached(), inside)
    assert found.count_reached(lungs) == lungs.sum()


def test_a_slice_without_lung_between_others_stays_where_it_is(image, lungs):
    assert prepare_volume(image, replace(CROPPED, least_organ=0.1), lungs).extents[0] == (2, 10)


def test_around_the_organ_alone_all_is_black_and_within_it_nothing_changes(image, lungs):
    way = replace(CROPPED, spacing=(5.0, 2.0, 1.0))
    whole, alone = (prepare_volume(image, replace(way, organ_only=only), lungs) for only in (False, True))
    assert alone.extents == whole.extents
    inside = alone.of_labels(lungs.astype(np.uint8)) > 0
    assert whole.pixels[0][~inside].any()
    assert np.array_equal(alone.pixels[0], np.where(inside, whole.pixels[0], 0))


def test_a_volume_that_is_cut_tells_where(image, lungs):
    found = prepare_volume(image, replace(CROPPED, spacing=(5.0, 2.0, 1.0)), lungs)
    assert found.extents == ((-2, 14), (7, 23), (13, 29))
