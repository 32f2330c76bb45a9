"""The body on a radiograph, and maps that lie outside it."""

import numpy as np
import pytest

from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.trust.body import body_mask, map_outside_body_check


@pytest.fixture(scope="module")
def chest():
    return chest_radiograph(700, 620)


def spot(chest, row, column, size=40):
    heat = np.zeros(chest.shape, dtype=np.float32)
    heat[row : row + size, column : column + size] = 1
    return heat


def test_lungs_and_center_are_body_and_dark_corners_are_not(chest):
    mask = body_mask(chest)
    assert mask.shape == chest.shape
    assert mask[200:500, 120:500].all()
    assert not mask[5:30, 5:60].any()


def test_a_side_marker_is_not_body(chest):
    marked = chest.copy()
    marked[20:50, 20:45] = 1
    assert not body_mask(marked)[20:50, 20:45].any()


def test_a_picture_without_dark_border_is_all_body():
    assert body_mask(np.random.default_rng(0).uniform(0.4, 0.9, (200, 200)))[5:-5, 5:-5].all()


def test_a_map_on_the_lung_passes(chest):
    check = map_outside_body_check(spot(chest, 300, 150), chest)
    assert check.status == "pass"
    assert check.value == 0


def test_a_map_in_the_corner_is_a_warning_with_its_share(chest):
    check = map_outside_body_check(spot(chest, 0, 0) + spot(chest, 300, 150), chest)
    assert check.status == "warn"
    assert (check.value, check.unit) == (pytest.approx(50, abs=10), "%")
    assert "outside the body" in check.sentence


def test_an_empty_map_is_a_warning(chest):
    assert map_outside_body_check(np.zeros_like(chest), chest).status == "warn"


def test_a_map_on_another_grid_is_refused(chest):
    with pytest.raises(ValueError, match="pixels"):
        map_outside_body_check(np.zeros((7, 7)), chest)
