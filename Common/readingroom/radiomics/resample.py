"""Image and mask on a new grid around the region, laid as PyRadiomics lays it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from . import spline
from .region import bounding_box
from .settings import Settings

MOST_VOXELS = 1 << 28  # of a resampled image: 2 GB in double precision
_REACH = 30  # voxels; so far away one counts less in a cubic spline than double precision can tell
Scaled = Callable[[SimpleITK.Image], SimpleITK.Image]
BEYOND = 1e-3  # voxels that a region may reach over the image's edge


def as_it_is(image: SimpleITK.Image) -> SimpleITK.Image:
    return image


def resample(
    image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings, scaled: Scaled = as_it_is
) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Both on a grid of ``settings.resampled_spacing`` that covers the region and ``pad_distance`` voxels around it.

    The grid has the mask's orientation, its outer edges are aligned with those of the mask's grid; an axis along which
    the region has one voxel keeps its spacing.

    Parameters
    ----------
    mask : 0 and 1
    scaled : applied to the part of the image that is looked at

    Raises
    ------
    InputError : the region reaches beyond the image, or the new grid has too many voxels
    """
    old, asked = np.array(mask.GetSpacing()), _asked(mask, settings)
    start, size = _checked_extent(image, mask)
    spacing = np.where((asked == 0) | (size == 1), old, asked)
    if np.allclose(np.array(image.GetSpacing()), spacing):
        moved = onto_grid(mask, image)
        image, mask = around_region(image, moved, settings.pad_distance)
        return scaled(image), mask

    ratio = old / spacing
    last = np.ceil(np.array(mask.GetSize()) * ratio) - 1
    lower = np.maximum(np.floor((start - 0.5) * ratio - settings.pad_distance), 0)
    upper = np.minimum(np.ceil((start + size - 0.5) * ratio + settings.pad_distance), last)
    _refuse_too_fine_a_grid(upper - lower + 1)
    edge_aligned = 0.5 * (spacing - old) / old  # the new first voxel's center, in old voxels
    origin = mask.TransformContinuousIndexToPhysicalPoint((edge_aligned + lower / ratio).tolist())

    grid = SimpleITK.ResampleImageFilter()
    grid.SetOutputSpacing(spacing.tolist())
    grid.SetOutputDirection(mask.GetDirection())
    grid.SetOutputOrigin(origin)
    grid.SetSize((upper - lower + 1).astype(int).tolist())
    grid.SetInterpolator(getattr(SimpleITK, str(settings.interpolator)))
    image = scaled(_needed(image, grid))
    grid.SetOutputPixelType(image.GetPixelID())
    fast = spline.interpolated(image, grid) if settings.interpolator == "sitkBSpline" else None
    resampled = grid.Execute(image) if fast is None else fast
    grid.SetOutputPixelType(mask.GetPixelID())
    grid.SetInterpolator(SimpleITK.sitkNearestNeighbor)
    return resampled, grid.Execute(mask)


def resample_centered(
    image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings, scaled: Scaled = as_it_is
) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Both on a grid whose center is that of the old one, over the whole image (IBSI).

    The mask is interpolated linearly and holds voxels of one half or more; values of whole numbers are rounded.

    Raises
    ------
    InputError : the region reaches beyond the image, or the new grid has too many voxels
    """
    _checked_extent(image, mask)
    image = scaled(image)
    old, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    asked = _asked(image, settings)
    spacing = np.where(asked == 0, old, asked)
    new_size = np.ceil(size * old / spacing)
    _refuse_too_fine_a_grid(new_size)
    first = (size - 1) / 2 - (new_size - 1) / 2 * spacing / old  # in old voxels
    grid = SimpleITK.ResampleImageFilter()
    grid.SetOutputSpacing(spacing.tolist())
    grid.SetOutputDirection(image.GetDirection())
    grid.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint(first.tolist()))
    grid.SetSize(new_size.astype(int).tolist())
    grid.SetOutputPixelType(SimpleITK.sitkFloat64)
    grid.UseNearestNeighborExtrapolatorOn()  # the new grid may reach half a voxel beyond the old centers
    grid.SetInterpolator(getattr(SimpleITK, str(settings.interpolator)))
    values = grid.Execute(SimpleITK.Cast(image, SimpleITK.sitkFloat64))
    if "float" not in image.GetPixelIDTypeAsString():
        values = SimpleITK.Cast(SimpleITK.Round(values), SimpleITK.sitkInt32)
    grid.SetInterpolator(SimpleITK.sitkLinear)
    share = grid.Execute(SimpleITK.Cast(mask, SimpleITK.sitkFloat64))
    return values, share >= 0.5


def onto_grid(mask: SimpleITK.Image, image: SimpleITK.Image) -> SimpleITK.Image:
    """The mask on the grid of the image, nearest neighbor.

    Raises
    ------
    InputError : the region reaches beyond the image
    """
    _checked_extent(image, mask)
    return SimpleITK.Resample(mask, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor)


def _asked(image: SimpleITK.Image, settings: Settings) -> NDArray[np.float64]:
    """The spacing of each axis of the image; one of 0 stays as it is.

    Raises
    ------
    InputError : there are more or fewer than the image has axes
    """
    asked = np.array(settings.resampled_spacing, dtype=np.float64)
    if len(asked) != (axes := image.GetDimension()):
        raise InputError(
            f"The image has {axes} axes and resampledPixelSpacing {len(asked)} values; give one for each axis, 0 for "
            "an axis that stays as it is."
        )
    return asked


def _refuse_too_fine_a_grid(size: NDArray) -> None:
    """Stop before an image is resampled to more voxels ``size`` (along each axis) than memory allows."""
    voxels = math.prod(float(count) for count in size)
    if not voxels <= MOST_VOXELS:
        raise InputError(
            f"Resampled like this the image would have {voxels:.2g} voxels; choose a wider resampledPixelSpacing."
        )


def _extent(mask: SimpleITK.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First voxel and size of the region's box, x, y, z."""
    inside = SimpleITK.GetArrayViewFromImage(mask) > 0
    if not inside.any():
        raise InputError("No voxel of the region is left on the image's grid.")
    box = bounding_box(inside.reshape((1,) * (3 - inside.ndim) + inside.shape))[::-1][: inside.ndim]
    return np.array([part.start for part in box]), np.array([part.stop - part.start for part in box])


def around_region(
    image: SimpleITK.Image, mask: SimpleITK.Image, margin: int
) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Both cut to the region's box and so many voxels around it, as far as the image reaches."""
    start, size = _extent(mask)
    return _around(image, start, size, margin), _around(mask, start, size, margin)


def _checked_extent(image: SimpleITK.Image, mask: SimpleITK.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    start, size = _extent(mask)
    corners = [
        image.TransformPhysicalPointToContinuousIndex(mask.TransformContinuousIndexToPhysicalPoint(corner.tolist()))
        for corner in (start - 0.5, start + size - 0.5)
    ]
    highest = np.array(image.GetSize()) - 0.5 + BEYOND
    if np.any(np.min(corners, axis=0) < -0.5 - BEYOND) or np.any(np.max(corners, axis=0) > highest):
        raise InputError("The region reaches beyond the image; does the mask belong to it?")
    return start, size


def _needed(image: SimpleITK.Image, grid: SimpleITK.ResampleImageFilter) -> SimpleITK.Image:
    """What of the image the values on a new grid come from: a spline is fitted to all that it is given."""
    frame = SimpleITK.Image([1] * image.GetDimension(), SimpleITK.sitkUInt8)
    frame.SetOrigin(grid.GetOutputOrigin())
    frame.SetSpacing(grid.GetOutputSpacing())
    frame.SetDirection(grid.GetOutputDirection())
    corners = [
        image.TransformPhysicalPointToContinuousIndex(frame.TransformContinuousIndexToPhysicalPoint(corner))
        for corner in itertools.product(*((0.0, size - 1.0) for size in grid.GetSize()))
    ]
    lower = np.floor(np.min(corners, axis=0)).astype(int) - _REACH
    upper = np.ceil(np.max(corners, axis=0)).astype(int) + _REACH
    return _around(image, lower, upper - lower + 1, 0)


def _around(image: SimpleITK.Image, start: NDArray[np.int64], size: NDArray[np.int64], margin: int) -> SimpleITK.Image:
    lower = np.maximum(start - margin, 0)
    upper = np.minimum(start + size + margin, np.array(image.GetSize()))
    parts = tuple(slice(int(a), int(b)) for a, b in zip(lower, upper, strict=True))
    return image[parts]
