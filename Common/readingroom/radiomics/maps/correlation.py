"""The maximal correlation coefficient of many small co-occurrence matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .pairs import Pairs

MATRIX_NUMBERS = 1 << 21  # of all matrices that are made at once


def maximal_correlation(pairs: Pairs, symmetrical: bool) -> NDArray[np.float64]:
    """The second largest singular value of ``p(i, j) / sqrt(px(i) py(j))``, ``(voxels,)``.

    Its square is the second largest eigenvalue of PyRadiomics' matrix Q. NaN where there is no pair, 1 where the region
    has one level alone.
    """
    voxels = pairs.one.shape[1]
    if pairs.kinds < 2:
        return np.ones(voxels)
    first, second, levels = _local_levels(pairs)
    found = np.full(voxels, np.nan)
    found[levels == 1] = 0.0
    for size in np.unique(levels[levels > 1]):
        which = np.flatnonzero(levels == size)
        at_once = max(1, MATRIX_NUMBERS // int(size) ** 2)
        for start in range(0, len(which), at_once):
            part = which[start : start + at_once]
            weights = None if pairs.counted is None else pairs.counted[:, part]
            found[part] = _of_matrices(_matrices(first[:, part], second[:, part], int(size), weights, symmetrical))
    found[pairs.total == 0] = np.nan
    return found


def _local_levels(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The levels of the two of each pair, numbered from 0 among those of its voxel, and how many those are."""
    voxels = pairs.one.shape[1]
    occurs = np.zeros((pairs.kinds + 1, voxels), dtype=bool)
    columns = np.arange(voxels)
    inside = True if pairs.inside is None else pairs.inside
    for ranks in (pairs.one_rank, pairs.other_rank):
        occurs[np.where(inside, ranks, 0), columns] = True
    occurs[0] = False
    numbers = np.cumsum(occurs, axis=0, dtype=np.int64) - 1
    count = numbers[-1] + 1
    numbers = np.maximum(numbers, 0)
    return numbers[pairs.one_rank, columns], numbers[pairs.other_rank, columns], count


def _matrices(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    size: int,
    weights: NDArray[np.float64] | None,
    symmetrical: bool,
) -> NDArray[np.float64]:
    """Weights of the pairs of levels, ``(voxels, size, size)``."""
    voxels = first.shape[1]
    codes = (np.arange(voxels) * size + first) * size + second
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(codes.ravel(), weights=flat, minlength=voxels * size * size).astype(np.float64)
    matrices = counts.reshape(voxels, size, size)
    return matrices + matrices.transpose(0, 2, 1) if symmetrical else matrices


def _of_matrices(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = matrices.sum(axis=2), matrices.sum(axis=1)
    scale = np.sqrt(rows[:, :, None] * columns[:, None, :])
    scaled = np.divide(matrices, scale, out=np.zeros_like(matrices), where=scale > 0)
    product = scaled @ scaled.transpose(0, 2, 1)
    eigenvalues = np.linalg.eigvalsh(product)[:, -2]
    return np.asarray(np.sqrt(np.where(eigenvalues < 1e-14, 0.0, eigenvalues)))
