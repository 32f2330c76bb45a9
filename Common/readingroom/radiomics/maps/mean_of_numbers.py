"""The mean of features over the directions in which a voxel has any."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray


def mean_of_numbers(
    directions: Iterable[Mapping[str, NDArray[np.float64]]], names: Collection[str], voxels: int
) -> dict[str, NDArray[np.float64]]:
    """The mean of each feature ``(voxels,)`` over those directions where it is a number; NaN where it nowhere is."""
    sums = {name: np.zeros(voxels) for name in names}
    counts = {name: np.zeros(voxels) for name in names}
    for found in directions:
        for name, value in found.items():
            number = ~np.isnan(value)
            sums[name] += np.where(number, value, 0.0)
            counts[name] += number
    with np.errstate(invalid="ignore"):
        return {name: sums[name] / counts[name] for name in names}
