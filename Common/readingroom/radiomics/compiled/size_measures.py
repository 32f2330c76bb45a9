"""The sixteen measures of a matrix of gray level by size, which runs, zones and dependences have in common."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .boxes import x_log2_x
from .jit import compiled

# As in `size_matrix`, in the order in which `add_measures` adds them.
MEASURES = (
    "Small",
    "Large",
    "LevelNonUniformity",
    "LevelNonUniformityNormalized",
    "SizeNonUniformity",
    "SizeNonUniformityNormalized",
    "Percentage",
    "LevelVariance",
    "SizeVariance",
    "Entropy",
    "LowLevel",
    "HighLevel",
    "SmallLowLevel",
    "SmallHighLevel",
    "LargeLowLevel",
    "LargeHighLevel",
)

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


def squares_of_sizes(largest: int) -> Numbers:
    """The square of each size up to the largest, and one divided by it, ``(2, sizes + 1)``."""
    sizes = np.arange(largest + 1, dtype=np.float64)
    return np.stack([sizes**2, 1 / np.maximum(sizes, 1) ** 2])


@compiled
def sums(
    counts: Numbers, kinds: int, by_level: Numbers, by_size: Numbers, squares: Numbers, table: Numbers
) -> tuple[float, float]:
    """Write the sums that `add_measures` needs, leave the matrix empty, and return its sum and that of ``w log2 w``."""
    by_size[:] = 0.0
    total, entropy = 0.0, 0.0
    for number in range(1, kinds + 1):
        of_level, large, small = 0.0, 0.0, 0.0
        for size in range(1, len(by_size)):
            w = counts[number, size]
            entropy += x_log2_x(w, table)
            of_level += w
            large += w * squares[0, size]
            small += w * squares[1, size]
            by_size[size] += w
            counts[number, size] = 0.0
        by_level[0, number], by_level[1, number], by_level[2, number] = of_level, large, small
        total += of_level
    return total, entropy


@compiled
def sums_of_things(
    numbers: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    counts: Places,
    cells: NDArray[np.uint32],
    kinds: int,
    by_level: Numbers,
    by_size: Numbers,
    squares: Numbers,
    table: Numbers,
) -> tuple[float, float, int]:
    """As `sums`, of things that are not in a matrix yet, with the largest size behind.

    Parameters
    ----------
    numbers, sizes : of each thing; a size of 0 does not count
    counts : scratch, zeros, and zeros again afterwards but for a size of 0, ``(levels + 1, sizes + 1)``
    cells : scratch, ``(2, things + 1)``
    """
    filled = 0
    for thing in range(len(sizes)):
        number, size = numbers[thing], sizes[thing]
        cells[0, filled], cells[1, filled] = number, size
        filled += 1 if size > 0 and counts[number, size] == 0 else 0
        counts[number, size] += 1
    by_level[:, : kinds + 1] = 0.0
    total, entropy, longest = 0, 0.0, 0
    for cell in range(filled):
        number, size = cells[0, cell], cells[1, cell]
        count = counts[number, size]
        counts[number, size] = 0
        if size > longest:
            by_size[longest + 1 : size + 1] = 0.0
            longest = size
        total += count
        entropy += table[count]
        by_size[size] += count
        by_level[0, number] += count
        by_level[1, number] += count * squares[0, size]
        by_level[2, number] += count * squares[1, size]
    return float(total), entropy, int(longest)


@compiled
def add_measures(
    total: float,
    entropy: float,
    kinds: int,
    longest: int,
    levels: Places,
    by_level: Numbers,
    by_size: Numbers,
    squares: Numbers,
    found: Numbers,
) -> None:
    """Add the measures of a matrix to ``found``.

    Parameters
    ----------
    total : of the matrix
    entropy : the sum of ``w log2 w`` over its cells
    levels : by their numbers
    by_level : sums over the sizes of ``w``, ``w size^2`` and ``w / size^2``, ``(3, levels + 1)``
    by_size : sums over the levels of ``w``, up to the longest
    squares : `squares_of_sizes`
    """
    if total == 0:
        found += np.nan
        return
    level_sum, levels_squared, size_sum, sizes_squared = 0.0, 0.0, 0.0, 0.0
    low, high, small_low, small_high, large_low, large_high = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for number in range(1, kinds + 1):
        w, level = by_level[0, number], float(levels[number])
        square = level * level
        level_sum += w * level
        levels_squared += w * w
        low += w / square
        high += w * square
        large_low += by_level[1, number] / square
        large_high += by_level[1, number] * square
        small_low += by_level[2, number] / square
        small_high += by_level[2, number] * square
    small, large = 0.0, 0.0
    for size in range(1, longest + 1):
        w = by_size[size]
        size_sum += w * size
        sizes_squared += w * w
        large += w * squares[0, size]
        small += w * squares[1, size]
    mean_level, mean_size = level_sum / total, size_sum / total
    level_variance, size_variance = 0.0, 0.0
    for number in range(1, kinds + 1):
        apart = levels[number] - mean_level
        level_variance += by_level[0, number] * (apart * apart)
    for size in range(1, longest + 1):
        apart = size - mean_size
        size_variance += by_size[size] * (apart * apart)
    found[0] += small / total
    found[1] += large / total
    found[2] += levels_squared / total
    found[3] += levels_squared / (total * total)
    found[4] += sizes_squared / total
    found[5] += sizes_squared / (total * total)
    found[6] += total / size_sum
    found[7] += level_variance / total
    found[8] += size_variance / total
    found[9] += math.log2(total) - entropy / total
    found[10] += low / total
    found[11] += high / total
    found[12] += small_low / total
    found[13] += small_high / total
    found[14] += large_low / total
    found[15] += large_high / total
