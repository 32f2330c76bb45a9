"""Masks of which no more than their box is kept."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.radiomics.region import in_box


def box(*sides: tuple[int, int]) -> tuple[slice, ...]:
    return tuple(slice(*side) for side in sides)


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((6, 7, 8), dtype=bool)
    mask[2:5, 1:4, 3:7] = np.random.default_rng(0).random((3, 3, 4)) < 0.7
    return mask


@pytest.mark.parametrize(
    "part", [box((0, 6), (0, 7), (0, 8)), box((3, 4), (0, 2), (5, 8)), box((0, 2), (5, 7), (0, 3))]
)
def test_any_part_of_the_image_can_be_asked_for(mask, part):
    assert np.array_equal(in_box(mask)[part], mask[part])


def test_it_is_the_mask_again(mask):
    kept = in_box(mask)
    assert kept.inside.shape == (3, 3, 4)
    assert kept.voxels == mask.sum()
    assert np.array_equal(kept.whole(), mask)


def test_a_part_of_it_lies_where_it_lay(mask):
    around = box((1, 6), (1, 5), (2, 8))
    assert np.array_equal(in_box(mask[around], around, mask.shape).whole(), mask)
    assert np.array_equal(in_box(mask).cut_to(around).whole(), mask[around])
