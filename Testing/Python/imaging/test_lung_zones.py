"""The twelve zones of the lungs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from readingroom.imaging.lung_zones import PERIPHERAL_MM, ZONES, zone_labels
from readingroom.imaging.lungs import Lungs
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct

SPACING = (10.5, 3.1, 3.1)


@pytest.fixture(scope="module")
def a_chest() -> FibrosisCT:
    return fibrosis_ct(1, shape=(30, 100, 124), spacing=SPACING)


@pytest.fixture(scope="module")
def labels(a_chest: FibrosisCT) -> NDArray[np.uint8]:
    return zone_labels(Lungs(a_chest.right_lung, a_chest.left_lung), SPACING)


def of(labels: NDArray[np.uint8], *words: str) -> NDArray[np.bool_]:
    return np.isin(labels, [number for number, zone in enumerate(ZONES, 1) if set(words) <= set(zone.name.split("-"))])


def test_there_are_twelve_zones_with_names_of_their_own() -> None:
    assert len({zone.name for zone in ZONES}) == len({zone.title for zone in ZONES}) == 12
    assert ZONES[0].name == "right-upper-central"
    assert ZONES[0].title == "Right upper, central"


def test_zones_fill_each_lung_and_nothing_else(a_chest: FibrosisCT, labels: NDArray[np.uint8]) -> None:
    assert np.array_equal(of(labels, "right"), a_chest.right_lung)
    assert np.array_equal(of(labels, "left"), a_chest.left_lung)


def test_upper_lies_nearest_to_the_head_and_thirds_are_equally_high(labels: NDArray[np.uint8]) -> None:
    upper, middle, lower = (
        np.flatnonzero(of(labels, "right", third).any(axis=(1, 2))) for third in ("upper", "middle", "lower")
    )
    assert lower.max() < middle.min()
    assert middle.max() < upper.min()
    assert max(len(upper), len(middle), len(lower)) - min(len(upper), len(middle), len(lower)) <= 1


def test_each_lung_is_divided_by_its_own_height() -> None:
    right, left = np.zeros((2, 30, 40, 40), dtype=bool)
    right[0:30, 5:35, 5:15] = True
    left[18:30, 5:35, 25:35] = True
    labels = zone_labels(Lungs(right, left), (3.0, 3.0, 3.0))
    assert np.flatnonzero(of(labels, "right", "lower").any(axis=(1, 2))).tolist() == list(range(10))
    assert np.flatnonzero(of(labels, "left", "lower").any(axis=(1, 2))).tolist() == list(range(18, 22))


def test_the_shell_is_as_deep_as_it_says() -> None:
    lung = np.zeros((60, 60, 60), dtype=bool)
    lung[5:55, 5:55, 5:55] = True
    labels = zone_labels(Lungs(lung, np.zeros_like(lung)), (2.0, 2.0, 2.0))
    central = np.flatnonzero(of(labels, "central")[30, 30]) * 2.0
    assert central.min() == pytest.approx(5 * 2.0 + PERIPHERAL_MM, abs=2.0)
    assert central.max() == pytest.approx(54 * 2.0 - PERIPHERAL_MM, abs=2.0)


def test_the_shell_is_as_deep_on_fine_voxels_within_a_voxel_of_its_grid() -> None:
    lung = np.zeros((25, 120, 120), dtype=bool)
    lung[:, 10:110, 10:110] = True
    labels = zone_labels(Lungs(lung, np.zeros_like(lung)), (5.0, 0.8, 0.8))
    central = np.flatnonzero(of(labels, "central")[12, 60]) * 0.8
    assert central.min() == pytest.approx(10 * 0.8 + PERIPHERAL_MM, abs=2.5)


def test_a_lung_that_is_not_there_has_no_zones(a_chest: FibrosisCT) -> None:
    labels = zone_labels(Lungs(a_chest.right_lung, np.zeros_like(a_chest.left_lung)), SPACING)
    assert not of(labels, "left").any()
    assert np.array_equal(of(labels, "right"), a_chest.right_lung)


def test_both_lungs_empty_give_no_zones() -> None:
    none = np.zeros((4, 5, 6), dtype=bool)
    assert not zone_labels(Lungs(none, none), SPACING).any()


@pytest.mark.parametrize("height", [1, 2])
def test_a_lung_of_one_or_two_slices_has_zones(height: int) -> None:
    lung = np.zeros((5, 30, 30), dtype=bool)
    lung[2 : 2 + height, 5:25, 5:25] = True
    labels = zone_labels(Lungs(lung, np.zeros_like(lung)), (5.0, 5.0, 5.0))
    assert np.array_equal(labels > 0, lung)
