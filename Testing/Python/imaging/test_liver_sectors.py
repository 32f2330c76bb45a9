"""Eight geometric parts of a liver: all of it, of one volume, in order from right to left, by its own axes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.imaging.liver_sectors import SECTORS, hilum, own_axes, sector_labels
from readingroom.phantoms.abdomen_mr import abdomen_mr

SPACING = (8.0, 4.0, 4.0)


@pytest.fixture(scope="module", params=[1, 2, 3])
def liver(request) -> np.ndarray:
    return abdomen_mr(request.param, shape=(30, 80, 104), spacing=SPACING).liver


def test_parts_cover_the_liver_and_nothing_else_and_hold_the_same(liver) -> None:
    labels = sector_labels(liver, SPACING)
    np.testing.assert_array_equal(labels > 0, liver)
    sizes = np.bincount(labels.ravel())[1:]
    assert len(sizes) == len(SECTORS) == 8
    assert np.ptp(sizes) <= 2


def test_wedges_run_from_right_to_left_and_upper_halves_lie_above(liver) -> None:
    labels = sector_labels(liver, SPACING)
    places = ndimage.center_of_mass(liver, labels, np.arange(1, 9))
    height, _, side = np.array(places).reshape(4, 2, 3).transpose(2, 0, 1)
    assert side[0].mean() < side[3].mean()
    assert (height[:, 0] > height[:, 1]).all()


def test_the_hilum_lies_below_and_left_of_the_middle(liver) -> None:
    middle = (np.argwhere(liver) * SPACING).mean(axis=0)
    found = hilum(liver, SPACING)
    assert found[0] <= middle[0]
    assert found[2] >= middle[2]


def test_axes_are_right_angled_and_follow_a_liver_that_is_turned() -> None:
    k, j, i = np.indices((40, 40, 40)) - 20
    upright = (k / 15) ** 2 + (j / 10) ** 2 + (i / 6) ** 2 <= 1
    turned = ndimage.rotate(upright.astype(float), 20, axes=(0, 1), reshape=False, order=1) > 0.5
    for mask, angle in ((upright, 0.0), (turned, 20.0)):
        axes = own_axes(np.argwhere(mask).astype(float))
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
        assert np.degrees(np.arccos(min(axes[0, 0], 1.0))) == pytest.approx(angle, abs=2.0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 6, 6), (2, 1, 9)])
def test_a_few_voxels_or_a_flat_mask_are_parted_as_far_as_they_go(shape) -> None:
    labels = sector_labels(np.ones(shape, dtype=bool), SPACING)
    assert labels.min() >= 1
    assert labels.max() <= 8


def test_a_ball_has_no_hollow_and_its_middle_in_place_of_a_hilum() -> None:
    k, j, i = np.indices((21, 21, 21)) - 10
    ball = k**2 + j**2 + i**2 <= 81
    np.testing.assert_allclose(hilum(ball, (5.0, 5.0, 5.0)), (50.0, 50.0, 50.0), atol=10.0)
