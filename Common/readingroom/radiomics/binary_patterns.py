"""Local binary patterns: which of a voxel's neighbors on a circle or a sphere are at least as bright as it is.

In the plane after Ojala, Pietikainen and Harwood (1996) and Ahonen, Hadid and Pietikainen (2006), in space by spherical
harmonics after Banerjee et al. (2013); both give PyRadiomics' numbers, which come from scikit-image and trimesh.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter
from scipy.spatial import ConvexHull
from scipy.special import lpmv

from .region import Box

METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
_BATCH = 1 << 20  # samples that are looked at at once


def in_plane(values: NDArray, box: Box, axis: int, radius: float, samples: int, method: str) -> NDArray:
    """The patterns in the planes across an axis, in the box.

    Parameters
    ----------
    values : ``[k, j, i]``, the whole image; beyond its edges everything is 0
    axis : across which the planes lie
    radius : of the circle, voxels
    samples : on the circle, interpolated linearly
    method : ``default`` (a bit for each sample), ``ror`` (the least number that turning the circle gives),
        ``uniform`` (how many are as bright, where light and dark change at most twice; one number for all others),
        ``nri_uniform`` (a number for each of these patterns and turns), or ``var`` (the variance of the samples)

    Returns
    -------
    patterns : of the size of the box, in the type of the values; variances of whole numbers are not whole
    """
    planes, order = (
        values.swapaxes(0, axis),
        [0, 1, 2],
    )  # not moved: PyRadiomics turns round where j is the axis of rows
    order[0], order[axis] = axis, 0
    k, j, i = (box[each] for each in order)
    angles = 2 * np.pi * np.arange(samples, dtype=np.float64) / samples
    steps = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    kind = np.float64 if method == "var" and values.dtype.kind in "iu" else values.dtype
    patterns = np.empty((k.stop - k.start, j.stop - j.start, i.stop - i.start), dtype=kind)
    for number, plane in enumerate(planes[k]):
        exact = plane.astype(np.float64)
        around = np.array([_sampled(exact, j, i, *step) for step in zip(*steps, strict=True)])
        patterns[number] = around.var(axis=0) if method == "var" else _pattern(around >= plane[j, i], method)
    return patterns.swapaxes(0, axis)


def _sampled(plane: NDArray[np.float64], j: slice, i: slice, down: float, right: float) -> NDArray[np.float64]:
    """The plane around the box's pixels, that far below and to the right of each."""
    rows, columns = np.arange(j.start, j.stop) + down, np.arange(i.start, i.stop) + right
    top, left = np.floor(rows), np.floor(columns)
    low, far = (rows - top)[:, None], (columns - left)[None]
    above, below = (
        (1 - far) * _within(plane, edge, left) + far * _within(plane, edge, np.ceil(columns))
        for edge in (top, np.ceil(rows))
    )
    found: NDArray[np.float64] = (1 - low) * above + low * below
    return found


def _within(plane: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pixels in these rows and columns, 0 beyond the edges."""
    height, width = plane.shape
    down, across = rows.astype(np.int64)[:, None], columns.astype(np.int64)[None]
    taken = plane[np.clip(down, 0, height - 1), np.clip(across, 0, width - 1)]
    return np.where((down >= 0) & (down < height) & (across >= 0) & (across < width), taken, 0.0)


def _pattern(signs: NDArray[np.bool_], method: str) -> NDArray:
    samples = len(signs)
    if method in ("uniform", "nri_uniform"):
        changes, bright = np.count_nonzero(signs[1:] != signs[:-1], axis=0), np.count_nonzero(signs, axis=0)
        if method == "uniform":
            return np.where(changes <= 2, bright, samples + 1)
        # The turn is how far the first sample is from where the bright ones begin.
        turn = np.where(signs[0], bright - np.argmin(signs, axis=0), samples - np.argmax(signs, axis=0))
        number = np.where((bright == 0) | (bright == samples), (samples - 1) * bright, (bright - 1) * samples + turn)
        number = np.where(bright == 0, 0, number + 1)
        return np.where(changes <= 2, number, samples * (samples - 1) + 2)
    weights = 2.0 ** np.arange(samples)
    turns = range(samples) if method == "ror" else (0,)
    return np.min([np.tensordot(np.roll(weights, turn), signs, axes=1) for turn in turns], axis=0)


def in_space(
    values: NDArray, mask: NDArray[np.bool_], box: Box, levels: int, radius: float, subdivisions: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """The patterns on spheres around the voxels of a region: ``m1``, ``m2``, ... by degree, and ``k`` for the kurtosis.

    Parameters
    ----------
    values, mask : ``[k, j, i]``, the whole image and the region; beyond the image's edges everything is 0
    levels : degrees of spherical harmonics, from 0 on
    radius : of the spheres, voxels
    subdivisions : of the icosahedron whose corners are the samples: 12 for 0, 42 for 1, 162 for 2

    Returns
    -------
    patterns : one after another, of the size of the box, 0 outside the region; a kurtosis is NaN where all samples are
        equal
    """
    from scipy.stats import kurtosis  # takes longer to import than all else that measures

    corners = _icosphere(subdivisions, radius)
    harmonics = [_harmonics(degree, corners, radius) for degree in range(levels)]
    smooth = spline_filter(values, order=3, output=np.float64, mode="constant")
    places = np.argwhere(mask)
    norms, tails = np.empty((levels, len(places))), np.empty(len(places))
    size = max(1, _BATCH // len(corners))
    for first in range(0, len(places), size):
        batch = slice(first, first + size)
        around = (places[batch, None] + corners).reshape(-1, 3).T  # (3, voxels x corners)
        # Whole numbers stay whole, as where the spline is asked of an image of whole numbers.
        samples = map_coordinates(smooth, around, output=values.dtype, order=3, prefilter=False)
        samples = samples.reshape(-1, len(corners))
        tails[batch] = kurtosis(samples, axis=1)
        signs = (samples >= values[tuple(places[batch].T)][:, None]).astype(np.float64)
        for degree, functions in enumerate(harmonics):  # (corners, 2 degree + 1)
            norms[degree, batch] = _length((signs @ functions) @ functions.T)
    for name, found in [*((f"m{degree + 1}", norm) for degree, norm in enumerate(norms)), ("k", tails)]:
        patterns = np.zeros(tuple(part.stop - part.start for part in box))
        patterns[tuple((places - [part.start for part in box]).T)] = found
        yield name, patterns


def _length(vectors: NDArray[np.complex128]) -> NDArray[np.float64]:
    """The real part of the root of the sum of squares, not of absolute squares, as PyRadiomics has it."""
    return np.real(np.sqrt(np.sum(vectors**2, axis=1)))


def _icosphere(subdivisions: int, radius: float) -> NDArray[np.float64]:
    """Corners of an icosahedron whose edges were halved that often, (corners, 3)."""
    golden = (1 + np.sqrt(5)) / 2
    rectangle = np.array([(a, b * golden, 0.0) for a in (-1, 1) for b in (-1, 1)])
    corners = np.concatenate([np.roll(rectangle, turn, axis=1) for turn in range(3)])
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    for _ in range(subdivisions):
        triangles = ConvexHull(corners).simplices
        edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        middles = corners[edges].mean(axis=1)
        corners = np.concatenate([corners, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
    return corners * radius


def _harmonics(degree: int, corners: NDArray[np.float64], radius: float) -> NDArray[np.complex128]:
    """Spherical harmonics of a degree at the corners, (corners, 2 degree + 1).

    PyRadiomics takes the angle from the pole for the one around it, and the other way around; so does this.
    """
    around = np.arccos(np.clip(corners[:, 2] / radius, -1, 1))
    cosine = np.cos(np.arctan2(corners[:, 1], corners[:, 0]))
    columns = []
    for order in range(-degree, degree + 1):
        m = abs(order)
        scale = (2 * degree + 1) / (4 * np.pi) * math.factorial(degree - m) / math.factorial(degree + m)
        sign = (-1) ** m if order < 0 else 1
        columns.append(sign * np.sqrt(scale) * lpmv(m, degree, cosine) * np.exp(1j * order * around))
    return np.stack(columns, axis=1)
