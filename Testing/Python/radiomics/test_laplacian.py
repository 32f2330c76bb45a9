"""The Laplacian of a Gaussian by compiled loops, against ITK to the last digit."""

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

    np.testing.assert_array_equal(found, laplacian.laplacian_of_gaussian(values, inside, (2.5, 1.1, 0.8), 1.5, axes))
