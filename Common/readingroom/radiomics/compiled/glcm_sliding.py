"""Co-occurrence in boxes that slide along rows: pairs are added to the matrices of all directions and taken out again.

This is `glcm_boxes` for symmetrical matrices without weights. All that is carried from box to box are whole numbers, so
that nothing depends on the way that led to a box.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..first_order import EPSILON
from .boxes import levels_in_order, whole_gains
from .correlation import LANES, coefficients, widths
from .glcm_boxes import MCC, NAMES, NOTHING
from .jit import compiled, compiled_in_any_order
from .sliding import Pairs

MOST_LEVELS = 128  # of whose matrices those of all directions find room in a processor's cache

Counts = NDArray[np.int32]
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


@compiled
def glcm_of_sliding_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    whole: Pairs,
    leaving: Pairs,
    entering: Pairs,
    table: Numbers,
    of_distance: Numbers,
    wants_mcc: bool,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 24)``: the mean over the directions in which a voxel has pairs, NaN without any.

    Parameters
    ----------
    ranks, levels, corners, steps, table, of_distance : as in `glcm_boxes.glcm_of_boxes`
    whole, leaving, entering : `sliding.slices`, by their steps from the first place of the box
    """
    directions, spread = len(whole[2]) - 1, levels.astype(np.uint32)
    joint = np.zeros((directions, len(levels), len(levels)), np.int32)
    margins = np.zeros((directions, len(levels)), np.int32)
    of_difference = np.zeros((directions, len(of_distance)), np.int32)
    of_sum = np.zeros((directions, 2 * len(of_distance)), np.int32)
    running = np.zeros((4, directions), np.int64)
    gains, unit = whole_gains(table)
    last_seen, present = np.full(len(levels), -1), np.zeros(min(len(steps), len(levels)), np.uint32)
    shares, found, largest = np.zeros(len(of_distance)), np.zeros(len(NAMES)), np.zeros(directions)
    of_direction = np.zeros(len(present), np.uint32)
    roots = 1 / np.sqrt(np.maximum(1.0, np.arange(len(table))))
    rooms = widths(max(2, len(present)))
    ends = np.cumsum(rooms * rooms)
    matrices, vectors = np.zeros((ends[-1], LANES)), np.zeros((len(rooms), rooms[-1], LANES))
    waiting, owners = np.zeros(len(rooms), np.int64), np.zeros((len(rooms), LANES), np.int64)
    scratch, correlations = np.zeros((7, rooms[-1], LANES)), np.zeros(LANES)
    used = np.zeros(len(corners), np.int64)
    previous = -2
    for voxel in range(len(corners)):
        corner = corners[voxel]
        if corner == previous + 1:
            _change(ranks[previous:], spread, leaving, -1, gains, joint, margins, of_difference, of_sum, running)
            _change(ranks[corner:], spread, entering, 1, gains, joint, margins, of_difference, of_sum, running)
        else:
            if previous >= 0:
                _change(ranks[previous:], spread, whole, -1, gains, joint, margins, of_difference, of_sum, running)
            _change(ranks[corner:], spread, whole, 1, gains, joint, margins, of_difference, of_sum, running)
        previous = corner
        kinds = levels_in_order(ranks[corner:], steps, voxel, last_seen, present)
        for direction in range(directions):
            used[voxel] += 1 if running[0, direction] > 0 else 0
        if used[voxel] == 0:
            out[voxel] = np.nan
            continue
        out[voxel, MCC] = 0.0
        for direction in range(directions):
            cells, margin = joint[direction], margins[direction]
            occurring = 0
            for rank in present[:kinds]:
                of_direction[occurring] = rank
                occurring += 1 if margin[rank] > 0 else 0
            here = of_direction[:occurring]
            largest[direction] = _largest(cells.reshape(-1))
            if not wants_mcc or occurring < 2:
                continue
            if running[3, direction] < occurring:  # some levels do not touch the others, or every second alone
                out[voxel, MCC] += 1 / used[voxel]
                continue
            room = int(np.searchsorted(rooms, occurring))
            size = rooms[room]
            those = matrices[ends[room] - size * size : ends[room]].reshape(size, size, LANES)
            _put(cells, margin, here, roots, waiting[room], those, vectors[room])
            owners[room, waiting[room]] = voxel
            waiting[room] += 1
            if waiting[room] == LANES:
                coefficients(those, vectors[room], size, False, scratch, correlations)
                _add(correlations, owners[room], used, out[:, MCC])
                waiting[room] = 0
        found[:] = 0.0
        _add_features(
            present[:kinds],
            levels,
            margins,
            of_difference,
            of_sum,
            running,
            largest,
            table,
            unit,
            of_distance,
            shares,
            found,
        )
        for feature in range(MCC):
            out[voxel, feature] = found[feature] / used[voxel]
    for room in range(len(rooms)):
        if waiting[room] > 0:
            size = rooms[room]
            those = matrices[ends[room] - size * size : ends[room]].reshape(size, size, LANES)
            coefficients(those, vectors[room], size, False, scratch, correlations)
            _add(correlations[: waiting[room]], owners[room], used, out[:, MCC])
    if len(levels) == 2:  # the region has one level alone
        for voxel in range(len(corners)):
            out[voxel, MCC] = 1.0


@compiled
def _add(correlations: Numbers, owners: Places, used: Places, out: Numbers) -> None:
    """Add the correlations of directions to the means of their voxels."""
    for lane in range(len(correlations)):
        out[owners[lane]] += correlations[lane] / used[owners[lane]]


@compiled
def _change(
    box: Ranks,
    levels: Steps,
    pairs: Pairs,
    by: int,
    gains: Places,
    joint: Counts,
    margins: Counts,
    of_difference: Counts,
    of_sum: Counts,
    running: Places,
) -> None:
    """Add pairs (``by`` 1) or take them out (-1).

    Parameters
    ----------
    box : ranks from the first place of the box on
    gains : `boxes.whole_gains`
    joint : pairs of two levels, the higher one first, ``(directions, levels, levels)``
    margins : how often a level is one of the two of a pair, ``(directions, levels)``
    of_difference, of_sum : pairs by the difference and the sum of their levels, ``(directions, ...)``
    running : pairs, the sum of ``w log2 w`` over the pairs of levels, that of ``w^2`` over the cells of the symmetrical
        matrix twice, and how many pairs of levels occur, ``(4, directions)``
    """
    one, other, first = pairs
    less = 0 if by > 0 else 1
    for d in range(len(first) - 1):
        cells, margin, differences, sums = joint[d], margins[d], of_difference[d], of_sum[d]
        total, filled, bits, energy = 0, 0, 0, 0
        for pair in range(first[d], first[d + 1]):
            a, b = box[one[pair]], box[other[pair]]
            if a == 0 or b == 0:
                continue
            low, high, doubled = min(a, b), max(a, b), 1 if a == b else 0
            weight = cells[high, low]
            cells[high, low] = weight + (by << doubled)
            count = weight >> doubled
            total += by
            filled += by if count == less else 0
            bits += gains[np.uint32(count - less)]
            energy += (2 * by * count + 1) << doubled
            margin[a] += by
            margin[b] += by
            differences[levels[high] - levels[low]] += by
            sums[levels[high] + levels[low]] += by
        running[0, d] += total
        running[1, d] += by * bits
        running[2, d] += energy
        running[3, d] += filled


@compiled_in_any_order
def _largest(cells: Counts) -> int:
    """The largest of some cells."""
    largest = cells[0]
    for index in range(1, len(cells)):
        largest = max(largest, cells[index])
    return int(largest)


@compiled
def _put(
    cells: Counts, margin: Counts, here: Steps, roots: Numbers, lane: int, matrices: Numbers, vector: Numbers
) -> None:
    """Scale a matrix and put it into a lane, as `correlation.put_symmetrical` does it.

    Parameters
    ----------
    cells : pairs of two levels, the higher one first; twice as much on the diagonal
    here : ranks of the levels that occur, ascending
    roots : one divided by the square root of each whole number
    """
    total = 0
    for rank in here:
        total += margin[rank]
    for index in range(len(here)):
        of_level, scale = cells[here[index]], roots[margin[here[index]]]
        vector[index, lane] = margin[here[index]] * scale * roots[total]
        for other in range(index + 1):
            matrices[index, other, lane] = of_level[here[other]] * scale * roots[margin[here[other]]]


@compiled_in_any_order
def _add_features(
    present: Steps,
    levels: Places,
    margins: Counts,
    of_difference: Counts,
    of_sum: Counts,
    running: Places,
    largest: Numbers,
    table: Numbers,
    unit: float,
    of_distance: Numbers,
    shares: Numbers,
    found: Numbers,
) -> None:
    """Add the features of the matrices of all directions to ``found``, all but MCC.

    Parameters
    ----------
    present : ranks of the levels in the box, ascending
    margins, of_difference, of_sum, running : as in `_change`
    largest : cell of each symmetrical matrix
    unit : of `boxes.whole_gains`
    shares : scratch, for each difference the sum over the directions of its share of the pairs
    """
    lowest = levels[present[0]]
    span = levels[present[-1]] - lowest + 1
    shares[:span] = 0.0
    for d in range(len(of_sum)):
        total = running[0, d]
        if total == 0:
            continue
        once = 1.0 / total
        difference, contrast, entropy_of_difference = 0, 0, 0.0
        for k in range(span):
            w = of_difference[d, k]
            difference += w * k
            contrast += w * k * k
            entropy_of_difference += table[w]
            shares[k] += w * once
        first, second, entropy_of_sum = 0, 0, 0.0
        sums = of_sum[d, 2 * lowest :]
        for k in range(2 * span - 1):
            w = sums[k]
            first += w * k
            second += w * k * k
            entropy_of_sum += table[w]
        mean = first * once
        shade, prominence = 0.0, 0.0
        for k in range(2 * span - 1):
            apart = k - mean
            cube = sums[k] * apart * apart * apart
            shade += cube
            prominence += cube * apart
        entropy = 0.0
        for rank in present:
            entropy += table[margins[d, rank]]
        mean_sum = 2 * lowest + mean
        squares = second + 4 * lowest * first + 4 * lowest * lowest * total
        tendency = (total * second - first * first) * once * once
        apart = contrast * once
        variance, covariance = (tendency + apart) / 4, (tendency - apart) / 4
        bits = table[total] * once
        joint = bits - running[1, d] / unit * once + 1 - of_difference[d, 0] * once
        entropy = bits + 1 - entropy * once / 2
        shared = 2 * entropy - joint
        shared = 0.0 if abs(shared) < NOTHING else shared
        found[0] += (squares - contrast) * once / 4
        found[1] += prominence * once
        found[2] += shade * once
        found[3] += tendency
        found[5] += covariance / (variance + EPSILON) if variance != 0 else 1.0
        found[7] += bits - entropy_of_difference * once
        found[8] += (total * contrast - difference * difference) * once * once
        found[14] += 0.0 if entropy < NOTHING else -shared / entropy
        found[15] += math.sqrt(-math.expm1(-2 * shared)) if shared > 0 else 0.0
        found[16] += mean_sum / 2
        found[17] += running[2, d] * once * once / 2
        found[18] += joint
        found[19] += largest[d] * once / 2
        found[20] += mean_sum
        found[21] += bits - entropy_of_sum * once
        found[22] += variance
    for k in range(span):
        share = shares[k]
        found[4] += share * k * k
        found[6] += share * k
        found[9] += share * of_distance[k, 0]
        found[10] += share * of_distance[k, 1]
        found[11] += share * of_distance[k, 2]
        found[12] += share * of_distance[k, 3]
        found[13] += share * of_distance[k, 4]
