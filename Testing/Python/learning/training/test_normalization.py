import numpy as np
import pytest

from readingroom.learning.protocols.training_protocol import Input
from readingroom.learning.training.normalization import Normalization, normalization


def gray(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype(np.float32)


def test_the_training_rows_get_mean_0_and_deviation_1_over_all_of_them():
    images = [gray(16, 16), 0.3 * gray(16, 16, seed=1)]
    normalize = normalization(Input("picture", (16, 16), 3), images)
    done = np.stack([normalize(image, "picture") for image in images])
    assert done.shape == (2, 3, 16, 16)
    assert done.dtype == np.float32
    assert (done.mean(), done.std()) == pytest.approx((0, 1), abs=1e-5)


def test_an_image_may_be_normalized_by_itself():
    normalize = normalization(Input("volume", (16, 16, 16), 1, normalize="image"), ())
    done = normalize(0.2 * gray(16, 16, 16) + 0.5, "volume")
    assert (done.mean(), done.std()) == pytest.approx((0, 1), abs=1e-5)
    assert np.isfinite(normalize(np.full((16, 16, 16), 0.5, np.float32), "volume")).all()


def test_without_normalization_gray_levels_stay_as_they_are():
    image = gray(16, 16)
    assert np.array_equal(
        normalization(Input("picture", (16, 16), 1, normalize="none"), ())(image, "picture")[0], image
    )


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        ("picture", (16, 20), (3, 16, 20)),
        ("slices", (5, 16, 20), (5, 3, 16, 20)),
        ("volume", (5, 16, 20), (3, 5, 16, 20)),
    ],
)
def test_channels_stand_where_networks_expect_them(kind, shape, expected):
    normalize = Normalization((0.1, 0.2, 0.3), (1.0, 1.0, 2.0))
    image = gray(*shape)
    done = normalize(image, kind)
    assert done.shape == expected
    assert np.allclose(np.take(done, 2, axis=1 if kind == "slices" else 0), (image - 0.3) / 2, atol=1e-6)


@pytest.mark.parametrize(("mean", "std"), [((0.0,), (0.0,)), ((0.0, 0.0), (1.0,)), ((float("nan"),), (1.0,))])
def test_numbers_that_cannot_be_are_refused(mean, std):
    with pytest.raises(ValueError, match="deviation"):
        Normalization(mean, std)
