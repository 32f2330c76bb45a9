"""Local binary patterns in the plane, with the numbers of scikit-image 0.25.2."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.radiomics.binary_patterns import METHODS, in_plane
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings

PLANE = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3], [5, 8, 9, 7, 9], [3, 2, 3, 8, 4]])
INNER = (slice(0, 1), slice(1, 3), slice(1, 4))
EXPECTED = {  # of the inner pixels, by method, radius and samples
    ("default", 1, 8): [[251, 224, 240], [1, 0, 81]],
    ("ror", 1, 8): [[127, 7, 15], [1, 0, 21]],
    ("uniform", 1, 8): [[7, 3, 4], [1, 0, 9]],
    ("nri_uniform", 1, 8): [[54, 20, 29], [1, 0, 58]],
    ("nri_uniform", 1.5, 5): [[19, 8, 8], [1, 0, 0]],
    ("var", 1, 8): [
        [6.27845607056987, 5.5917084628015346, 4.825504027172897],
        [4.942896836112983, 2.439445877829499, 2.4421173376896803],
    ],
    ("var", 1.5, 5): [
        [2.810416388241265, 5.664133275073857, 8.00572734165473],
        [6.4016425576779685, 3.49684008743655, 0.666210698830568],
    ],
}


@pytest.mark.parametrize(("method", "radius", "samples"), EXPECTED)
@pytest.mark.parametrize("kind", [np.int16, np.float64])
def test_patterns_are_those_of_scikit_image(method, radius, samples, kind):
    found = in_plane(PLANE[None].astype(kind), INNER, 0, radius, samples, method)
    assert found[0] == pytest.approx(np.array(EXPECTED[method, radius, samples]), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [1, 2])
def test_planes_across_another_axis_are_turned_as_in_pyradiomics(method, axis):
    """Axis and first axis change places, so that across i the rows of a plane run along j."""
    values = np.random.default_rng(0).integers(0, 9, (5, 6, 7))
    everywhere = tuple(slice(0, size) for size in values.shape)
    swapped = in_plane(values.swapaxes(0, axis), tuple(everywhere[i] for i in _order(axis)), 0, 1, 8, method)
    assert (in_plane(values, everywhere, axis, 1, 8, method) == swapped.swapaxes(0, axis)).all()


def _order(axis: int) -> list[int]:
    order = [0, 1, 2]
    order[0], order[axis] = axis, 0
    return order


def test_the_variance_of_what_is_flat_is_zero_and_measured():
    values = np.zeros((1, 8, 8), np.int16)
    values[:, :, 5:] = 7
    image, mask = SimpleITK.GetImageFromArray(values), SimpleITK.GetImageFromArray(np.ones((1, 8, 8), np.uint8))
    kinds = {"LBP2D": {"lbp_2d_method": "var", "force_2d": True}}
    found = measure(image, mask, Settings(image_types=kinds, features={"firstorder": ("Minimum", "Maximum")}))
    assert found.values["lbp-2D_firstorder_Minimum"] == 0
    assert found.values["lbp-2D_firstorder_Maximum"] == pytest.approx(9.150013842677199)  # not cut off
