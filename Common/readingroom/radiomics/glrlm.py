"""Gray level run length matrix: how long a level goes on in a direction (Galloway 1975)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .gray_levels import GrayLevels, Offset
from .size_matrix import SizeMatrix

AT_ONCE = 1 << 14
NAMES = {
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelNonUniformityNormalized": "LevelNonUniformityNormalized",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelRunEmphasis": "HighLevel",
    "LongRunEmphasis": "Large",
    "LongRunHighGrayLevelEmphasis": "LargeHighLevel",
    "LongRunLowGrayLevelEmphasis": "LargeLowLevel",
    "LowGrayLevelRunEmphasis": "LowLevel",
    "RunEntropy": "Entropy",
    "RunLengthNonUniformity": "SizeNonUniformity",
    "RunLengthNonUniformityNormalized": "SizeNonUniformityNormalized",
    "RunPercentage": "Percentage",
    "RunVariance": "SizeVariance",
    "ShortRunEmphasis": "Small",
    "ShortRunHighGrayLevelEmphasis": "SmallHighLevel",
    "ShortRunLowGrayLevelEmphasis": "SmallLowLevel",
}


def features(
    matrices: list[SizeMatrix], weights: NDArray[np.float64] | None = None, firsts: Sequence[int] = (0,)
) -> dict[str, NDArray[np.float64]]:
    """The 16 GLRLM features ``(regions,)``, the mean over the directions.

    Parameters
    ----------
    matrices : of each direction in which the region has any extent
    weights : of these; one matrix is then made of all (``weightingNorm``)
    firsts : the row that each region begins with
    """
    if not matrices:
        return dict.fromkeys(NAMES, np.full(len(firsts), np.nan))
    measures = _together(matrices, weights, firsts).features()
    return {name: measures[measure].mean(axis=0) for name, measure in NAMES.items()}


def run_length_matrices(gray: GrayLevels, offsets: list[Offset]) -> list[SizeMatrix]:
    """Runs by level and length in each direction."""
    return [_run_length_matrix(gray, offset) for offset in offsets]


def _run_length_matrix(gray: GrayLevels, offset: Offset) -> SizeMatrix:
    """Runs in one direction.

    All runs are followed at once from their first voxels; after each step only those that go on are left, so that the
    work is one look at each voxel.
    """
    step = gray.step(offset)
    flat = gray.flat
    goes_on = np.zeros(len(flat), dtype=bool)
    np.equal(flat[:-step], flat[step:], out=goes_on[:-step])
    starts = flat > 0
    starts[step:] &= ~goes_on[:-step]
    alive = np.flatnonzero(starts)
    reached = [_of_each_level(gray, alive)]  # runs of at least 1, 2, ... voxels
    while len(alive):
        alive = alive[goes_on[alive]] + step
        reached.append(_of_each_level(gray, alive))
    at_least = np.stack(reached, axis=1)
    return matrix_of_counts(at_least[:, :-1] - at_least[:, 1:], gray)


def matrix_of_counts(counts: NDArray[np.integer], gray: GrayLevels) -> SizeMatrix:
    """The matrix whose columns are lengths 1, 2, ..., of which those that nowhere occur are left out."""
    occurring = counts.any(axis=0)
    return SizeMatrix(
        counts[:, occurring].astype(np.float64),
        gray.present.astype(np.float64),
        (np.flatnonzero(occurring) + 1).astype(np.float64),
    )


def _of_each_level(gray: GrayLevels, voxels: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(gray.flat[voxels], minlength=len(gray.present) + 1)[1:]


def has_extent(gray: GrayLevels, offset: Offset) -> bool:
    """Whether two voxels of the region lie on one line in this direction; PyRadiomics leaves other directions out."""
    step = gray.step(offset)
    for start in range(0, len(gray.inside), AT_ONCE):  # the first few tell, mostly
        if gray.flat[gray.inside[start : start + AT_ONCE] + step].any():
            return True
    voxels = np.argwhere(gray.padded)
    leading = next(axis for axis in range(3) if offset[axis])
    along = voxels[:, leading, None] * offset[leading]  # the leading component of a direct neighbor is 1
    lines = voxels - along * np.asarray(offset)
    return len(np.unique(lines, axis=0)) < len(lines)


def _together(matrices: list[SizeMatrix], weights: NDArray[np.float64] | None, firsts: Sequence[int]) -> SizeMatrix:
    """One matrix ``[direction, level, size]``; with weights the directions are added up."""
    sizes = np.unique(np.concatenate([matrix.sizes for matrix in matrices]))
    counts = np.zeros((len(matrices), len(matrices[0].levels), len(sizes)))
    for number, matrix in enumerate(matrices):
        counts[number][:, np.searchsorted(sizes, matrix.sizes)] = matrix.counts
    if weights is not None:
        counts = np.sum(counts * weights[:, None, None], axis=0, keepdims=True)
    return SizeMatrix(counts, matrices[0].levels, sizes, firsts)
