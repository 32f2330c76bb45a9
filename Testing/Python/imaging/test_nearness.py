"""What lies near a mask, against scipy's whole distance transform."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.imaging.nearness import near


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (5.0, 0.7, 0.7), (2.19, 2.365, 2.556)])
@pytest.mark.parametrize("radius", [0.5, 5.0, 15.0, 200.0])
def test_near_is_what_a_distance_transform_calls_near(spacing: tuple[float, ...], radius: float) -> None:
    mask = np.random.default_rng(0).random((9, 30, 34)) > 0.998
    expected = ndimage.distance_transform_edt(~mask, spacing) <= radius
    np.testing.assert_array_equal(near(mask, spacing, radius), expected)


def test_nothing_is_near_to_nothing() -> None:
    assert not near(np.zeros((3, 4, 5), dtype=bool), (1.0, 1.0, 1.0), 100.0).any()


def test_a_mask_of_one_slice_reaches_along_it() -> None:
    mask = np.zeros((1, 1, 9), dtype=bool)
    mask[0, 0, 4] = True
    assert near(mask, (1.0, 1.0, 1.0), 2.0)[0, 0].tolist() == [abs(i - 4) <= 2 for i in range(9)]
