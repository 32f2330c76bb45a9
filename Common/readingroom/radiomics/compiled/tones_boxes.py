"""Neighboring gray tone differences in the box around each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boxes import number_levels
from .jit import compiled

NAMES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@compiled
def tones_of_boxes(
    ranks: NDArray[np.int32],
    levels: Places,
    centers: Places,
    steps: Places,
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    lonely: bool,
    out: Numbers,
) -> None:
    """Write the features ``(voxels, 5)``.

    Parameters
    ----------
    ranks, levels, centers, steps : as in `glcm_boxes.glcm_of_boxes`
    one, other : pairs of neighbors in all directions
    lonely : places without neighbors count
    """
    places = len(steps)
    most = min(places, len(levels) - 1) + 1
    numbers = np.zeros(places, np.int64)
    of_rank = np.zeros(len(levels), np.int64)
    of_number = np.zeros(most, np.int64)
    level, sums, neighbors = np.zeros(places, np.int64), np.zeros(places, np.int64), np.zeros(places, np.int64)
    counts, differences = np.zeros(most), np.zeros(most)
    for voxel in range(len(centers)):
        kinds = number_levels(ranks, levels, centers[voxel], steps, numbers, of_rank, of_number)
        of_number[0] = 0
        for place in range(places):
            level[place] = of_number[numbers[place]]
            sums[place], neighbors[place] = 0, 0
        for pair in range(len(one)):
            here, there = one[pair], other[pair]
            sums[here] += level[there]
            sums[there] += level[here]
            neighbors[here] += 1 if level[there] > 0 else 0
            neighbors[there] += 1 if level[here] > 0 else 0
        counts[: kinds + 1] = 0.0
        differences[: kinds + 1] = 0.0
        for place in range(places):
            if neighbors[place] > 0:
                differences[numbers[place]] += abs(level[place] - sums[place] / neighbors[place])
            if lonely or neighbors[place] > 0:
                counts[numbers[place]] += 1
        _features(kinds, of_number, counts, differences, out[voxel])


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
            unlike += abs(level * p - levels[other] * q)
            complexity += apart * ((p * difference + q * differences[other]) / (p + q))
            contrast += p * q * square
            strength += (p + q) * square
    found[0] = weighted / (2 * unlike) if unlike != 0 else 0.0
    found[1] = 1 / weighted if weighted != 0 else 1e6
    found[2] = 2 * complexity / total
    found[3] = 0.0
    if occurring > 1:
        found[3] = 2 * contrast * sum_of_differences / total / (occurring * (occurring - 1))
    found[4] = 2 * strength / sum_of_differences if sum_of_differences != 0 else 0.0
