"""Histogram equalization and Gaussian blur of 8-bit pictures, to the last gray level as OpenCV computes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# OpenCV's 5-tap Gaussian of sigma 1.1, in sixteenths
_GAUSSIAN_5 = np.array([1, 4, 6, 4, 1])


def equalize_histogram(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Spread the gray levels of ``gray`` [j, i] evenly over 0 to 255.

    The darkest level that occurs becomes 0, as in OpenCV (scikit-image leaves it where it is). A picture of one gray
    level stays as it is.
    """
    counts = np.bincount(gray.ravel(), minlength=256)
    darkest = int(np.flatnonzero(counts)[0])
    above = gray.size - int(counts[darkest])
    if above == 0:
        return gray.copy()
    cumulative = np.cumsum(counts) - counts[darkest]
    cumulative[:darkest] = 0
    table = np.rint(cumulative.astype(np.float32) * np.float32(255 / above))
    return np.clip(table, 0, 255).astype(np.uint8)[gray]


def blur_5x5(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gaussian blur of ``gray`` [j, i] with a 5x5 kernel of sigma 1.1; the border mirrors all but its edge pixel."""
    total = gray.astype(np.int32)
    for axis in (0, 1):
        total = ndimage.correlate1d(total, _GAUSSIAN_5, axis=axis, mode="mirror")
    return ((total + 128) >> 8).astype(np.uint8)
