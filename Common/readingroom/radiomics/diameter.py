"""The longest distances between points of a mask's surface, without comparing all pairs.

The surface crosses half way between two neighboring voxels of which one is in the mask. Coordinates are doubled voxels
here, so that they are whole numbers. The farthest two points are ends of their rows, which leaves few candidates; the
farthest pair in space lies on their convex hull, and planes that cannot hold a longer distance than one already known
are left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

HULL_FROM = 200  # points; a hull costs more than comparing all pairs of fewer
BEARINGS = 16  # directions in which the width of each plane is taken; the bound is then 0.5 % above the distance
PAIRS_AT_ONCE = 1 << 20


def diameters(mask: NDArray[np.bool_], spacing: tuple[float, float, float]) -> tuple[float, float, float, float]:
    """The longest distance in space, and within planes of constant k, j and i, in mm.

    Planes lie at the voxels and half way between them, as those of PyRadiomics do.

    Parameters
    ----------
    mask : ``[k, j, i]``, with a margin of at least one False voxel
    spacing : mm, ``(k, j, i)``
    """
    along_i, along_j = row_ends(mask, 2), row_ends(mask, 1)
    scale = np.asarray(spacing) / 2
    return (
        longest(along_i * scale),
        _longest_in_planes(along_i, 0, scale),
        _longest_in_planes(along_i, 1, scale),
        _longest_in_planes(along_j, 2, scale),
    )


def row_ends(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int64]:
    """First and last surface point of every row along an axis, ``(points, axes)`` in doubled voxels."""
    along = np.ascontiguousarray(np.moveaxis(mask, axis, -1))
    points = []
    for across in range(mask.ndim):
        crossed = np.diff(along, axis=across)  # True where a voxel differs from the next one
        occupied = crossed.any(axis=-1)
        rows, lines = np.argwhere(occupied), crossed[occupied]
        for end in (lines.argmax(axis=-1), lines.shape[-1] - 1 - lines[:, ::-1].argmax(axis=-1)):
            point = 2 * np.column_stack([rows, end])
            point[:, across] += 1
            points.append(point)
    order = np.insert(np.arange(mask.ndim - 1), axis, mask.ndim - 1)  # the axes as they were
    return np.concatenate(points)[:, order]


def longest(points: NDArray[np.float64]) -> float:
    """The longest distance between any two of ``(points, dimensions)``."""
    if len(points) > HULL_FROM:
        points = points[_corners(points)]
    at_once = max(1, PAIRS_AT_ONCE // len(points))
    return max(float(cdist(points[i : i + at_once], points).max()) for i in range(0, len(points), at_once))


def _corners(points: NDArray[np.float64]) -> NDArray[np.integer]:
    """Which of the points are corners of their hull; they may all lie on one line or in one plane."""
    try:
        return np.asarray(ConvexHull(points).vertices)
    except QhullError:
        _, spread, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
        within = points @ axes[spread > spread[0] * 1e-9].T
        if within.shape[1] == 1:
            return np.array([within.argmin(), within.argmax()])
        return np.asarray(ConvexHull(within).vertices)


def _longest_in_planes(points: NDArray[np.int64], axis: int, scale: NDArray[np.float64]) -> float:
    """The longest distance between two points with the same coordinate along ``axis``."""
    points = points[np.argsort(points[:, axis], kind="stable")]
    starts = np.flatnonzero(np.diff(points[:, axis], prepend=-1))
    flat = np.delete(points * scale, axis, axis=1)
    widths = _widths(flat, starts)
    # Some bearing is within 180 / BEARINGS / 2 degrees of the longest distance and sees at least its cosine.
    bounds = widths / np.cos(np.pi / (2 * BEARINGS)) * (1 + 1e-12)
    ends = np.append(starts[1:], len(points))
    found = widths.max()
    for plane in np.argsort(-bounds):
        if bounds[plane] < found:
            break
        found = max(found, longest(flat[starts[plane] : ends[plane]]))
    return float(found)


def _widths(points: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The largest width over all bearings of each group of points; ``starts`` are where groups begin."""
    widths = np.zeros(len(starts))
    for bearing in np.arange(BEARINGS) * np.pi / BEARINGS:
        along = points @ np.array([np.cos(bearing), np.sin(bearing)])
        extent = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts)
        np.maximum(widths, extent, out=widths)
    return widths
