"""The Laplacian of a Gaussian of a part of an image."""

from __future__ import annotations

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from .region import Box


def laplacian_of_gaussian(
    values: NDArray, inside: Box, spacing: tuple[float, float, float], sigma: float, axes: tuple[int, ...]
) -> NDArray[np.float32]:
    """ITK's recursive filter, normalized across scales.

    Parameters
    ----------
    values : ``[k, j, i]``, all that the filter looks at
    inside : the part that is wanted
    spacing, sigma : mm, ``(k, j, i)``
    axes : along which to filter: 2, 1, 0, or 2, 1 where the image is a picture
    """
    flat = 0 not in axes
    image = SimpleITK.GetImageFromArray(values[0] if flat else values)
    image.SetSpacing(spacing[:0:-1] if flat else spacing[::-1])
    found = SimpleITK.GetArrayFromImage(SimpleITK.LaplacianRecursiveGaussian(image, sigma, True))
    part: NDArray[np.float32] = (found[None] if flat else found)[inside]
    return part
