"""The phantom of fibrosis holds what was asked for, where its mask says, and nothing elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.imaging.lungs import find_lungs
from readingroom.phantoms.fibrosis_ct import KINDS, FibrosisCT, Scanner, fibrosis_ct, plant, random_scanner

SHAPE, SPACING = (20, 80, 100), (14.0, 3.6, 3.6)
QUIET = Scanner(blur=0.0, noise=0.0)
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "lung_ct" / "LUNG1-001"
ML = 400.0


def small(seed: int = 1, ml: float = 0.0, **given) -> FibrosisCT:
    return fibrosis_ct(seed, ml, **{"shape": SHAPE, "spacing": SPACING, **given})


@pytest.fixture(scope="module")
def healthy() -> FibrosisCT:
    return small(scanner=QUIET)


@pytest.fixture(scope="module", params=KINDS)
def pattern(request) -> FibrosisCT:
    return small(ml=ML, kinds=(request.param,), scanner=QUIET)


def test_a_seed_gives_the_same_voxels_and_another_gives_others():
    first, same, other = small(1, ML), small(1, ML), small(2, ML)
    assert (first.pixels == same.pixels).all()
    assert (first.fibrosis == same.fibrosis).all()
    assert (first.pixels != other.pixels).any()
    assert (first.fibrosis != other.fibrosis).any()


@pytest.mark.parametrize("ml", [20.0, 150.0, 1200.0])
def test_there_is_as_much_as_was_asked_for_within_a_voxel(ml):
    made = small(ml=ml)
    assert made.fibrosis_ml == pytest.approx(ml, abs=np.prod(SPACING) / 1000)
    assert made.fibrosis.sum() * np.prod(made.spacing) / 1000 == made.fibrosis_ml


def test_without_milliliters_there_is_neither_fibrosis_nor_a_pattern(healthy):
    assert not healthy.fibrosis.any()
    assert healthy.kinds == ()
    assert healthy.fibrosis_ml == 0


def test_more_than_the_lungs_hold_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        small(ml=20_000.0)


def test_fibrosis_lies_in_the_lungs_and_the_lungs_do_not_overlap(pattern):
    assert not (pattern.fibrosis & ~(pattern.right_lung | pattern.left_lung)).any()
    assert not (pattern.right_lung & pattern.left_lung).any()


def test_nothing_is_changed_but_what_the_mask_says(pattern, healthy):
    # Without blur and noise the same seed makes the same chest up to what is planted.
    assert (pattern.pixels == healthy.pixels)[~pattern.fibrosis].all()
    assert (pattern.pixels != healthy.pixels)[pattern.fibrosis].mean() > 0.95


def test_fibrosis_lies_against_the_pleura_and_low():
    made = small(ml=ML)
    lungs = made.right_lung | made.left_lung
    heights = np.arange(SHAPE[0])[:, None, None] + np.zeros(SHAPE)
    assert heights[made.fibrosis].mean() < heights[lungs].mean()
    rim = lungs & ~np.roll(lungs, 3, 2) | lungs & ~np.roll(lungs, -3, 2)
    assert rim[made.fibrosis].mean() > rim[lungs].mean()


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("ground-glass", -800, -350),  # HU: a veil, no line and no hole
        ("reticulation", -800, -350),
        ("bronchiectasis", -850, -400),
        ("honeycombing", -850, -400),
    ],
)
def test_each_pattern_is_denser_than_the_lung(kind, least, most, healthy):
    made = small(ml=ML, kinds=(kind,), scanner=QUIET)
    assert made.kinds == (kind,)
    mean = made.pixels[made.fibrosis].mean()
    assert least < mean < most
    assert mean > healthy.pixels[made.fibrosis].mean() + 20


def test_honeycombs_are_air_with_walls_and_ground_glass_has_neither():
    honeycombs = small(ml=ML, kinds=("honeycombing",), scanner=QUIET)
    values = honeycombs.pixels[honeycombs.fibrosis]
    assert ((values < -940) | (values > -270)).all()
    glass = small(ml=ML, kinds=("ground-glass",), scanner=QUIET)
    values = glass.pixels[glass.fibrosis]
    assert np.quantile(values, 0.9) - np.quantile(values, 0.1) < 300


def test_reticulation_has_lines_of_the_density_of_tissue_in_lung():
    made = small(ml=ML, kinds=("reticulation",), scanner=QUIET)
    lines = made.pixels[made.fibrosis] > -330
    assert 0.1 < lines.mean() < 0.6


def test_scanners_differ_in_sharpness_and_noise():
    random = np.random.default_rng(0)
    drawn = [random_scanner(random) for _ in range(40)]
    assert max(each.blur for each in drawn) > 2 * min(each.blur for each in drawn)
    assert max(each.noise for each in drawn) > 3 * min(each.noise for each in drawn)


def test_a_noisy_scanner_is_noisy_in_air_and_a_soft_one_blurs_edges():
    corner = (slice(None), slice(0, 6), slice(0, 10))  # air, outside of the body
    quiet, noisy = small(scanner=Scanner(noise=5.0)), small(scanner=Scanner(noise=15.0))
    assert np.std(noisy.pixels[corner], ddof=1) > 2 * np.std(quiet.pixels[corner], ddof=1)
    soft, sharp = (small(scanner=Scanner(blur=blur, noise=0.0)) for blur in (4.0, 0.4))
    steps = [np.abs(np.diff(made.pixels.astype(int), axis=2)).max() for made in (soft, sharp)]
    assert steps[0] < 0.8 * steps[1]


def test_lungs_are_found_in_it_as_in_a_ct():
    made = small(ml=ML)
    image = SimpleITK.GetImageFromArray(made.pixels.astype(np.float32))
    image.SetSpacing(made.spacing[::-1])
    truth, found = made.right_lung | made.left_lung, find_lungs(image).both
    assert 2 * (truth & found).sum() / (truth.sum() + found.sum()) > 0.9


def test_planting_into_an_image_changes_the_lungs_alone():
    before = small(seed=3)
    lungs = before.right_lung | before.left_lung
    after, planted = plant(before.pixels, lungs, ("reticulation",), ML, SPACING, seed=5)
    assert planted.sum() * np.prod(SPACING) / 1000 == pytest.approx(ML, abs=np.prod(SPACING) / 1000)
    assert not (planted & ~lungs).any()
    changed = after != before.pixels
    assert changed[planted].mean() > 0.9
    reach = np.zeros_like(planted)
    for axis in range(3):
        for step in (-1, 1):
            reach |= np.roll(planted, step, axis)
    assert not (changed & ~planted & ~reach).any()
    again, _ = plant(before.pixels, lungs, ("reticulation",), ML, SPACING, seed=5)
    assert (after == again).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the folder 'shared'")
def test_fibrosis_is_planted_into_a_real_ct():
    image = SimpleITK.ReadImage(str(REAL / "ct.nii.gz"))
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(REAL / "labels.nii.gz")))[::4, ::2, ::2]
    pixels = SimpleITK.GetArrayFromImage(image)[::4, ::2, ::2]
    i, j, k = image.GetSpacing()
    spacing = (4 * k, 2 * j, 2 * i)
    lungs = np.isin(labels, (1, 2))
    after, planted = plant(pixels, lungs, ("ground-glass", "reticulation"), ML, spacing, seed=0)
    assert planted.sum() * np.prod(spacing) / 1000 == pytest.approx(ML, rel=0.01)
    assert not (planted & ~lungs).any()
    assert after[planted].mean() > pixels[planted].mean() + 100
    far = ~planted & ~lungs
    assert np.abs(after[far].astype(int) - pixels[far].clip(-1024, 3071)).mean() < 1
