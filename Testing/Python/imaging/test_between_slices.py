"""A volume that is known on some of its slices, against the whole of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from readingroom.imaging.between_slices import BetweenSlices
from readingroom.imaging.segments import AtLeast


@pytest.fixture
def known() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((3, 4, 5), dtype=np.float32) + 0.1


@pytest.fixture
def volume(known) -> BetweenSlices:
    return BetweenSlices(9, np.array([2, 3, 6]), known)


def test_values_run_linearly_from_slice_to_slice_and_are_0_beyond(volume, known) -> None:
    whole = np.asarray(volume)
    for place in np.ndindex(4, 5):
        wanted = np.interp(range(9), (2, 3, 6), known[(slice(None), *place)], left=0, right=0)
        np.testing.assert_allclose(whole[(slice(None), *place)], wanted, rtol=1e-5)


def test_known_slices_are_given_as_they_are(volume, known) -> None:
    for number, slice_ in zip((2, 3, 6), known, strict=True):
        np.testing.assert_array_equal(volume[number], slice_)


@pytest.mark.parametrize(
    "place", [4, -5, (4, slice(1, 3)), (0, slice(1, 3), 2), np.s_[3:8], np.s_[:, ::2, 1::2], np.s_[::-2, 1], ...]
)
def test_a_part_is_that_of_the_whole(volume, place) -> None:
    np.testing.assert_array_equal(volume[place], np.asarray(volume)[place])


def test_it_has_the_surface_of_an_array(volume) -> None:
    whole = np.asarray(volume)
    assert (volume.shape, volume.ndim, len(volume)) == (whole.shape, whole.ndim, len(whole))
    assert (volume.min(), volume.max()) == (whole.min(), whole.max())
    np.testing.assert_array_equal(np.stack(list(volume)), whole)


def test_what_is_known_to_both_ends_is_nowhere_0(known) -> None:
    assert BetweenSlices(7, np.array([0, 3, 6]), known).min() == known.min()


def test_a_slice_beyond_the_last_is_none(volume) -> None:
    with pytest.raises(IndexError):
        volume[9]


def test_a_level_of_it_is_the_mask_of_the_whole(volume) -> None:
    within = np.random.default_rng(1).random(volume.shape) > 0.5
    np.testing.assert_array_equal(np.asarray(AtLeast(volume, 0.6, (within,))), (np.asarray(volume) >= 0.6) & within)
