from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom.explain.box import centered_box, strongest_region
from readingroom.reading import Box


@pytest.fixture
def two_regions() -> np.ndarray:
    """A small hot region, and a larger one that is less hot."""
    heat = np.zeros((10, 12))
    heat[2:5, 3:7] = 0.9
    heat[3, 4] = 1.0
    heat[6:10, 8:12] = 0.7
    return heat


def test_boxes_equal_the_stored_ones(shared):
    stored = json.loads((shared / "oracles" / "preprocess" / "preprocess.json").read_text())["cam_bbox"]
    heat = np.array(stored["cam"])
    top, left, bottom, right = stored["bbox_of_component_with_global_max"]
    assert strongest_region(heat, stored["threshold_fraction"]) == Box((left, top), (right, bottom))
    top, left, bottom, right = stored["fixed_box_5x5_centred_on_argmax_clipped"]
    assert centered_box(heat, 5) == Box((left, top), (right, bottom))


def test_the_region_of_the_hottest_point_wins_over_a_larger_one(two_regions):
    assert strongest_region(two_regions) == Box(start=(3, 2), stop=(7, 5))


def test_a_higher_fraction_gives_a_smaller_box(two_regions):
    assert strongest_region(two_regions, 0.95) == Box(start=(4, 3), stop=(5, 4))


def test_regions_that_touch_by_a_corner_are_one():
    assert strongest_region(np.eye(3)) == Box((0, 0), (3, 3))


def test_volumes_give_boxes_in_ijk_order():
    heat = np.zeros((4, 6, 8))
    heat[1:3, 2:5, 3:7] = 1
    heat[2, 3, 4] = 2
    assert strongest_region(heat) == Box(start=(3, 2, 1), stop=(7, 5, 3))
    assert centered_box(heat, (5, 3, 1)) == Box(start=(2, 2, 2), stop=(7, 5, 3))


def test_the_fixed_box_is_clipped_at_the_border():
    heat = np.zeros((5, 5))
    heat[0, 4] = 1
    assert centered_box(heat, 3) == Box(start=(3, 0), stop=(5, 2))


def test_an_even_box_has_its_extra_element_before_the_point():
    heat = np.zeros((1, 9))
    heat[0, 4] = 1
    assert centered_box(heat, (4, 1)) == Box(start=(2, 0), stop=(6, 1))


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_map_that_points_at_nothing_has_no_box(value):
    assert strongest_region(np.full((3, 3), value)) is None
    assert centered_box(np.full((3, 3), value), 2) is None


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="fraction"):
        strongest_region(np.eye(3), 0)
    with pytest.raises(ValueError, match="does not fit"):
        centered_box(np.eye(3), (3, 3, 3))
    with pytest.raises(ValueError, match="NaN"):
        strongest_region(np.array([[np.nan, 1.0]]))
