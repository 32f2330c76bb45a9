"""Agreement of repeated measurements, and features under small changes of mask and image."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import InputError
from readingroom.radiomics.agreement import absolute_agreement
from readingroom.radiomics.perturb import contour_noise, dilated, image_noise, resampled, rotated
from readingroom.radiomics.robustness import CHANGES, robustness
from readingroom.radiomics.settings import Settings

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
SMALL = Settings(features={"shape": ("MeshVolume", "Sphericity"), "firstorder": ("Mean", "Entropy"), "glcm": ("MCC",)})


@pytest.fixture
def ball():
    """A ball of 8 mm radius in a gray ramp with noise, voxels of 1 x 1 x 1.5 mm."""
    k, j, i = np.meshgrid(np.arange(24), np.arange(32), np.arange(32), indexing="ij")
    values = 10 * i + np.random.default_rng(2).normal(0, 20, i.shape)
    inside = (1.5 * (k - 12)) ** 2 + (j - 16) ** 2 + (i - 16) ** 2 <= 64
    pair = [SimpleITK.GetImageFromArray(each) for each in (values.astype(np.int16), inside.astype(np.uint8))]
    for each in pair:
        each.SetSpacing((1.0, 1.0, 1.5))
    return pair[0], pair[1]


@pytest.fixture
def random():
    return np.random.default_rng(4)


def volume(mask: SimpleITK.Image) -> float:
    return np.count_nonzero(SimpleITK.GetArrayViewFromImage(mask)) * math.prod(mask.GetSpacing())


def test_agreement_of_shrout_and_fleiss(shared):
    oracle = json.loads((shared / "oracles" / "stats" / "stats.json").read_text())["icc_shrout_fleiss"]
    found = absolute_agreement(np.array(oracle["data"], dtype=float))
    assert found.icc == pytest.approx(oracle["ICC_A1_two_way_random_absolute"], abs=1e-9)


def test_agreement_and_its_interval_as_published():
    found = absolute_agreement(SHROUT_FLEISS)
    assert found.icc == pytest.approx(0.2897637795275591, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.019, 0.761), abs=5e-4)  # McGraw and Wong; R's irr gives the same


def test_equal_measurements_agree_entirely():
    assert absolute_agreement(np.tile([[1.0], [2.0], [5.0]], 4)).low == 1


def test_nothing_that_varies_has_no_agreement():
    assert math.isnan(absolute_agreement(np.ones((3, 3))).icc)


def test_a_constant_shift_costs_agreement():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert absolute_agreement(np.stack([x, x + 2], axis=1)).icc < 0.5


@pytest.mark.parametrize("measurements", [np.ones((1, 3)), np.ones((3, 1)), np.array([[1.0, np.nan], [1.0, 2.0]])])
def test_too_little_to_agree_about_is_refused(measurements):
    with pytest.raises(ValueError, match="agreement needs"):
        absolute_agreement(measurements)


def test_growing_and_shrinking_by_a_distance(ball, random):
    image, mask = ball
    grown = volume(dilated(2.0)(image, mask, random)[1])
    shrunk = volume(dilated(-2.0)(image, mask, random)[1])
    assert grown == pytest.approx(4 / 3 * math.pi * 10**3, rel=0.15)  # voxels of 1.5 mm
    assert shrunk == pytest.approx(4 / 3 * math.pi * 6**3, rel=0.15)


def test_contour_noise_moves_the_surface_both_ways_and_follows_its_seed(ball):
    image, mask = ball
    one, same, other = (
        SimpleITK.GetArrayFromImage(contour_noise(1.0)(image, mask, np.random.default_rng(seed))[1])
        for seed in (1, 1, 2)
    )
    before = SimpleITK.GetArrayFromImage(mask)
    assert (one > before).any()
    assert (one < before).any()
    assert (one == same).all()
    assert (one != other).any()


def test_image_noise_is_a_share_of_the_regions_deviation(ball, random):
    image, mask = ball
    noisy, same_mask = image_noise(0.5)(image, mask, random)
    added = SimpleITK.GetArrayFromImage(noisy).astype(float) - SimpleITK.GetArrayFromImage(image)
    inside = SimpleITK.GetArrayFromImage(image)[SimpleITK.GetArrayFromImage(mask) > 0]
    assert added.std() == pytest.approx(0.5 * inside.std(), rel=0.02)
    assert volume(same_mask) == volume(mask)
    assert noisy.GetPixelID() == image.GetPixelID()


@pytest.mark.parametrize("change", [rotated(4.0), resampled(1.3)])
def test_turning_and_resampling_keep_the_volume(ball, random, change):
    image, mask = ball
    changed_image, changed_mask = change(image, mask, random)
    assert volume(changed_mask) == pytest.approx(volume(mask), rel=0.05)
    assert changed_image.GetSize() == changed_mask.GetSize()


def test_stable_features_are_told_from_others(ball):
    image, mask = ball
    regions = [dilated(grown)(image, mask, np.random.default_rng(0)) for grown in (-4.0, -2.0, 0.0, 2.0, 4.0)]
    found = robustness(regions, SMALL, seed=3)
    assert found.regions == 5
    assert found.seed == 3
    assert found.changes == tuple(CHANGES)
    assert "original_shape_MeshVolume" in found.stable()
    assert set(found.agreement) == {
        "original_shape_MeshVolume",
        "original_shape_Sphericity",
        "original_firstorder_Mean",
        "original_firstorder_Entropy",
        "original_glcm_MCC",
    }
    assert robustness(regions, SMALL, seed=3).agreement == found.agreement


def test_one_region_has_no_agreement(ball):
    with pytest.raises(InputError, match="two regions"):
        robustness([ball])


def test_a_region_that_a_change_wipes_out_is_said(ball):
    with pytest.raises(InputError, match=r"Region 1 of 2: .*too small"):
        robustness([ball, ball], SMALL, {"shrunk to nothing": dilated(-30.0)})


@pytest.mark.parametrize("dimensions", [2, 3])
def test_pictures_and_single_slices_are_changed_within_their_plane(dimensions):
    j, i = np.mgrid[:40, :44]
    pairs = []
    for radius in (9, 12, 15):
        values = (5 * i + np.random.default_rng(radius).normal(0, 20, i.shape)).astype(np.int16)
        inside = ((j - 20) ** 2 + (i - 22) ** 2 <= radius**2).astype(np.uint8)
        arrays = (values, inside) if dimensions == 2 else (values[None], inside[None])
        pairs.append(tuple(SimpleITK.GetImageFromArray(each) for each in arrays))
    found = robustness(
        pairs, Settings(features={"shape2D": ("PixelSurface",), "firstorder": ("Mean",)}, force_2d=dimensions == 3)
    )
    assert set(found.agreement) == {"original_shape2D_PixelSurface", "original_firstorder_Mean"}
    assert found.agreement["original_shape2D_PixelSurface"].icc > 0.8
    coarse, coarse_mask = resampled(1.2)(*pairs[0], np.random.default_rng(0))
    assert coarse.GetSpacing() == pytest.approx((1.2, 1.2, 1.0)[:dimensions])
    assert coarse_mask.GetSize() == coarse.GetSize()


def test_a_mask_on_another_grid_is_changed_on_the_grid_of_its_image(ball):
    image, mask = ball
    small = mask[4:28, 4:28, 2:22]
    settings = Settings(features={"firstorder": ("Mean",)}, correct_mask=True)
    apart, together = (robustness([(image, m), (image + 5, m)], settings).agreement for m in (small, mask))
    assert apart["original_firstorder_Mean"].icc == pytest.approx(together["original_firstorder_Mean"].icc, abs=0.05)


def test_features_that_a_change_leaves_out_are_left_out():
    ramp = SimpleITK.GetImageFromArray(np.indices((5, 20, 20)).sum(axis=0).astype(np.float32) ** 2)
    mask = SimpleITK.GetImageFromArray(np.pad(np.ones((3, 10, 10), np.uint8), ((1, 1), (5, 5), (5, 5))))
    settings = Settings(image_types={"Original": {}, "LoG": {"sigma": (3.0,)}}, features={"firstorder": ("Mean",)})
    changes = {"coarser": resampled(2.0)}  # three slices are left, too few for this filter
    found = robustness([(ramp, mask), (ramp + 3, mask)], settings, changes)
    assert list(found.agreement) == ["original_firstorder_Mean"]
