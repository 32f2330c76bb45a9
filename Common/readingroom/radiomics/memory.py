"""What texture matrices will need, before they are made."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .settings import Settings

MOST_BYTES = 4 << 30
MOST_VOXELS = 1 << 28  # of a resampled image: 2 GB in double precision
LEVELS_SUGGESTED = 64  # Mayerhoefer et al. 2020 and the PyRadiomics FAQ: 16 to 128 bins
COPIES = 4  # of the co-occurrence counts while they are made symmetrical and turned round


def refuse_too_many_levels(values: NDArray, voxels: int, directions: int, settings: Settings) -> None:
    """Stop before co-occurrence matrices of too many gray levels are made.

    Raises
    ------
    InputError : they would take more than 4 GB; the sentence suggests a bin width
    """
    lowest, highest = float(values.min()), float(values.max())
    extent = highest - lowest
    if not math.isfinite(extent / settings.bin_width):
        raise InputError(
            f"The values of the region go from {lowest:g} to {highest:g}, too far to be sorted into bins; check the "
            "image, or leave such voxels out with resegmentRange."
        )
    levels = settings.bin_count or math.floor(extent / settings.bin_width) + 1
    occupied = min(levels, voxels)
    # Pairs of the levels that occur; sums and differences count the levels between them as well, twice and once.
    needed = max(directions, 1) * (occupied**2 + 3 * levels) * 8 * COPIES
    if needed > MOST_BYTES:
        raise InputError(
            f"The region would have {levels} gray levels, whose co-occurrence matrices need about "
            f"{needed / 2**30:.0f} GB. " + _suggestion(extent, settings)
        )


def _suggestion(extent: float, settings: Settings) -> str:
    if settings.bin_count is not None:
        return f"Choose a binCount of {LEVELS_SUGGESTED} or so."
    width = extent / LEVELS_SUGGESTED
    rounded = float(f"{width:.1g}") if np.isfinite(width) else width
    return f"Choose a binWidth of {rounded:g} or so."


def refuse_too_fine_a_grid(size: NDArray) -> None:
    """Stop before an image is resampled to more voxels ``size`` (along each axis) than memory allows.

    Raises
    ------
    InputError : there would be more than 268 million
    """
    voxels = math.prod(float(count) for count in size)
    if not voxels <= MOST_VOXELS:
        raise InputError(
            f"Resampled like this the image would have {voxels:.2g} voxels; choose a wider resampledPixelSpacing."
        )
