"""The Laplacian of a Gaussian by matrices and by compiled loops, against ITK to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.radiomics import laplacian
from readingroom.radiomics.compiled.laplacian import laplacian_of_gaussian


@pytest.mark.parametrize("axes", [(2, 1, 0), (2, 1)], ids=["in space", "a picture"])
@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
def test_compiled_loops_filter_as_itk_does(axes: tuple[int, ...], kind: type) -> None:
    shape = (7, 9, 10) if 0 in axes else (1, 9, 12)
    values = np.random.default_rng(3).normal(40, 300, shape).astype(kind)
    inside = slice(0, 1) if 0 not in axes else slice(2, 6), slice(1, 8), slice(3, 9)

    found = laplacian_of_gaussian(values, inside, (2.5, 1.1, 0.8), 1.5, axes)

    np.testing.assert_array_equal(found, laplacian.by_itk(values, inside, (2.5, 1.1, 0.8), 1.5, axes))


@pytest.mark.parametrize("sigma", [0.6, 2.0, 9.0])
@pytest.mark.parametrize("axes", [(2, 1, 0), (2, 1)], ids=["in space", "a picture"])
def test_matrices_filter_as_itk_does(axes: tuple[int, ...], sigma: float) -> None:
    shape = (4, 19, 30) if 0 in axes else (1, 19, 30)
    values = np.random.default_rng(4).normal(40, 300, shape)
    inside = slice(0, 1) if 0 not in axes else slice(1, 4), slice(1, 18), slice(0, 25)
    found = laplacian.laplacian_of_gaussian(values, inside, (2.5, 1.1, 0.8), sigma, axes)
    expected = laplacian.by_itk(values, inside, (2.5, 1.1, 0.8), sigma, axes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-7 * np.abs(expected).max())
    assert np.mean(found == expected) > 0.99


def test_an_image_with_a_long_axis_is_filtered_by_itk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laplacian, "by_itk", lambda *arguments: "by ITK")
    long = np.zeros((4, 4, laplacian.MOST_OF_MATRICES + 1))
    assert laplacian.laplacian_of_gaussian(long, (slice(4),) * 3, (1.0, 1.0, 1.0), 1.0, (2, 1, 0)) == "by ITK"
