"""The map inside the lungs, counted slice by slice, against whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from readingroom.explain.box import strongest_region
from readingroom.imaging.lung_zones import ZONES, zone_labels
from readingroom.imaging.lungs import Lungs
from readingroom.phantoms.fibrosis_ct import fibrosis_ct
from readingroom.readers.map_in_lungs import MapInLungs, box_of_map, map_in_lungs

SPACING = (6.0, 1.0, 1.0)
LEVELS = (0.5, 0.75)


@pytest.fixture(scope="module")
def labels() -> NDArray[np.uint8]:
    phantom = fibrosis_ct(1, shape=(20, 100, 124), spacing=(14.0, 3.1, 3.1))
    return zone_labels(Lungs(phantom.right_lung, phantom.left_lung), SPACING)


@pytest.fixture(scope="module")
def heat(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Hottest in the middle of the left lung, and nearly as hot outside of the lungs."""
    places = np.indices(labels.shape, dtype=np.float32)
    center = [float(axis.mean()) for axis in np.nonzero(labels > 6)]
    away = sum(((axis - at) / size) ** 2 for axis, at, size in zip(places, center, (5, 20, 20), strict=True))
    heat = (0.95 * np.exp(-away)).astype(np.float32)
    heat[:, :4] = 0.99
    return heat


@pytest.fixture(scope="module")
def found(heat: NDArray[np.float32], labels: NDArray[np.uint8]) -> MapInLungs:
    return map_in_lungs(heat, labels, LEVELS)


def test_each_zone_and_slice_is_counted(found, heat, labels) -> None:
    inside = labels > 0
    np.testing.assert_array_equal(found.zones, [0, *((labels == n).sum() for n in range(1, len(ZONES) + 1))])
    for level, counts in zip(LEVELS, found.suspicious, strict=True):
        expected = [((heat >= level) & (labels == n)).sum() for n in range(1, len(ZONES) + 1)]
        np.testing.assert_array_equal(counts, [0, *expected])
    np.testing.assert_array_equal(found.area, inside.sum(axis=(1, 2)))
    np.testing.assert_array_equal(found.suspicious_area, (inside & (heat >= LEVELS[0])).sum(axis=(1, 2)))
    assert found.everywhere == (heat >= LEVELS[0]).sum() > found.suspicious_area.sum()


def test_heat_outside_of_the_lungs_counts_for_no_slice(found, heat, labels) -> None:
    inside = np.where(labels > 0, heat, 0)
    np.testing.assert_allclose(found.sums, inside.sum(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(found.peaks, inside.max(axis=(1, 2)))


def test_the_box_is_that_of_the_whole_map_within_its_step(found, heat, labels) -> None:
    box = box_of_map(heat, labels, found, SPACING, 0.75)
    whole = strongest_region(np.where(labels > 0, heat, 0), 0.75)
    assert box is not None
    assert whole is not None
    assert (box.start[2], box.stop[2]) == (whole.start[2], whole.stop[2])
    np.testing.assert_allclose(box.start, whole.start, atol=2)
    np.testing.assert_allclose(box.stop, whole.stop, atol=2)


def test_the_box_holds_the_hottest_place(found, heat, labels) -> None:
    box = box_of_map(heat, labels, found, SPACING, 0.99)
    peak = np.unravel_index(np.where(labels > 0, heat, 0).argmax(), heat.shape)[::-1]
    assert box is not None
    assert all(a <= at < b for a, at, b in zip(box.start, peak, box.stop, strict=True))


def test_a_map_of_nothing_has_no_box(labels) -> None:
    cold = np.zeros(labels.shape, dtype=np.float32)
    assert box_of_map(cold, labels, map_in_lungs(cold, labels, LEVELS), SPACING, 0.75) is None
