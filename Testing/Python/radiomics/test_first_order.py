"""Statistics of the values alone."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.radiomics.first_order import PERCENTILES, percentiles


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint64, np.float32])
@pytest.mark.parametrize("images", [1, 2])
def test_percentiles_are_those_of_numpy_to_the_last_digit(kind, images):
    random = np.random.default_rng(0)
    for voxels in (1, 2, 3, 10, 99, 1000):
        for widest in (1, 5, 100):
            values = random.integers(0, widest, (images, voxels)).astype(kind)
            assert np.array_equal(percentiles(values), np.percentile(values.astype(float), PERCENTILES, axis=-1))


def test_percentiles_of_numbers_below_zero():
    values = np.array([[-128, -128, 127, 3, -5, -5, 0, 0] * 40], dtype=np.int8)
    assert np.array_equal(percentiles(values), np.percentile(values.astype(float), PERCENTILES, axis=-1))
