"""The chest CT phantom has the densities and sizes that it says."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.phantoms.chest_ct import chest_ct


@pytest.fixture(scope="module")
def phantom():
    return chest_ct()


def test_lungs_are_air_and_the_tumor_is_soft_tissue(phantom):
    assert np.median(phantom.pixels[phantom.right_lung]) == pytest.approx(-850, abs=20)
    assert np.median(phantom.pixels[phantom.tumor]) == pytest.approx(40, abs=30)


def test_the_tumor_has_the_volume_of_a_ball_of_eighteen_millimeters(phantom):
    volume = phantom.tumor.sum() * np.prod(phantom.spacing)
    assert volume == pytest.approx(4 / 3 * np.pi * 18**3 / 1.1, rel=0.3)


def test_masks_do_not_overlap(phantom):
    assert (phantom.tumor.astype(int) + phantom.right_lung + phantom.left_lung).max() == 1


def test_a_seed_gives_the_same_voxels_and_another_gives_others(phantom):
    assert (chest_ct().pixels == phantom.pixels).all()
    assert (chest_ct(seed=1).pixels != phantom.pixels).any()


def test_a_phantom_too_small_to_show_anything_is_refused():
    with pytest.raises(ValueError, match="shows nothing"):
        chest_ct((4, 100, 100))
