"""The Laplacian of a Gaussian of a part of an image, as ITK's recursive filter computes it.

Along an axis ITK's filter is the sum of two damped waves to both sides of a voxel, with the value at the edge going on
for ever beyond it (Deriche 1993; the numbers of the waves are those of Farneback and Westin 2006, as ITK has them). Of
short axes it is a matrix, and products of matrices are faster than the recursion. As in ITK, what is found along an
axis is rounded to single precision before the next one; all but a few voxels in a million come out the same to the last
digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from .region import Box
from .separable import Matrix, along

MOST_OF_MATRICES = 256  # voxels along the longest axis; beyond that the recursion is faster

Quartet = tuple[float, float, float, float]

# Of the two damped waves that make up the filter: frequency, decay, and weights of cosine and sine for the Gaussian and
# for its second derivative.
_WAVES = ((0.6681, -1.3932), (2.0787, -1.3732))
_GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
_SECOND_DERIVATIVE = ((-1.3563, 5.2318), (0.3446, -2.2355))


def laplacian_of_gaussian(
    values: NDArray, inside: Box, spacing: tuple[float, float, float], sigma: float, axes: tuple[int, ...]
) -> NDArray[np.float32]:
    """ITK's recursive filter, normalized across scales.

    Parameters
    ----------
    values : ``[k, j, i]``, all that the filter looks at
    inside : the part that is wanted
    spacing, sigma : mm, ``(k, j, i)``
    axes : along which to filter, in ITK's order: 2, 1, 0, or 2, 1 where the image is a picture
    """
    if max(values.shape) > MOST_OF_MATRICES:
        return by_itk(values, inside, spacing, sigma, axes)
    total = np.zeros([part.stop - part.start for part in inside], dtype=np.float32)
    for bent in axes:
        found: NDArray = values
        for axis in (bent, *(other for other in axes if other != bent)):
            matrix = _matrix(sigma, spacing[axis], axis == bent, values.shape[axis])[inside[axis]]
            found = along(axis, matrix, found.astype(np.float64)).astype(np.float32)
        # ITK adds in double precision and keeps single.
        total = (total + found * np.float64(1 / (spacing[bent] * spacing[bent]))).astype(np.float32)
    return total


def by_itk(
    values: NDArray, inside: Box, spacing: tuple[float, float, float], sigma: float, axes: tuple[int, ...]
) -> NDArray[np.float32]:
    """As `laplacian_of_gaussian`, whatever the size."""
    flat = 0 not in axes
    image = SimpleITK.GetImageFromArray(values[0] if flat else values)
    image.SetSpacing(spacing[:0:-1] if flat else spacing[::-1])
    found = SimpleITK.GetArrayFromImage(SimpleITK.LaplacianRecursiveGaussian(image, sigma, True))
    part: NDArray[np.float32] = (found[None] if flat else found)[inside]
    return part


@dataclass(frozen=True)
class Recursion:
    """Weights of the last values and results, as ITK names them: forward N, backward M, both D; B at the edges."""

    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    results: NDArray[np.float64]
    forward_edge: NDArray[np.float64]
    backward_edge: NDArray[np.float64]


@lru_cache(maxsize=64)
def recursion_of(sigma: float, spacing: float, bent: bool) -> Recursion:
    """Of a Gaussian along an axis, or of its second derivative (``bent``)."""
    scale = sigma / spacing
    (w1, l1), (w2, l2) = _WAVES
    cos1, sin1, exp1 = math.cos(w1 / scale), math.sin(w1 / scale), math.exp(l1 / scale)
    cos2, sin2, exp2 = math.cos(w2 / scale), math.sin(w2 / scale), math.exp(l2 / scale)
    d4 = exp1 * exp1 * exp2 * exp2
    d3 = -2 * cos1 * exp1 * exp2 * exp2 + -2 * cos2 * exp2 * exp1 * exp1
    d2 = 4 * cos2 * cos1 * exp1 * exp2 + (exp1 * exp1 + exp2 * exp2)
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    sum_d, first_d, second_d = 1.0 + d1 + d2 + d3 + d4, d1 + 2 * d2 + 3 * d3 + 4 * d4, d1 + 4 * d2 + 9 * d3 + 16 * d4

    def moments(weights: tuple[tuple[float, float], tuple[float, float]]) -> tuple[Quartet, float, float, float]:
        (a1, b1), (a2, b2) = weights
        n0 = a1 + a2
        n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2) + exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
        n2 = (a1 + a2) * cos2 * cos1 - (b1 * cos2 * sin1 + b2 * cos1 * sin2)
        n2 = n2 * (2 * exp1 * exp2) + (a2 * exp1 * exp1 + a1 * exp2 * exp2)
        n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2) + exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
        return (n0, n1, n2, n3), n0 + n1 + n2 + n3, n1 + 2 * n2 + 3 * n3, n1 + 4 * n2 + 9 * n3

    n, sum_n, first_n, second_n = moments(_GAUSSIAN)
    if bent:
        of_second = moments(_SECOND_DERIVATIVE)
        beta = -(2 * of_second[1] - sum_d * of_second[0][0]) / (2 * sum_n - sum_d * n[0])
        n = tuple(two + beta * zero for two, zero in zip(of_second[0], n, strict=True))  # type: ignore[assignment]
        sum_n, first_n = of_second[1] + beta * sum_n, of_second[2] + beta * first_n
        second_n = of_second[3] + beta * second_n
        alpha = second_n * sum_d * sum_d - second_d * sum_n * sum_d
        alpha = alpha - 2 * first_n * first_d * sum_d + 2 * first_d * first_d * sum_n
        factor = sigma**2 / (alpha / (sum_d * sum_d * sum_d))
    else:
        factor = 1.0 / (2 * sum_n / sum_d - n[0])
    n0, n1, n2, n3 = (each * factor for each in n)
    m = n1 - d1 * n0, n2 - d2 * n0, n3 - d3 * n0, -d4 * n0
    d = np.array([d1, d2, d3, d4])
    return Recursion(
        np.array([n0, n1, n2, n3]),
        np.array(m),
        d,
        d * (n0 + n1 + n2 + n3) / sum_d,
        d * (m[0] + m[1] + m[2] + m[3]) / sum_d,
    )


@lru_cache(maxsize=64)
def _matrix(sigma: float, spacing: float, bent: bool, size: int) -> Matrix:
    """The filter along an axis of so many voxels, ``(size, size)``."""
    recursion = recursion_of(sigma, spacing, bent)
    found: list[float] = []
    for step in range(size):  # away from a voxel that alone is 1
        value = recursion.forward[step] if step < 4 else 0.0
        found.append(value - sum(d * before for d, before in zip(recursion.results, found[:-5:-1], strict=False)))
    response = np.array(found)
    beyond = recursion.forward.sum() / (1 + recursion.results.sum()) - np.append(0.0, np.cumsum(response)[:-1])
    matrix = np.lib.stride_tricks.sliding_window_view(np.append(response[:0:-1], response), size)[::-1].copy()
    matrix[:, 0], matrix[:, -1] = beyond, beyond[::-1]
    return matrix
