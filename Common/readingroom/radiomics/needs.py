"""What each feature class needs of a region before it can be measured: bins, neighbors, memory.

Only what was asked for counts: first-order statistics are not refused for matrices that nobody wants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from . import feature_classes, glcm
from .gray_levels import directions
from .settings import Settings

MOST_BYTES = 4 << 30
LEVELS_SUGGESTED = 64  # Mayerhoefer et al. 2020 and the PyRadiomics FAQ: 16 to 128 bins

Names = Collection[str]


@dataclass(frozen=True)
class Extent:
    """What the size of matrices follows from.

    Parameters
    ----------
    levels : gray levels from the lowest to the highest
    occupied : those that occur
    voxels : of the region
    longest : voxels along the longest side of its box
    directions : in which neighbors are looked at
    """

    levels: int
    occupied: int
    voxels: int
    longest: int
    directions: int = 0

    @property
    def alike(self) -> int:
        """The most voxels that can be of one level when every level that occurs has one at least."""
        return self.voxels - self.occupied + 1


@dataclass(frozen=True)
class Need:
    """What one feature class needs.

    Parameters
    ----------
    numbers : of eight bytes at one time, for the features that are asked for
    neighbors : it looks at neighbors, and so at texture; without them at the distribution of the values alone
    distances : neighbors at the distances of the settings, not direct ones alone
    of_values : its features that look at the values as they are, not at gray levels
    """

    numbers: Callable[[Extent, Names], int]
    neighbors: bool = True
    distances: bool = False
    of_values: Names = ()

    def bins(self, names: Names) -> bool:
        """Whether the values have to be sorted into bins for these features."""
        return any(name not in self.of_values for name in names)

    def reach(self, settings: Settings) -> int:
        """How far the farthest neighbor is, in voxels."""
        return int(self.neighbors) * (max(settings.distances) if self.distances else 1)

    def directions(self, settings: Settings) -> int:
        """In how many directions neighbors are looked at."""
        if not self.neighbors:
            return 0
        return len(directions(settings.distances if self.distances else (1,), settings.flat_axis))


def _cooccurrences(extent: Extent, names: Names) -> int:
    # Counts are copied while they are made symmetrical and turned round; sums and differences count the levels between.
    pooled = extent.levels * any(name in glcm.OF_DIFFERENCES for name in names)
    pooled += 2 * extent.levels * any(name in glcm.OF_SUMS for name in names)
    return 4 * extent.directions * (extent.occupied**2 + pooled)


def _pairs_of_levels(extent: Extent, names: Names) -> int:
    return 5 * extent.occupied**2 if set(names) - {"Coarseness"} else extent.occupied


NEEDS: Mapping[str, Need] = {
    "firstorder": Need(
        lambda extent, names: extent.occupied,
        neighbors=False,
        of_values=set(feature_classes.known("firstorder", ibsi=True)) - {"Entropy", "Uniformity"},
    ),
    "glcm": Need(_cooccurrences, distances=True),
    "gldm": Need(lambda extent, names: 4 * extent.occupied * (2 * extent.directions + 1), distances=True),
    "glrlm": Need(lambda extent, names: 4 * extent.occupied * (min(extent.longest, extent.alike) + 1)),
    # Zones of n different sizes have n (n + 1) / 2 voxels at least.
    "glszm": Need(lambda extent, names: 3 * extent.occupied * min(math.isqrt(2 * extent.voxels) + 1, extent.alike)),
    "ngtdm": Need(_pairs_of_levels, distances=True),
}


def refuse_too_many_bins(values: NDArray, settings: Settings) -> None:
    """Stop before values are sorted into more bins than memory has room for.

    Raises
    ------
    InputError : the edges of the bins would take more than 4 GB, or cannot be counted
    """
    lowest, highest = float(values.min()), float(values.max())
    if not math.isfinite((highest - lowest) / settings.bin_width):
        raise InputError(
            f"The values of the region go from {lowest:g} to {highest:g}, too far to be sorted into bins; check the "
            "image, or leave such voxels out with resegmentRange."
        )
    levels = _levels(values, settings)
    if 2 * 8 * levels > MOST_BYTES:
        raise _too_many(levels, "sorting the values into them", 2 * levels, values, settings)


def refuse_too_large_matrices(
    values: NDArray, occupied: int, longest: int, asked: Mapping[str, Names], settings: Settings
) -> None:
    """Stop before matrices are made that memory has no room for.

    Parameters
    ----------
    values : of the region, ``(voxels,)``
    occupied : gray levels that occur; 1 where they have not been looked at yet, which is the least they can be
    longest : voxels along the longest side of the region's box
    asked : feature classes and their features

    Raises
    ------
    InputError : those of a class that is asked for would take more than 4 GB; the sentence suggests a bin width
    """
    for feature_class, names in asked.items():
        need = NEEDS[feature_class]
        if not need.bins(names):
            continue
        levels = _levels(values, settings)
        extent = Extent(levels, occupied, len(values), longest, need.directions(settings))
        numbers = need.numbers(extent, names)
        if 8 * numbers > MOST_BYTES:
            raise _too_many(levels, feature_classes.TITLES[feature_class], numbers, values, settings)


def _levels(values: NDArray, settings: Settings) -> int:
    extent = float(values.max()) - float(values.min())
    return settings.bin_count or math.floor(extent / settings.bin_width) + 1


def _too_many(levels: int, what: str, numbers: int, values: NDArray, settings: Settings) -> InputError:
    count = levels if levels < 1e9 else f"{levels:.1e}"
    return InputError(
        f"The region would have {count} gray levels, for which {what} needs about {8 * numbers / 2**30:.3g} GB. "
        + _suggestion(float(values.max()) - float(values.min()), settings)
    )


def _suggestion(extent: float, settings: Settings) -> str:
    if settings.bin_count is not None:
        return f"Choose a binCount of {LEVELS_SUGGESTED} or so."
    width = extent / LEVELS_SUGGESTED
    rounded = float(f"{width:.1g}") if np.isfinite(width) else width
    return f"Choose a binWidth of {rounded:g} or so."
