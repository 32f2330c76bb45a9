"""Numbers of slices that a network read, back on the slices of the CT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import prepare_slices

SHAPE = (14, 30, 40)
READ = Preprocessing(
    "slices", (16, 16), channels=1, normalize="none", window=(0, 2000), slices=5, organ="lungs", least_organ=0.02
)
WAYS = {
    "its own slices": READ,
    "slices of 3 mm": replace(READ, spacing=(3.0, 1.0, 1.0)),
    "thicker slices": replace(READ, spacing=(9.0, 2.0, 2.0)),
    "more slices than there are": replace(READ, slices=20),
}


@pytest.fixture
def image() -> SimpleITK.Image:
    made = SimpleITK.GetImageFromArray(np.zeros(SHAPE, np.int16))
    made.SetSpacing((1.0, 2.0, 5.0))
    made.SetOrigin((-17.0, 33.0, -400.0))
    return made


@pytest.fixture
def lungs() -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[3:12, 5:25, 6:36] = True
    return mask


@pytest.mark.parametrize("way", WAYS)
def test_a_number_of_each_slice_lies_where_a_map_that_says_it_everywhere_does(image, lungs, way):
    prepared = prepare_slices(image, WAYS[way], lungs)
    _, rows = np.unique(prepared.numbers, return_inverse=True)
    values = np.random.default_rng(0).random(rows.max() + 1)[rows]
    flat = np.broadcast_to(values.astype(np.float32)[:, None, None], (len(values), 2, 2))
    found = prepared.to_slices(values)
    assert found.shape == SHAPE[:1]
    assert found == pytest.approx(prepared.to_volume(flat)[:, 15, 20], abs=1e-5)
    assert found[7] > 0
    assert found[0] == found[-1] == 0
