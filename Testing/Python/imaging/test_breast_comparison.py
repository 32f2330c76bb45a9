"""Where one breast is brighter than another one laid over it."""

from dataclasses import replace

import numpy as np
import pytest

from readingroom.imaging.breast import find_breast
from readingroom.imaging.breast_comparison import brighter_places
from readingroom.phantoms.mammogram import Lesion, Mammogram, mammogram

TUMOR = Lesion(depth=0.5, outer=-0.3, upper=-0.3, radius=0.15, margin="circumscribed", strength=2)


def compared(one: Mammogram, other: Mammogram) -> np.ndarray:
    pair = [(each.gray, find_breast(each.gray, each.view.upper())) for each in (one, other)]
    return brighter_places(*pair[0], *pair[1])


@pytest.mark.parametrize("view", ["cc", "mlo"])
def test_a_mass_in_one_breast_is_where_it_differs_from_the_other(view):
    ill, well = mammogram("left", view, 1, [TUMOR], dense=0.1), mammogram("right", view, 1, dense=0.1)
    heat = compared(ill, well)
    assert heat.shape == ill.gray.shape
    assert heat[ill.lesions].mean() > 5 * heat[ill.breast & ~ill.lesions].mean()
    assert ill.lesions[np.unravel_index(heat.argmax(), heat.shape)]
    assert heat[~ill.breast].max() == 0


def test_nothing_is_brighter_in_the_well_breast_at_that_place():
    ill, well = mammogram("left", "cc", 1, [TUMOR], dense=0.1), mammogram("right", "cc", 1, dense=0.1)
    assert compared(well, ill)[ill.lesions[:, ::-1]].mean() < 0.02


def test_another_exposure_and_another_size_are_no_difference():
    before = mammogram("left", "cc", 1, dense=0.2)
    assert compared(before, before).max() == 0
    large = mammogram("left", "cc", 1, dense=0.2, rows=400, columns=320)
    darker = replace(large, gray=large.gray * np.float32(0.7))
    assert compared(darker, large).mean() < 0.01
