"""The Laplacian of a Gaussian as ITK's recursive filter computes it, to the last digit, for a part of an image.

The recursion is of fourth order along each axis, once from each end (Deriche 1993; the fit of its coefficients is
Farneback and Westin 2006, as ITK has it). Lines side by side are filtered with one instruction for several of them, and
after each axis nothing is kept that the part does not need. ITK's numbers depend on its order of sums and on rounding
to single precision after each axis; both are kept.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..laplacian import Recursion, recursion_of
from ..region import Box
from .jit import compiled_to_the_letter

LINES = 64  # filtered side by side

Numbers = NDArray[np.float64]


def laplacian_of_gaussian(
    values: NDArray, inside: Box, spacing: tuple[float, float, float], sigma: float, axes: tuple[int, ...]
) -> NDArray[np.float32]:
    """What `SimpleITK.LaplacianRecursiveGaussian`, normalized across scales, gives in a part of an image.

    Parameters
    ----------
    values : ``[k, j, i]``, all that the filter looks at
    inside : the part that is wanted
    spacing, sigma : mm, ``(k, j, i)``
    axes : along which to filter, in ITK's order: 2, 1, 0
    """
    total = np.zeros([part.stop - part.start for part in inside], dtype=np.float32)
    for bent in axes:
        found = _filtered(values, bent, recursion_of(sigma, spacing[bent], True), inside[bent])
        for axis in axes:
            if axis != bent:
                found = _filtered(found, axis, recursion_of(sigma, spacing[axis], False), inside[axis])
        # ITK adds in double precision and keeps single.
        total = (total + found * np.float64(1 / (spacing[bent] * spacing[bent]))).astype(np.float32)
    return total


def _filtered(values: NDArray, axis: int, recursion: Recursion, kept: slice) -> NDArray[np.float32]:
    """Filter along an axis and keep a part of it."""
    length = kept.stop - kept.start
    shape = tuple(length if other == axis else size for other, size in enumerate(values.shape))
    found = np.empty(shape, dtype=np.float32)
    before, behind = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    _filter_lines(
        np.ascontiguousarray(values).reshape(before, values.shape[axis], behind),
        found.reshape(before, length, behind),
        kept.start,
        recursion.forward,
        recursion.backward,
        recursion.results,
        recursion.forward_edge,
        recursion.backward_edge,
    )
    return found


@compiled_to_the_letter
def _filter_lines(
    values: NDArray,
    found: NDArray[np.float32],
    start: int,
    n: Numbers,
    m: Numbers,
    d: Numbers,
    bn: Numbers,
    bm: Numbers,
) -> None:
    """Filter ``[before, along, behind]`` along its middle axis and write what lies from ``start`` on."""
    before, length, behind = values.shape
    kept = found.shape[1]
    lines = before * behind
    # Four rows at each end for what lies beyond: the value at the edge, and what the filter gives for it for ever.
    x, forward, backward = np.zeros((length + 8, LINES)), np.zeros((length + 8, LINES)), np.zeros((length + 8, LINES))
    for first in range(0, lines, LINES):
        count = min(LINES, lines - first)
        row, column = first // behind, first % behind
        if column + count <= behind:
            for i in range(length):
                for line in range(count):
                    x[i + 4, line] = values[row, i, column + line]
        else:
            for line in range(count):
                row, column = (first + line) // behind, (first + line) % behind
                for i in range(length):
                    x[i + 4, line] = values[row, i, column]
        for i in range(4):
            for line in range(LINES):
                x[i, line] = x[4, line]
                x[length + 4 + i, line] = x[length + 3, line]
        _recur(x, forward, backward, length, n, m, d, bn, bm)
        row, column = first // behind, first % behind
        if column + count <= behind:
            for i in range(kept):
                at = start + i + 4
                for line in range(count):
                    found[row, i, column + line] = np.float32(forward[at, line] + backward[at, line])
        else:
            for line in range(count):
                row, column = (first + line) // behind, (first + line) % behind
                for i in range(kept):
                    at = start + i + 4
                    found[row, i, column] = np.float32(forward[at, line] + backward[at, line])


@compiled_to_the_letter
def _recur(
    x: Numbers,
    forward: Numbers,
    backward: Numbers,
    length: int,
    n: Numbers,
    m: Numbers,
    d: Numbers,
    bn: Numbers,
    bm: Numbers,
) -> None:
    """Both recursions of lines side by side, ``[4 + along + 4, line]``."""
    n0, n1, n2, n3 = n[0], n[1], n[2], n[3]
    m1, m2, m3, m4 = m[0], m[1], m[2], m[3]
    d1, d2, d3, d4 = d[0], d[1], d[2], d[3]
    for i in range(4, length + 4):
        # Before the first values the results are those of the edge's value for ever, with weights of their own.
        e1, e2, e3, e4 = d1, d2, d3, d4
        if i < 8:
            e4 = bn[3]
            e3 = bn[2] if i < 7 else d3
            e2 = bn[1] if i < 6 else d2
            e1 = bn[0] if i < 5 else d1
            for line in range(LINES):
                one = forward[i - 1, line] if i > 4 else x[4, line]
                two = forward[i - 2, line] if i > 5 else x[4, line]
                three = forward[i - 3, line] if i > 6 else x[4, line]
                value = x[i, line] * n0 + x[i - 1, line] * n1 + x[i - 2, line] * n2 + x[i - 3, line] * n3
                forward[i, line] = value - (one * e1 + two * e2 + three * e3 + x[4, line] * e4)
            continue
        for line in range(LINES):
            value = x[i, line] * n0 + x[i - 1, line] * n1 + x[i - 2, line] * n2 + x[i - 3, line] * n3
            last = forward[i - 1, line] * d1 + forward[i - 2, line] * d2
            last = last + forward[i - 3, line] * d3 + forward[i - 4, line] * d4
            forward[i, line] = value - last
    end = length + 3
    for i in range(end, 3, -1):
        if i > end - 4:
            e4 = bm[3]
            e3 = bm[2] if i > end - 3 else d3
            e2 = bm[1] if i > end - 2 else d2
            e1 = bm[0] if i > end - 1 else d1
            for line in range(LINES):
                one = backward[i + 1, line] if i < end else x[end, line]
                two = backward[i + 2, line] if i < end - 1 else x[end, line]
                three = backward[i + 3, line] if i < end - 2 else x[end, line]
                value = x[i + 1, line] * m1 + x[i + 2, line] * m2 + x[i + 3, line] * m3 + x[i + 4, line] * m4
                backward[i, line] = value - (one * e1 + two * e2 + three * e3 + x[end, line] * e4)
            continue
        for line in range(LINES):
            value = x[i + 1, line] * m1 + x[i + 2, line] * m2 + x[i + 3, line] * m3 + x[i + 4, line] * m4
            last = backward[i + 1, line] * d1 + backward[i + 2, line] * d2
            last = last + backward[i + 3, line] * d3 + backward[i + 4, line] * d4
            backward[i, line] = value - last
