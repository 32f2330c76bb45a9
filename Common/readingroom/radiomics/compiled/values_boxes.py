"""First-order statistics in the box around each voxel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .boxes import whole_gains
from .jit import compiled, compiled_in_any_order

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
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


@compiled
def values_of_boxes(
    ranks: Ranks,
    values: Numbers,
    kinds: int,
    corners: Places,
    steps: Steps,
    leaving: Steps,
    entering: Steps,
    voxel_volume: float,
    shift: float,
    normal: float,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 22)``.

    Values stay sorted while the box slides along a row: those of the slice that is left behind are taken out, and those
    of the slice ahead put in.

    Parameters
    ----------
    ranks, corners : as in `glcm_boxes.glcm_of_boxes`
    values : flat, as ``ranks``
    kinds : levels that occur in the region
    steps, leaving, entering : from the first place of the box to all, and to those of `sliding.first_and_last`
    voxel_volume, shift : as in `first_order.features`
    normal : the kurtosis that is taken as 0
    """
    ordered, spare = np.zeros(len(steps)), np.zeros(len(steps))
    old, new = np.zeros(len(steps)), np.zeros(len(steps))
    counts = np.zeros(kinds + 1, np.int64)
    gains, unit = whole_gains(table)
    bits, squares, count, previous = 0, 0, 0, -2
    for voxel in range(len(corners)):
        corner = corners[voxel]
        if corner == previous + 1:
            gone = _take(ranks[previous:], values[previous:], leaving, old)
            come = _take(ranks[corner:], values[corner:], entering, new)
            _exchange(ordered, count, old, gone, new, come, spare)
            count += come - gone
            ordered, spare = spare, ordered
            less, fewer = _recount(ranks[previous:], leaving, -1, gains, counts)
            more, added = _recount(ranks[corner:], entering, 1, gains, counts)
            bits, squares = bits + less + more, squares + fewer + added
        else:
            if previous >= 0:
                _recount(ranks[previous:], steps, -1, gains, counts)
            count = _take(ranks[corner:], values[corner:], steps, ordered)
            bits, squares = _recount(ranks[corner:], steps, 1, gains, counts)
        previous = corner
        _statistics(ordered[:count], voxel_volume, shift, normal, out[voxel])
        out[voxel, 3] = math.log2(count) - bits / unit / count
        out[voxel, 17] = squares / (float(count) * count)


@compiled
def _take(box: Ranks, values: Numbers, steps: Steps, ordered: Numbers) -> int:
    """Write the values of places in order, and give back how many count."""
    count = 0
    for step in steps:
        if box[step] > 0:
            ordered[count] = values[step]
            count += 1
    _sort(ordered, count)
    return count


@compiled
def _recount(box: Ranks, steps: Steps, by: int, gains: Places, counts: Places) -> tuple[int, int]:
    """Count the levels of places (``by`` 1) or take them out (-1).

    Returns
    -------
    bits, squares : by how much the sums of ``w log2 w`` and of ``w^2`` over the levels grow
    """
    bits, squares, less = 0, 0, 0 if by > 0 else 1
    for step in steps:
        rank = box[step]
        if rank > 0:
            count = counts[rank]
            counts[rank] = count + by
            bits += by * gains[count - less]
            squares += 2 * by * count + 1
    return bits, squares


@compiled
def _exchange(ordered: Numbers, count: int, old: Numbers, gone: int, new: Numbers, come: int, found: Numbers) -> None:
    """Write sorted values without some of them and with others, all three sorted."""
    taken, put, place = 0, 0, 0
    for index in range(count):
        value = ordered[index]
        if taken < gone and value == old[taken]:
            taken += 1
            continue
        while put < come and new[put] < value:
            found[place] = new[put]
            place, put = place + 1, put + 1
        found[place] = value
        place += 1
    while put < come:
        found[place] = new[put]
        place, put = place + 1, put + 1


@compiled_in_any_order
def _statistics(x: Numbers, voxel_volume: float, shift: float, normal: float, found: Numbers) -> None:
    """Write the features of sorted values but those of their levels, entropy and uniformity."""
    count, total, energy = len(x), 0.0, 0.0
    for i in range(count):
        total += x[i]
        energy += (x[i] + shift) * (x[i] + shift)
    mean = total / count
    second, third, fourth, absolute = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        apart = x[i] - mean
        square = apart * apart
        absolute += abs(apart)
        second += square
        third += square * apart
        fourth += square * square
    variance = second / count
    spread = variance if variance != 0 else 1.0
    p10, p90 = _percentile(x, count, 10), _percentile(x, count, 90)
    found[0], found[1] = p10, p90
    found[2] = energy
    found[4] = _percentile(x, count, 75) - _percentile(x, count, 25)
    found[5] = fourth / count / (spread * spread) - normal
    found[6] = x[count - 1]
    found[7] = absolute / count
    found[8] = mean
    found[9] = _percentile(x, count, 50)
    found[10] = x[0]
    found[11] = x[count - 1] - x[0]
    found[12] = _robust(x, p10, p90)
    found[13] = math.sqrt(energy / count)
    found[14] = third / count / (spread * math.sqrt(spread))
    found[15] = math.sqrt(variance)
    found[16] = energy * voxel_volume
    found[18] = variance
    p25, median, p75 = _percentile(x, count, 25), found[9], _percentile(x, count, 75)
    from_median = 0.0
    for i in range(count):
        from_median += abs(x[i] - median)
    found[19] = math.sqrt(variance) / mean if mean != 0 else np.nan
    found[20] = from_median / count
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


@compiled_in_any_order
def _robust(x: Numbers, lowest: float, highest: float) -> float:
    """The mean absolute deviation of the sorted values between two; NaN where there are none."""
    first, end = 0, len(x)
    while first < end and x[first] < lowest:
        first += 1
    while end > first and x[end - 1] > highest:
        end -= 1
    if first == end:
        return float(np.nan)
    total, apart = 0.0, 0.0
    for i in range(first, end):
        total += x[i]
    mean = total / (end - first)
    for i in range(first, end):
        apart += abs(x[i] - mean)
    return float(apart / (end - first))
