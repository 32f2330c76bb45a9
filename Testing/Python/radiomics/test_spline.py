"""Cubic splines as ITK interpolates, by products of matrices."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.radiomics.spline import interpolated


def an_image(shape: tuple[int, ...], kind: type = np.float64) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(np.random.default_rng(1).normal(0, 300, shape).astype(kind))
    image.SetSpacing((0.7, 1.1, 2.0)[: len(shape)])
    image.SetOrigin((3.0, -2.0, 5.0)[: len(shape)])
    return image


def a_grid(image: SimpleITK.Image, spacing: tuple[float, ...] = (1.0, 0.9, 1.3)) -> SimpleITK.ResampleImageFilter:
    """It reaches beyond the image on all sides."""
    dimensions = image.GetDimension()
    grid = SimpleITK.ResampleImageFilter()
    grid.SetOutputSpacing(spacing[:dimensions])
    grid.SetOutputOrigin(tuple(place - 0.37 for place in image.GetOrigin()))
    grid.SetOutputDirection(image.GetDirection())
    grid.SetSize((24, 12, 9)[:dimensions])
    grid.SetOutputPixelType(image.GetPixelID())
    grid.SetInterpolator(SimpleITK.sitkBSpline)
    return grid


@pytest.mark.parametrize("shape", [(5, 7, 9), (1, 8, 30), (3, 4, 40), (20, 21, 22), (17, 40)])
def test_values_are_those_of_itk(shape):
    image = an_image(shape)
    grid = a_grid(image)
    found, expected = interpolated(image, grid), grid.Execute(image)
    np.testing.assert_allclose(
        SimpleITK.GetArrayFromImage(found), SimpleITK.GetArrayFromImage(expected), rtol=0, atol=1e-9
    )
    assert found.GetOrigin() == expected.GetOrigin()
    assert found.GetSpacing() == expected.GetSpacing()
    assert found.GetDirection() == expected.GetDirection()


def test_whole_numbers_are_cut_off_as_by_itk():
    image = an_image((20, 21, 22), np.int16)
    grid = a_grid(image)
    found, expected = interpolated(image, grid), grid.Execute(image)
    assert found is None  # beyond the image lies 0, a whole number
    grid.SetOutputOrigin((4.0, -1.0, 6.0))
    grid.SetSize((12, 10, 9))
    found, expected = interpolated(image, grid), grid.Execute(image)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(found), SimpleITK.GetArrayFromImage(expected))


def test_what_hangs_on_a_rounding_error_is_left_to_itk():
    image = an_image((5, 7, 9))
    two = an_image((2, 7, 9))
    assert interpolated(two, a_grid(two)) is None
    turned = a_grid(image)
    turned.SetOutputDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    assert interpolated(image, turned) is None
    on_the_edge = a_grid(image)
    on_the_edge.SetOutputOrigin((3.0 - 0.35, -2.0, 5.0))
    assert interpolated(image, on_the_edge) is None
    assert interpolated(an_image((5, 7, 9), np.int16) * 0, a_grid(image, (0.1, 0.1, 0.1))) is None
