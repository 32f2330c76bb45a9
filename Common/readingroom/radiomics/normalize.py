"""Gray values brought to mean 0 and deviation 1, as PyRadiomics normalizes an image."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from .grids import like
from .resample import Scaled, as_it_is
from .settings import Settings


def normalizing(image: SimpleITK.Image, settings: Settings) -> Scaled:
    """What normalizes a part of the image: mean 0 and deviation 1 over the whole image, outliers clipped, then scaled.

    Raises
    ------
    InputError : the image has voxels without a value, or all of one
    """
    if not (settings.normalize and settings.gray_values):
        return as_it_is
    values = SimpleITK.GetArrayViewFromImage(image)
    if np.issubdtype(values.dtype, np.floating) and (wrong := int(np.count_nonzero(~np.isfinite(values)))):
        raise InputError(
            f"{wrong} of the image's {values.size} voxels have no value (NaN or infinite), so that it has no mean to "
            "normalize by; give them one, or leave normalize out."
        )
    if values.min() == values.max():
        raise InputError(f"All voxels of the image have the same value ({values.min():g}); it cannot be normalized.")
    mean, deviation = _mean_and_deviation(values)

    def scaled(part: SimpleITK.Image) -> SimpleITK.Image:
        found = SimpleITK.GetArrayViewFromImage(part) - np.float64(mean)
        found *= 1 / deviation
        if settings.remove_outliers is not None:
            found.clip(-settings.remove_outliers, settings.remove_outliers, out=found)
        found *= settings.normalize_scale
        return like(part, found)

    return scaled


def _mean_and_deviation(values: NDArray) -> tuple[float, float]:
    """Of a sample, as ITK has them: sums of whole numbers and their squares are without rounding errors."""
    slices = [part.ravel().astype(np.float64) for part in values]
    size = values.size
    total = sum(float(part.sum()) for part in slices)
    if np.issubdtype(values.dtype, np.integer):
        squares = sum(float(part @ part) for part in slices) - total**2 / size
    else:
        squares = sum(float(part @ part) for part in (part - total / size for part in slices))
    return total / size, math.sqrt(squares / (size - 1))
