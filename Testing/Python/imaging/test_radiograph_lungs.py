"""Lungs on a radiograph: which is which, a map in their zones, and how wide chest and heart are."""

import numpy as np
import pytest

from readingroom.imaging.heart_borders import heart_columns
from readingroom.imaging.lungs import Lungs
from readingroom.imaging.radiograph_lungs import ZONES, chest_columns, part_lungs, sums_by_zone
from readingroom.phantoms.chest_radiograph import chest_radiograph, lung_outlines


@pytest.fixture(scope="module")
def lungs():
    return Lungs(*lung_outlines(300, 260, seed=2))


def test_the_lung_at_the_left_of_the_picture_is_the_right_one_unless_the_film_is_mirrored(lungs):
    parted, mirrored = part_lungs(lungs.both), part_lungs(lungs.both, mirrored=True)
    assert np.array_equal(parted.right, lungs.right)
    assert np.array_equal(parted.left, lungs.left)
    assert np.array_equal(mirrored.right, lungs.left)


def test_a_single_lung_lies_on_its_side_and_a_speck_is_no_lung(lungs):
    one = lungs.left.copy()
    one[5:8, 5:8] = True
    parted = part_lungs(one)
    assert np.array_equal(parted.left, lungs.left)
    assert parted.right.sum() == 9
    assert not part_lungs(np.zeros((9, 9), bool)).both.any()


def test_a_part_of_a_lung_that_was_drawn_apart_belongs_to_the_nearer_lung(lungs):
    cut = lungs.both.copy()
    cut[150:153, :130] = False
    assert np.array_equal(part_lungs(cut).right, lungs.right & cut)


def test_six_zones_hold_all_of_a_map_on_the_lungs_and_thirds_are_of_each_lungs_own_height(lungs):
    heat = np.random.default_rng(0).random(lungs.right.shape, dtype=np.float32)
    sums = sums_by_zone(heat, lungs)
    assert tuple(sums) == ZONES
    assert sum(sums.values()) == pytest.approx(float(heat[lungs.both].sum()), rel=1e-4)
    held = np.flatnonzero(lungs.left.any(axis=1))
    spot = np.zeros_like(heat)
    spot[held[0] : held[0] + len(held) // 3] = 1
    zone, largest = max(
        sums_by_zone(spot, Lungs(np.zeros_like(lungs.left), lungs.left)).items(), key=lambda one: one[1]
    )
    assert zone.title == "Left upper"
    assert largest == pytest.approx(lungs.left[: held[0] + len(held) // 3].sum())


def test_the_chest_reaches_from_rib_to_rib_and_has_no_width_with_one_lung(lungs):
    first, end = chest_columns(lungs)
    assert lungs.both[:, first].any()
    assert lungs.both[:, end - 1].any()
    assert not lungs.both[:, :first].any()
    assert chest_columns(Lungs(lungs.right, np.zeros_like(lungs.left))) is None


@pytest.mark.parametrize(("rows", "seed"), [(300, 2), (1100, 0), (700, 5)])
def test_the_heart_of_the_phantom_is_found_within_a_fiftieth_of_the_chest(rows, seed):
    columns = rows * 7 // 8
    gray, lungs = chest_radiograph(rows, columns, seed=seed), Lungs(*lung_outlines(rows, columns, seed=seed))
    low, high = heart_columns(gray, lungs)
    random = np.random.default_rng(seed)
    _, size = random.uniform(0.95, 1.05), random.uniform(0.9, 1.1)
    # The ellipse of the phantom, of radii 0.17 and 0.12 and turned by 37 degrees, about 0.55 across.
    reach = size * np.hypot(0.17 * 0.8, 0.12 * 0.6)
    chest = chest_columns(lungs)
    assert high / columns == pytest.approx(0.55 + reach, abs=0.02 * (chest[1] - chest[0]) / columns)
    assert low < high


def test_a_heart_that_nothing_shows_has_no_width(lungs):
    assert heart_columns(np.full(lungs.right.shape, 0.5, np.float32), lungs) is None
    assert heart_columns(np.full(lungs.right.shape, 0.5, np.float32), Lungs(lungs.right, ~lungs.right & False)) is None
    thin = lungs.right.copy()
    thin[:270] = False
    assert heart_columns(chest_radiograph(300, 260, seed=2), Lungs(thin, lungs.left)) is None
