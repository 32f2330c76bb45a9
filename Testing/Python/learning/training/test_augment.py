import numpy as np
import pytest

from readingroom.learning.protocols.training_protocol import Augment, Change
from readingroom.learning.training.augment import augmented


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def a_picture():
    gray = np.zeros((31, 41), dtype=np.float32)
    gray[10:20, 5:15] = np.linspace(0.2, 0.9, 10, dtype=np.float32)
    return gray


EVERYTHING = Augment(
    (
        Change("mirror", 0.5),
        Change("flip", 0.5),
        Change("rotate", 0.5, 20),
        Change("scale", 1, 0.05),
        Change("shift", 1, 0.02),
        Change("exposure", 1, 0.1),
        Change("brightness", 1, 0.05),
        Change("sharpness", 0.5, 2),
        Change("autocontrast", 0.5),
    )
)


def test_the_same_generator_gives_the_same_variant(a_picture):
    first, second = (augmented(a_picture, EVERYTHING, generator(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, augmented(a_picture, EVERYTHING, generator(4)))


@pytest.mark.parametrize("seed", range(20))
def test_gray_levels_stay_between_0_and_1_and_the_size_as_it_is(a_picture, seed):
    variant = augmented(a_picture, EVERYTHING, generator(seed))
    assert variant.shape == a_picture.shape
    assert variant.dtype == np.float32
    assert variant.min() >= 0
    assert variant.max() <= 1


def test_without_changes_the_image_stays_as_it_is(a_picture):
    assert augmented(a_picture, Augment(), generator()) is a_picture


def test_mirror_swaps_left_and_right_exactly(a_picture):
    assert np.array_equal(augmented(a_picture, Augment((Change("mirror"),)), generator()), a_picture[:, ::-1])


def test_flip_swaps_top_and_bottom_exactly(a_picture):
    assert np.array_equal(augmented(a_picture, Augment((Change("flip"),)), generator()), a_picture[::-1])


def test_a_mirror_beside_a_movement_is_still_a_mirror(a_picture):
    still = Change("rotate", 1, 1e-9)
    mirrored = augmented(a_picture, Augment((Change("mirror"), still)), generator())
    assert np.abs(mirrored - a_picture[:, ::-1]).max() < 1e-4


def test_a_rotation_stays_within_its_angle_and_turns_about_the_center():
    gray = np.zeros((101, 101), dtype=np.float32)
    gray[48:53, 85:95] = 1  # a bar on the right, in the middle
    gray[49:52, 49:52] = 1
    angles = []
    for seed in range(30):
        turned = augmented(gray, Augment((Change("rotate", 1, 20),)), generator(seed))
        assert turned[50, 50] > 0.9
        rows, columns = np.nonzero((turned > 0.5) & (np.abs(np.arange(101) - 50) > 20))
        angles.append(np.rad2deg(np.arctan2(rows.mean() - 50, columns.mean() - 50)))
    assert max(np.abs(angles)) <= 20.5
    assert max(angles) > 10
    assert min(angles) < -10


def test_a_shift_moves_by_its_part_of_the_size():
    gray = np.zeros((100, 200), dtype=np.float32)
    gray[45:55, 95:105] = 1
    moved = []
    for seed in range(200):
        rows, columns = np.nonzero(augmented(gray, Augment((Change("shift", 1, 0.05),)), generator(seed)) > 0.5)
        moved.append((rows.mean() - 49.5, columns.mean() - 99.5))
    assert np.std(moved, axis=0) == pytest.approx([5, 10], rel=0.15)


def test_a_change_happens_as_often_as_its_probability_says(a_picture):
    augment = Augment((Change("mirror", 0.2),))
    happened = [not np.array_equal(augmented(a_picture, augment, generator(seed)), a_picture) for seed in range(500)]
    assert np.mean(happened) == pytest.approx(0.2, abs=0.06)


def test_sharpness_of_1_changes_nothing_and_more_makes_edges_steeper(a_picture):
    same = augmented(a_picture, Augment((Change("sharpness", 1, 1),)), generator())
    assert np.allclose(same, a_picture, atol=1e-6)
    gray = 0.3 + 0.4 * (a_picture > 0).astype(np.float32)
    sharper = augmented(gray, Augment((Change("sharpness", 1, 2),)), generator())
    assert sharper.max() > gray.max()
    assert sharper.min() < gray.min()


def test_autocontrast_spreads_the_gray_levels_over_the_whole_scale():
    gray = np.linspace(0.3, 0.6, 100, dtype=np.float32).reshape(10, 10)
    spread = augmented(gray, Augment((Change("autocontrast"),)), generator())
    assert (spread.min(), spread.max()) == pytest.approx((0, 1))


def test_all_slices_of_a_stack_change_alike(a_picture):
    stack = np.stack([a_picture] * 3)
    variant = augmented(stack, EVERYTHING, generator(1))
    assert np.array_equal(variant[0], variant[2])
    assert not np.array_equal(variant[0], a_picture)


def test_slices_change_each_on_their_own_where_the_protocol_says_so(a_picture):
    stack = np.stack([a_picture] * 3)
    variant = augmented(stack, Augment(EVERYTHING.changes, per="slice"), generator(1))
    assert not np.array_equal(variant[0], variant[2])
