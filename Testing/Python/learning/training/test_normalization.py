import numpy as np
import pytest

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import normalized
from readingroom.learning.training.normalization import measured


def gray(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype(np.float32)


def test_the_training_rows_get_mean_0_and_deviation_1_over_all_of_them():
    images = [gray(16, 16), 0.3 * gray(16, 16, seed=1)]
    found = measured(Preprocessing("picture", (16, 16), 3), images)
    done = np.stack([normalized(image, found) for image in images])
    assert done.shape == (2, 3, 16, 16)
    assert done.dtype == np.float32
    assert (done.mean(), done.std()) == pytest.approx((0, 1), abs=1e-5)


def test_an_image_may_be_normalized_by_itself():
    found = measured(Preprocessing("volume", (16, 16, 16), 1, normalize="image"))
    done = normalized(0.2 * gray(16, 16, 16) + 0.5, found)
    assert (done.mean(), done.std()) == pytest.approx((0, 1), abs=1e-5)
    assert np.isfinite(normalized(np.full((16, 16, 16), 0.5, np.float32), found)).all()


def test_without_normalization_gray_levels_stay_as_they_are():
    image = gray(16, 16)
    assert np.array_equal(normalized(image, Preprocessing("picture", (16, 16), 1, normalize="none"))[0], image)


def test_a_network_of_one_channel_gets_the_mean_of_imagenet_s_three():
    found = measured(Preprocessing("picture", (16, 16), 1, normalize="imagenet"))
    assert (found.mean, found.std) == (pytest.approx((0.449,), abs=1e-3), pytest.approx((0.226,), abs=1e-3))


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        ("picture", (16, 20), (3, 16, 20)),
        ("slices", (5, 16, 20), (5, 3, 16, 20)),
        ("volume", (5, 16, 20), (3, 5, 16, 20)),
    ],
)
def test_channels_stand_where_networks_expect_them(kind, shape, expected):
    size = (16, 16, 20) if kind == "volume" else (16, 20)
    found = Preprocessing(kind, size, mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 2.0))
    image = gray(*shape)
    done = normalized(image, found)
    assert done.shape == expected
    assert np.allclose(np.take(done, 2, axis=1 if kind == "slices" else 0), (image - 0.3) / 2, atol=1e-6)
