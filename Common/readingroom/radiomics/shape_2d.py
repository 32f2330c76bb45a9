"""Size and shape of a region in one slice."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .diameter import longest, row_ends
from .shape import principal_variances

# Corners (j, i) of a square bit by bit; twice the mid-points of its edges; lines from edge to edge by configuration.
CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))
EDGES = np.array([(0, 1), (1, 2), (2, 1), (1, 0)])
LINES = ("", "30", "01", "31", "12", "12 30", "02", "32", "23", "20", "01 23", "21", "13", "10", "03", "")


def features(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> dict[str, float]:
    """The nine features of shape in a slice, and a deprecated one.

    Parameters
    ----------
    mask : ``[j, i]``
    spacing : mm, ``(j, i)``
    """
    padded = np.pad(mask, 1)
    perimeter, surface = outline(padded, spacing)
    minor, major = principal_variances(mask, spacing)
    circle = 2 * math.sqrt(math.pi * surface)
    return {
        "Elongation": math.sqrt(minor / major),
        "MajorAxisLength": 4 * math.sqrt(major),
        "MaximumDiameter": longest(row_ends(padded, 1) * (np.asarray(spacing) / 2)),
        "MeshSurface": surface,
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": np.count_nonzero(mask) * math.prod(spacing),
        "Sphericity": circle / perimeter,
        "SphericalDisproportion": perimeter / circle,
    }


def outline(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> tuple[float, float]:
    """Length (mm) and enclosed surface (mm2) of the mask's outline by marching squares.

    Parameters
    ----------
    mask : ``[j, i]``, with a margin of at least one False pixel
    """
    rows, columns = (size - 1 for size in mask.shape)
    squares = np.zeros((rows, columns), dtype=np.uint8)
    for bit, (dj, di) in enumerate(CORNERS):
        squares |= mask[dj : dj + rows, di : di + columns].view(np.uint8) << bit
    half = np.asarray(spacing) / 2
    length = surface = 0.0
    for configuration, lines in enumerate(LINES):
        for line in lines.split():
            here = 2 * np.argwhere(squares == configuration)
            a, b = ((here + EDGES[int(edge)]) * half for edge in line)
            length += float(np.sum(np.sqrt(np.sum((a - b) ** 2, axis=1))))
            surface += float(np.sum(a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1])) / 2
    return length, surface
