"""First-order statistics: the distribution of gray values without regard to where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (10, 25, 50, 75, 90)
EPSILON = np.spacing(1.0)  # PyRadiomics adds it inside logarithms and to some denominators


def features(
    values: NDArray,
    histograms: Sequence[NDArray[np.integer]] | None,
    voxel_volume: float,
    shift: float = 0.0,
    excess: bool = False,
) -> dict[str, NDArray[np.float64]]:
    """The 18 first-order features of each image, without histograms the 16 that need none, a deprecated one, and IBSI's
    three.

    A coefficient whose denominator is 0 is NaN.

    Parameters
    ----------
    values : gray values of the region in each image, ``(images, voxels)``, or in one, ``(voxels,)``
    histograms : of each image the voxels in each occupied bin, ``(levels,)``
    voxel_volume : mm3
    shift : added to each value before energies are taken (``voxelArrayShift``)
    excess : kurtosis is 0 for a normal distribution (IBSI), not 3
    """
    with np.errstate(over="ignore", invalid="ignore"):  # squares of huge values are infinite
        found = _of_values(values.astype(np.float64), percentiles(values), voxel_volume, shift, excess)
    if histograms is not None:
        shares = [histogram / histogram.sum() for histogram in histograms]
        found["Entropy"] = np.array([-np.sum(p * np.log2(p + EPSILON)) for p in shares])
        found["Uniformity"] = np.array([np.sum(p * p) for p in shares])
    return found


def percentiles(values: NDArray) -> NDArray[np.float64]:
    """Those of `PERCENTILES` of each image, ``(percentiles, images)``, as `numpy.percentile` gives them.

    Whole numbers of one image that repeat are counted, not sorted.
    """
    size, counted = values.shape[-1], np.can_cast(values.dtype, np.int64)
    if values.size > size or not counted or int(values.max()) - int(values.min()) >= size:
        return np.percentile(values.astype(np.float64), PERCENTILES, axis=-1)
    lowest = int(values.min())
    reached = np.cumsum(np.bincount(values.ravel().astype(np.int64) - lowest))
    places = (size - 1) * (np.array(PERCENTILES) / 100)
    below = np.floor(places)
    low, high = (lowest + np.searchsorted(reached, place, side="right") for place in (below, np.ceil(places)))
    share, apart = places - below, high - low
    found = np.where(share < 0.5, low + apart * share, high - apart * (1 - share))
    return found.reshape(-1, *values.shape[:-1])


def _of_values(
    x: NDArray[np.float64], of_places: NDArray[np.float64], voxel_volume: float, shift: float, excess: bool
) -> dict[str, NDArray[np.float64]]:
    mean = x.mean(axis=-1)
    deviation = x - mean[..., None]
    squares = deviation * deviation
    variance = squares.mean(axis=-1)
    third, fourth = (squares * deviation).mean(axis=-1), (squares * squares).mean(axis=-1)
    p10, p25, median, p75, p90 = of_places
    energy = np.sum((x + shift) ** 2, axis=-1)
    spread = np.where(variance != 0, variance, 1.0)
    lowest, highest = x.min(axis=-1), x.max(axis=-1)
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "CoefficientOfVariation": _ratio(np.sqrt(variance), mean),
        "Energy": energy,
        "InterquartileRange": p75 - p25,
        "Kurtosis": fourth / spread**2 - (3 if excess else 0),
        "Maximum": highest,
        "MeanAbsoluteDeviation": np.abs(deviation).mean(axis=-1),
        "Mean": mean,
        "Median": median,
        "MedianAbsoluteDeviation": np.abs(x - median[..., None]).mean(axis=-1),
        "Minimum": lowest,
        "QuartileCoefficientOfDispersion": _ratio(p75 - p25, p75 + p25),
        "Range": highest - lowest,
        "RobustMeanAbsoluteDeviation": _mean_deviation(x, (x >= p10[..., None]) & (x <= p90[..., None])),
        "RootMeanSquared": np.sqrt(energy / x.shape[-1]),
        "Skewness": third / spread**1.5,
        "StandardDeviation": np.sqrt(variance),
        "TotalEnergy": energy * voxel_volume,
        "Variance": variance,
    }


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(numerator / np.where(denominator != 0, denominator, np.nan))


def _mean_deviation(x: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean absolute deviation of the values that are kept; NaN where none is."""
    count = np.asarray(np.count_nonzero(kept, axis=-1))
    count = np.where(count > 0, count, np.nan)
    mean = np.sum(x * kept, axis=-1) / count
    return np.asarray(np.sum(np.abs(x - mean[..., None]) * kept, axis=-1) / count)
