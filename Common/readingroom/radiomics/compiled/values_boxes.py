"""First-order statistics in the box around each voxel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .boxes import x_log2_x
from .jit import compiled

# In the order in which `values_of_boxes` writes them.
NAMES = (
    "10Percentile",
    "90Percentile",
    "Energy",
    "Entropy",
    "InterquartileRange",
    "Kurtosis",
    "Maximum",
    "MeanAbsoluteDeviation",
    "Mean",
    "Median",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "RootMeanSquared",
    "Skewness",
    "StandardDeviation",
    "TotalEnergy",
    "Uniformity",
    "Variance",
    "CoefficientOfVariation",
    "MedianAbsoluteDeviation",
    "QuartileCoefficientOfDispersion",
)

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@compiled
def values_of_boxes(
    ranks: NDArray[np.int32],
    values: Numbers,
    kinds: int,
    centers: Places,
    steps: Places,
    voxel_volume: float,
    shift: float,
    normal: float,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 22)``.

    Parameters
    ----------
    ranks, centers, steps : as in `glcm_boxes.glcm_of_boxes`
    values : flat, as ``ranks``
    kinds : levels that occur in the region
    voxel_volume, shift : as in `first_order.features`
    normal : the kurtosis that is taken as 0
    """
    x, ordered = np.zeros(len(steps)), np.zeros(len(steps))
    counts = np.zeros(kinds + 1)
    for voxel in range(len(centers)):
        count, total, energy = 0, 0.0, 0.0
        bits, squares = 0.0, 0.0
        for place in range(len(steps)):
            at = centers[voxel] + steps[place]
            rank = ranks[at]
            if rank > 0:
                x[count] = values[at]
                total += x[count]
                energy += (x[count] + shift) * (x[count] + shift)
                count += 1
                counts[rank] += 1
        for place in range(len(steps)):
            rank = ranks[centers[voxel] + steps[place]]
            if rank > 0 and counts[rank] > 0:
                bits += x_log2_x(counts[rank], table)
                squares += counts[rank] * counts[rank]
                counts[rank] = 0.0
        mean = total / count
        second, third, fourth, absolute = 0.0, 0.0, 0.0, 0.0
        for i in range(count):
            apart = x[i] - mean
            square = apart * apart
            absolute += abs(apart)
            second += square
            third += square * apart
            fourth += square * square
            ordered[i] = x[i]
        _sort(ordered, count)
        variance = second / count
        spread = variance if variance != 0 else 1.0
        p10, p90 = _percentile(ordered, count, 10), _percentile(ordered, count, 90)
        found = out[voxel]
        found[0], found[1] = p10, p90
        found[2] = energy
        found[3] = math.log2(count) - bits / count
        found[4] = _percentile(ordered, count, 75) - _percentile(ordered, count, 25)
        found[5] = fourth / count / (spread * spread) - normal
        found[6] = ordered[count - 1]
        found[7] = absolute / count
        found[8] = mean
        found[9] = _percentile(ordered, count, 50)
        found[10] = ordered[0]
        found[11] = ordered[count - 1] - ordered[0]
        found[12] = _robust(x, count, p10, p90)
        found[13] = math.sqrt(energy / count)
        found[14] = third / count / (spread * math.sqrt(spread))
        found[15] = math.sqrt(variance)
        found[16] = energy * voxel_volume
        found[17] = squares / (float(count) * count)
        found[18] = variance
        p25, median, p75 = _percentile(ordered, count, 25), found[9], _percentile(ordered, count, 75)
        apart = 0.0
        for i in range(count):
            apart += abs(x[i] - median)
        found[19] = math.sqrt(variance) / mean if mean != 0 else np.nan
        found[20] = apart / count
        found[21] = (p75 - p25) / (p75 + p25) if p75 + p25 != 0 else np.nan


@compiled
def _sort(x: Numbers, count: int) -> None:
    """Sort the first so many in place, with gaps that become smaller (Shell; gaps of Ciura 2001)."""
    for gap in (301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, count):
            value, place = x[i], i
            while place >= gap and x[place - gap] > value:
                x[place] = x[place - gap]
                place -= gap
            x[place] = value


@compiled
def _percentile(ordered: Numbers, count: int, percent: int) -> float:
    """Between the two nearest values, as `numpy.percentile` does it."""
    place = (count - 1) * (percent / 100)
    below = int(place)
    part = place - below
    low, high = ordered[below], ordered[min(below + 1, count - 1)]
    step = high - low
    return float(high - step * (1 - part) if part >= 0.5 else low + step * part)


@compiled
def _robust(x: Numbers, count: int, lowest: float, highest: float) -> float:
    """The mean absolute deviation of the values between two; NaN where there are none."""
    kept, total = 0, 0.0
    for i in range(count):
        if lowest <= x[i] <= highest:
            kept += 1
            total += x[i]
    if kept == 0:
        return float(np.nan)
    mean, apart = total / kept, 0.0
    for i in range(count):
        if lowest <= x[i] <= highest:
            apart += abs(x[i] - mean)
    return float(apart / kept)
