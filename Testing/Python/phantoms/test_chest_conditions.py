"""Masks of changed phantoms are still the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from readingroom.phantoms import chest_conditions as conditions
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct


@pytest.fixture(scope="module")
def a_chest() -> FibrosisCT:
    return fibrosis_ct(2, shape=(20, 80, 100), spacing=(14.0, 3.6, 3.6))


def test_a_consolidation_is_dense_lung(a_chest: FibrosisCT) -> None:
    changed = conditions.with_consolidation(a_chest, "left", 30.0)
    assert np.array_equal(changed.left_lung, a_chest.left_lung)
    assert (changed.pixels[changed.left_lung] > -100).sum() > (a_chest.pixels[a_chest.left_lung] > -100).sum() + 50
    assert np.array_equal(changed.pixels[a_chest.right_lung], a_chest.pixels[a_chest.right_lung])


@pytest.mark.parametrize("change", [conditions.with_effusion, conditions.with_pneumothorax])
def test_what_lies_in_the_pleural_space_is_no_lung(a_chest: FibrosisCT, change: Callable[..., FibrosisCT]) -> None:
    changed = change(a_chest, "right", 0.4)
    assert changed.right_lung.sum() == pytest.approx(0.6 * a_chest.right_lung.sum(), rel=0.1)
    assert not (changed.right_lung & ~a_chest.right_lung).any()


def test_emphysema_changes_no_mask(a_chest: FibrosisCT) -> None:
    changed = conditions.with_emphysema(a_chest)
    lungs = changed.right_lung | changed.left_lung
    assert np.array_equal(lungs, a_chest.right_lung | a_chest.left_lung)
    assert (changed.pixels[lungs] < -930).mean() > 0.45


def test_bowel_gas_lies_below_the_chest(a_chest: FibrosisCT) -> None:
    changed = conditions.with_bowel_gas(a_chest)
    added = len(changed.pixels) - len(a_chest.pixels)
    assert added > 0
    assert np.array_equal(changed.pixels[added:], a_chest.pixels)
    assert not (changed.right_lung | changed.left_lung)[:added].any()


def test_the_table_lies_under_the_back_or_under_the_chest(a_chest: FibrosisCT) -> None:
    rows = [
        np.nonzero((conditions.on_a_table(a_chest, prone).pixels > 100) & (a_chest.pixels < -500))[1].mean()
        for prone in (False, True)
    ]
    assert rows[0] > 60
    assert rows[1] < 20


def test_a_mirrored_phantom_has_its_lungs_on_the_other_side(a_chest: FibrosisCT) -> None:
    changed = conditions.mirrored(a_chest)
    assert np.array_equal(changed.right_lung, a_chest.left_lung[..., ::-1])
