"""Neighboring gray tone differences in the box around each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boxes import number_levels
from .jit import compiled

NAMES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]


@compiled
def tones_of_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    at: Places,
    to_neighbors: Places,
    length: int,
    lonely: bool,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 5)``.

    Parameters
    ----------
    ranks, levels, corners, steps : as in `glcm_boxes.glcm_of_boxes`
    at, to_neighbors, length : of `boxes.PaddedBox`
    lonely : places without neighbors count
    """
    places = len(steps)
    most = min(places, len(levels) - 1) + 1
    numbers = np.zeros(places, np.uint32)
    of_rank = np.zeros(len(levels), np.uint32)
    of_number = np.zeros(most, np.int64)
    padded, inside = np.zeros(length, np.int32), np.zeros(length, np.int32)
    sums, neighbors = np.zeros(length, np.int32), np.zeros(length, np.int32)
    differences_at = np.zeros(length)
    counts, differences = np.zeros(most), np.zeros(most)
    for voxel in range(len(corners)):
        kinds = number_levels(ranks[corners[voxel] :], levels, steps, numbers, of_rank, of_number)
        of_number[0] = 0
        for place in range(places):
            padded[at[place]] = of_number[numbers[place]]
            inside[at[place]] = 1 if numbers[place] > 0 else 0
        begin, end = at[0], at[-1] + 1
        _add_neighbors(padded, to_neighbors, begin, end, sums)
        _add_neighbors(inside, to_neighbors, begin, end, neighbors)
        for here in range(begin, end):
            differences_at[here] = abs(padded[here] - sums[here] / max(neighbors[here], 1))
        counts[: kinds + 1] = 0.0
        differences[: kinds + 1] = 0.0
        for place in range(places):
            here, number = at[place], numbers[place]
            if neighbors[here] > 0:
                differences[number] += differences_at[here]
            if lonely or neighbors[here] > 0:
                counts[number] += 1
        _features(kinds, of_number, counts, differences, out[voxel])


@compiled
def _add_neighbors(
    padded: NDArray[np.int32], to_neighbors: Places, begin: int, end: int, sums: NDArray[np.int32]
) -> None:
    """Write the sum over the neighbors of each place from ``begin`` to ``end``."""
    sums[begin:end] = 0
    found = sums[begin:end]
    for step in to_neighbors:
        behind, ahead = padded[begin - step : end - step], padded[begin + step : end + step]
        for place in range(len(found)):
            found[place] += behind[place] + ahead[place]


@compiled
def _features(kinds: int, levels: Places, counts: Numbers, differences: Numbers, found: Numbers) -> None:
    """Write the features of one matrix, given by the numbers of the levels, which begin at 1."""
    total, occurring, sum_of_differences, weighted = 0.0, 0, 0.0, 0.0
    for number in range(1, kinds + 1):
        total += counts[number]
        occurring += 1 if counts[number] > 0 else 0
    if total == 0:
        found[:] = np.nan
        found[3], found[4] = 0.0, 0.0
        return
    for number in range(1, kinds + 1):
        sum_of_differences += differences[number]
        weighted += counts[number] / total * differences[number]
    unlike, complexity, contrast, strength = 0.0, 0.0, 0.0, 0.0
    for one in range(1, kinds + 1):
        if counts[one] == 0:
            continue
        p, level, difference = counts[one] / total, levels[one], differences[one]
        for other in range(one + 1, kinds + 1):
            if counts[other] == 0:
                continue
            q, apart = counts[other] / total, abs(level - levels[other])
            square = float(apart) * apart
            unlike += abs(level * counts[one] - levels[other] * counts[other])  # whole numbers, 0 without rounding
            complexity += apart * ((p * difference + q * differences[other]) / (p + q))
            contrast += p * q * square
            strength += (p + q) * square
    found[0] = weighted * total / (2 * unlike) if unlike != 0 else 0.0
    found[1] = 1 / weighted if weighted != 0 else 1e6
    found[2] = 2 * complexity / total
    found[3] = 0.0
    if occurring > 1:
        found[3] = 2 * contrast * sum_of_differences / total / (occurring * (occurring - 1))
    found[4] = 2 * strength / sum_of_differences if sum_of_differences != 0 else 0.0
