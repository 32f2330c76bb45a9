"""Co-occurrence of gray levels in the box around each voxel: one small matrix a direction, and its features."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..first_order import EPSILON
from .boxes import number_levels, x_log2_x
from .correlation import LANES, coefficients, put_symmetrical, put_with_its_transpose
from .jit import compiled

NOTHING = 1e-12  # bits; less is the rounding of nearly equal entropies, as in `maps.glcm`

# In the order in which `_of_direction` adds them.
NAMES = (
    "Autocorrelation",
    "ClusterProminence",
    "ClusterShade",
    "ClusterTendency",
    "Contrast",
    "Correlation",
    "DifferenceAverage",
    "DifferenceEntropy",
    "DifferenceVariance",
    "Id",
    "Idm",
    "Idmn",
    "Idn",
    "InverseVariance",
    "Imc1",
    "Imc2",
    "JointAverage",
    "JointEnergy",
    "JointEntropy",
    "MaximumProbability",
    "SumAverage",
    "SumEntropy",
    "SumSquares",
    "MCC",
)
MCC = len(NAMES) - 1

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


def by_distance(highest: int) -> Numbers:
    """What a pair adds whose levels are 0, 1, ..., ``highest`` apart: Id, Idm, Idmn, Idn and InverseVariance."""
    k = np.arange(highest + 1, dtype=np.float64)
    inverse = (k > 0) / np.maximum(k, 1) ** 2
    return np.stack([1 / (1 + k), 1 / (1 + k**2), 1 / (1 + k**2 / highest**2), 1 / (1 + k / highest), inverse], axis=1)


@compiled
def glcm_of_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    first: Places,
    weights: Numbers,
    table: Numbers,
    of_distance: Numbers,
    symmetrical: bool,
    wants_mcc: bool,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 24)``: the mean over the directions in which a voxel has pairs, NaN without any.

    Parameters
    ----------
    ranks : of the levels, flat; 0 where a voxel does not count
    levels : by their ranks, from 1
    corners, steps : the first place of each voxel's box in ``ranks``, and from there to each place
    one, other, first : pairs of neighbors, see `boxes.NeighborPlaces`; all of one direction if they are to be added up
    weights : of the pairs
    table : `boxes.entropy_table` of up to twice the pairs of a direction; empty where weights are no whole numbers
    of_distance : `by_distance` of the highest level
    """
    most = min(len(steps), len(levels) - 1) + 1
    numbers = np.zeros(len(steps), np.uint32)
    of_rank = np.zeros(len(levels), np.uint32)
    of_number = np.zeros(most, np.int64)
    counts = np.zeros((most, most))
    cell_one, cell_other = np.zeros(most * most, np.int64), np.zeros(most * most, np.int64)
    cell_weight = np.zeros(most * most)
    margins = np.zeros((2, most))
    spread = np.zeros((2, 2 * len(of_distance)))
    waiting, largest, owners = 0, 0, np.zeros(LANES, np.int64)  # matrices whose correlation is still to be found
    matrices, vectors, correlations = np.zeros((most, most, LANES)), np.zeros((most, LANES)), np.zeros(LANES)
    for_coefficients = np.zeros((7, max(2, most), LANES))
    scratch, place = np.zeros((most, most)), np.zeros(2 * most, np.int64)
    found, used = np.zeros(len(NAMES)), np.zeros(len(corners), np.int64)
    for voxel in range(len(corners)):
        kinds = number_levels(ranks[corners[voxel] :], levels, steps, numbers, of_rank, of_number)
        directions = 0
        found[:] = 0.0
        for direction in range(len(first) - 1):
            cells, total = 0, 0.0
            for pair in range(first[direction], first[direction + 1]):
                a, b, weight = numbers[one[pair]], numbers[other[pair]], weights[pair]
                if a == 0 or b == 0 or weight == 0:
                    continue
                if symmetrical and a > b:
                    a, b = b, a
                if counts[a, b] == 0:
                    cell_one[cells], cell_other[cells] = a, b
                    cells += 1
                counts[a, b] += weight
                total += weight
            if cells == 0:
                continue
            for cell in range(cells):
                a, b = cell_one[cell], cell_other[cell]
                cell_weight[cell] = counts[a, b]
                counts[a, b] = 0.0
            directions += 1
            _of_direction(
                cells,
                cell_one,
                cell_other,
                cell_weight,
                total,
                kinds,
                of_number,
                of_distance,
                table,
                symmetrical,
                margins,
                spread,
                found,
            )
            if wants_mcc:
                row, column = margins[0], margins[1]
                if symmetrical:
                    size, known = put_symmetrical(
                        cells, cell_one, cell_other, cell_weight, kinds, row, place, waiting, matrices, vectors
                    )
                else:
                    size, known = put_with_its_transpose(
                        cells,
                        cell_one,
                        cell_other,
                        cell_weight,
                        kinds,
                        row,
                        column,
                        scratch,
                        waiting,
                        matrices,
                        vectors,
                    )
                found[MCC] += known
                if size > 0:
                    owners[waiting] = voxel
                    waiting, largest = waiting + 1, max(largest, size)
                if waiting == LANES:
                    coefficients(matrices, vectors, largest, not symmetrical, for_coefficients, correlations)
                    for lane in range(LANES):
                        if owners[lane] == voxel:
                            found[MCC] += correlations[lane]
                        else:
                            out[owners[lane], MCC] += correlations[lane]
                    waiting, largest = 0, 0
        used[voxel] = directions
        for feature in range(len(found)):
            out[voxel, feature] = found[feature]
    if waiting > 0:
        coefficients(matrices, vectors, largest, not symmetrical, for_coefficients, correlations)
        for lane in range(waiting):
            out[owners[lane], MCC] += correlations[lane]
    for voxel in range(len(corners)):
        for feature in range(len(found)):
            out[voxel, feature] = out[voxel, feature] / used[voxel] if used[voxel] > 0 else np.nan
        if len(levels) == 2:  # the region has one level alone
            out[voxel, MCC] = 1.0


@compiled
def _of_direction(
    cells: int,
    one: Places,
    other: Places,
    weights: Numbers,
    total: float,
    kinds: int,
    levels: Places,
    of_distance: Numbers,
    table: Numbers,
    symmetrical: bool,
    margins: Numbers,
    spread: Numbers,
    found: Numbers,
) -> None:
    """Add the features of one matrix to ``found``; ``margins`` are its sums then.

    Parameters
    ----------
    one, other, weights : levels, numbered from 1, and weight of each cell that is not empty; in a symmetrical matrix
        the cells above the diagonal or on it, with the weight of both orders together
    spread : scratch, zeros; weights of differences and of sums
    """
    row, column = margins[0], margins[1]
    row[: kinds + 1] = 0.0
    column[: kinds + 1] = 0.0
    of_difference, of_sum = spread[0], spread[1]
    # Levels are taken from those of the first cell, so that what is constant is so without rounding.
    i0, j0 = levels[one[0]], levels[other[0]]
    product, contrast, difference, first, second = 0.0, 0.0, 0.0, 0.0, 0.0
    joint, energy, largest, alike = 0.0, 0.0, 0.0, 0.0
    least_sum, most_sum, most_difference = i0 + j0, i0 + j0, 0
    for cell in range(cells):
        a, b, w = one[cell], other[cell], weights[cell]
        i, j = levels[a], levels[b]
        d, s = abs(i - j), i + j
        product += w * (i * j)
        contrast += w * (d * d)
        difference += w * d
        first += w * (i - i0)
        second += w * (j - j0)
        joint += x_log2_x(w, table)
        row[a] += w
        if symmetrical:
            row[b] += w
            if a == b:
                alike += w
                energy += w * w
                largest = max(largest, w)
            else:
                energy += w * w / 2
                largest = max(largest, w / 2)
        else:
            column[b] += w
            energy += w * w
            largest = max(largest, w)
        of_difference[d] += w
        of_sum[s] += w
        most_difference = max(most_difference, d)
        least_sum, most_sum = min(least_sum, s), max(most_sum, s)

    first, second, difference = first / total, second / total, difference / total
    tendency, shade, prominence = 0.0, 0.0, 0.0
    variance_one, variance_other, covariance = 0.0, 0.0, 0.0
    for cell in range(cells):
        w = weights[cell]
        apart_one, apart_other = levels[one[cell]] - i0 - first, levels[other[cell]] - j0 - second
        apart = apart_one + apart_other
        square = apart * apart
        tendency += w * square
        shade += w * (square * apart)
        prominence += w * (square * square)
        if not symmetrical:
            variance_one += w * (apart_one * apart_one)
            variance_other += w * (apart_other * apart_other)
            covariance += w * (apart_one * apart_other)
    if symmetrical:
        variance_one = (tendency + contrast) / 4
        variance_other = variance_one
        covariance = (tendency - contrast) / 4
        if cells == 1 and alike > 0:
            variance_one, variance_other = 0.0, 0.0

    entropy_of_difference, variance_of_difference = 0.0, 0.0
    id_, idm, idmn, idn, inverse = 0.0, 0.0, 0.0, 0.0, 0.0
    for d in range(most_difference + 1):
        w = of_difference[d]
        if w > 0:
            of_difference[d] = 0.0
            entropy_of_difference += x_log2_x(w, table)
            variance_of_difference += w * ((d - difference) * (d - difference))
            id_ += w * of_distance[d, 0]
            idm += w * of_distance[d, 1]
            idmn += w * of_distance[d, 2]
            idn += w * of_distance[d, 3]
            inverse += w * of_distance[d, 4]
    entropy_of_sum = 0.0
    for s in range(least_sum, most_sum + 1):
        w = of_sum[s]
        if w > 0:
            of_sum[s] = 0.0
            entropy_of_sum += x_log2_x(w, table)
    entropy_one, entropy_other = 0.0, 0.0
    for level in range(1, kinds + 1):
        entropy_one += x_log2_x(row[level], table)
        if not symmetrical:
            entropy_other += x_log2_x(column[level], table)

    bits = math.log2(total)
    joint = bits - joint / total
    if symmetrical:
        joint += 1 - alike / total
        entropy_one = bits + 1 - entropy_one / (2 * total)
        entropy_other = entropy_one
    else:
        entropy_one = bits - entropy_one / total
        entropy_other = bits - entropy_other / total
    shared = entropy_one + entropy_other - joint
    shared = 0.0 if abs(shared) < NOTHING else shared
    larger = max(entropy_one, entropy_other)
    deviations = math.sqrt(variance_one / total) * math.sqrt(variance_other / total)
    mean_sum = i0 + j0 + first + second

    found[0] += product / total
    found[1] += prominence / total
    found[2] += shade / total
    found[3] += tendency / total
    found[4] += contrast / total
    found[5] += covariance / total / (deviations + EPSILON) if deviations != 0 else 1.0
    found[6] += difference
    found[7] += bits - entropy_of_difference / total
    found[8] += variance_of_difference / total
    found[9] += id_ / total
    found[10] += idm / total
    found[11] += idmn / total
    found[12] += idn / total
    found[13] += inverse / total
    found[14] += 0.0 if larger < NOTHING else -shared / larger
    found[15] += math.sqrt(-math.expm1(-2 * shared)) if shared > 0 else 0.0
    found[16] += mean_sum / 2 if symmetrical else i0 + first
    found[17] += energy / (total * total)
    found[18] += joint
    found[19] += largest / total
    found[20] += mean_sum
    found[21] += bits - entropy_of_sum / total
    found[22] += variance_one / total
