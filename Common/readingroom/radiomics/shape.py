"""Size and shape of a region in space; gray values play no part."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from .diameter import diameters
from .marching_cubes import surface

ROUNDING = 1e-13  # of the largest eigenvalue; less is noise


OF_DIAMETERS = ("Maximum2DDiameterColumn", "Maximum2DDiameterRow", "Maximum2DDiameterSlice", "Maximum3DDiameter")


def features(
    mask: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    unbiased: bool = False,
    names: Collection[str] = OF_DIAMETERS,
) -> dict[str, float]:
    """The 14 shape features, and three deprecated ones; diameters, the costly ones, where they are asked for.

    Parameters
    ----------
    mask : ``[k, j, i]``, cropped to the region's box: the classic marching cubes leave holes where voxels meet at a
        corner, and the volume of such a mesh depends on where it lies
    spacing : mm, ``(k, j, i)``
    unbiased : axes from variances divided by one less than the number of voxels (IBSI)
    names : what is asked for
    """
    padded = np.pad(mask, 1)
    area, volume = surface(padded, spacing)
    voxels = int(np.count_nonzero(mask))
    correction = voxels / (voxels - 1) if unbiased else 1.0
    least, minor, major = (variance * correction for variance in principal_variances(mask, spacing))
    sphere = (36 * math.pi * volume**2) ** (1 / 3)
    found = {
        "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "Elongation": math.sqrt(minor / major),
        "Flatness": math.sqrt(least / major),
        "LeastAxisLength": 4 * math.sqrt(least),
        "MajorAxisLength": 4 * math.sqrt(major),
        "MeshVolume": volume,
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Sphericity": sphere / area,
        "SphericalDisproportion": area / sphere if sphere else math.nan,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else math.nan,
        "VoxelVolume": voxels * math.prod(spacing),
    }
    if any(name in OF_DIAMETERS for name in names):
        in_space, slice_, column, row = diameters(padded, spacing)
        found |= dict(zip(OF_DIAMETERS, (column, row, slice_, in_space), strict=True))
    return found


def principal_variances(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> list[float]:
    """Variance (mm2) along each principal axis, the least first; exactly 0 where the mask has no extent."""
    values = np.linalg.eigvalsh(covariance(mask, spacing))
    return [float(value) if value > ROUNDING * values[-1] else 0.0 for value in values]


def covariance(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Covariance (mm2, divided by the number of voxels) of the voxels' places, ``(axes, axes)``.

    Sums of whole numbers from the mask's projections, exact until the division.
    """
    axes = range(mask.ndim)
    count = int(np.count_nonzero(mask))
    result = np.zeros((mask.ndim, mask.ndim))
    places = [np.arange(size, dtype=np.int64) for size in mask.shape]
    onto_axis, onto_plane = _projections(mask)
    first = [int(onto_axis[a] @ places[a]) for a in axes]
    for a in axes:
        for b in range(a, mask.ndim):
            second = onto_axis[a] @ places[a] ** 2 if a == b else places[a] @ onto_plane[a, b] @ places[b]
            result[a, b] = result[b, a] = (
                (count * int(second) - first[a] * first[b]) / count**2 * spacing[a] * spacing[b]
            )
    return result


def _projections(
    mask: NDArray[np.bool_],
) -> tuple[dict[int, NDArray[np.int64]], dict[tuple[int, int], NDArray[np.int64]]]:
    """Voxels of the mask on each axis, and on each plane of two axes (the lower one first)."""
    axes = range(mask.ndim)
    onto_plane = {}
    for a in axes:
        for b in range(a + 1, mask.ndim):
            others = tuple(axis for axis in axes if axis not in (a, b))
            onto_plane[a, b] = mask.sum(axis=others, dtype=np.int64) if others else mask.astype(np.int64)
    onto_axis = {a: onto_plane[a, a + 1].sum(axis=1) for a in axes if a + 1 < mask.ndim}
    onto_axis[mask.ndim - 1] = onto_plane[mask.ndim - 2, mask.ndim - 1].sum(axis=0)
    return onto_axis, onto_plane
