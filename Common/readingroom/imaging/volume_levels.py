"""Slices and volumes as a network takes them: resampled, the organ looked for, gray levels of 0 to 1, in its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from ..bundles.preprocessing import Preprocessing
from ..errors import InputError
from .display import Window
from .lungs import find_lungs
from .mr_body import find_body
from .organ import Booleans, areas, box, evenly_spaced

Gray = NDArray[np.float32]
Extent = tuple[int, int]  # first pixel and the one after the last; beyond the picture where it was padded
Resize = Callable[[Gray, tuple[int, int], bool], Gray]


@dataclass(frozen=True, eq=False)
class SliceLevels:
    """Slices as a network reads them, before normalization, and where they lie.

    Parameters
    ----------
    levels : ``[n, j, i]``, 0 to 1
    numbers : of the slices in ``grid``, rising; one may come more than once where too few hold the organ
    extents : rows and columns of ``grid`` that each of them shows
    grid : the volume that they were taken from: the image, or its resampled copy
    """

    levels: Gray
    numbers: NDArray[np.intp]
    extents: tuple[Extent, Extent]
    grid: SimpleITK.Image


@dataclass(frozen=True, eq=False)
class VolumeLevels:
    """A volume as a network reads it, before normalization, and where it lies.

    Parameters
    ----------
    levels : ``[k, j, i]``, 0 to 1
    extents : slices, rows and columns of ``grid`` that it shows
    grid : the volume that it was taken from: the image, or its resampled copy
    """

    levels: Gray
    extents: tuple[Extent, Extent, Extent]
    grid: SimpleITK.Image


def volume_levels(volume: SimpleITK.Image, preprocessing: Preprocessing, organ: Booleans | None) -> VolumeLevels:
    """The volume that a network reads, from the first slice that holds enough of the organ to the last one.

    A volume whose ``spacing`` is given is cut or padded to the size about its center, else it is stretched or padded to
    it.

    Parameters
    ----------
    volume : stored values (HU for CT), in LPS
    organ : on the volume's grid; found when left out, where the organ is the lungs

    Raises
    ------
    InputError : the organ is not found or fills too little, or nothing says how gray levels are made
    """
    grid = _resampled(volume, preprocessing.spacing)
    voxels = SimpleITK.GetArrayViewFromImage(grid)
    low, high = _limits(grid, preprocessing)
    parts = tuple(slice(0, n) for n in voxels.shape)
    found = None
    if preprocessing.least_organ or preprocessing.organ_crop or preprocessing.organ_only:
        found = _found(grid, preprocessing) if organ is None else _on_grid(organ, volume, grid)
        kept = _kept(found, preprocessing)
        reached = slice(int(kept[0]), int(kept[-1]) + 1)
        parts = (reached, *(box(found[reached])[1:] if preprocessing.organ_crop else parts[1:]))
    gray = scaled(voxels[parts], low, high)
    if preprocessing.organ_only and found is not None:
        gray = np.where(found[parts], gray, np.float32(0))
    around = _around(gray.shape, preprocessing)
    slices, rows, columns = ((part.start - a, part.stop + b) for part, (a, b) in zip(parts, around, strict=True))
    return VolumeLevels(_zoomed(_widened(gray, around), preprocessing.size), (slices, rows, columns), grid)


def _around(shape: tuple[int, ...], preprocessing: Preprocessing) -> list[Extent]:
    """How many voxels are put before and after those of each axis before it is stretched; below 0 they are cut off."""
    wanted = shape
    if preprocessing.spacing is not None:
        wanted = preprocessing.size
    elif preprocessing.keep_aspect:
        factor = max(n / size for n, size in zip(shape, preprocessing.size, strict=True))
        wanted = tuple(max(round(size * factor), n) for n, size in zip(shape, preprocessing.size, strict=True))
    lacks = [size - n for n, size in zip(shape, wanted, strict=True)]
    # Toward 0, so that what is cut off is shared out as what is added.
    return [(int(lack / 2), lack - int(lack / 2)) for lack in lacks]


def slice_levels(
    volume: SimpleITK.Image,
    preprocessing: Preprocessing,
    organ: Booleans | None,
    resize: Resize,
    padding: Callable[[tuple[int, ...], tuple[int, int]], tuple[Extent, Extent]] | None = None,
) -> SliceLevels:
    """The slices of a volume that a network reads, with the way back; only they are made gray levels.

    Parameters
    ----------
    volume, organ, resize : as in `volume_levels`
    padding : rows and columns that ``resize`` puts around a picture to keep its proportions

    Raises
    ------
    InputError : as `volume_levels`
    """
    grid = _resampled(volume, preprocessing.spacing)
    voxels = SimpleITK.GetArrayViewFromImage(grid)
    low, high = _limits(grid, preprocessing)
    numbers, rows, columns = np.arange(len(voxels)), slice(0, voxels.shape[1]), slice(0, voxels.shape[2])
    if preprocessing.least_organ or preprocessing.organ_crop:
        found = _found(grid, preprocessing) if organ is None else _on_grid(organ, volume, grid)
        numbers = _kept(found, preprocessing)
        if preprocessing.organ_crop:
            _, rows, columns = box(found[numbers])
    chosen = evenly_spaced(numbers, preprocessing.slices or len(numbers))
    size = (preprocessing.size[0], preprocessing.size[1])
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    around = padding(shape, size) if padding is not None and preprocessing.keep_aspect else ((0, 0), (0, 0))
    return SliceLevels(
        np.stack(
            [resize(scaled(voxels[k, rows, columns], low, high), size, preprocessing.keep_aspect) for k in chosen]
        ),
        chosen,
        (
            (rows.start - around[0][0], rows.stop + around[0][1]),
            (columns.start - around[1][0], columns.stop + around[1][1]),
        ),
        grid,
    )


def percentile_limits(values: Gray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """The values of an image that become 0 and 1.

    Raises
    ------
    InputError : they are the same
    """
    low, high = np.percentile(values, percentiles)
    if low == high:
        raise InputError("The percentiles of the image are all the same: there is nothing in it to read.")
    return float(low), float(high)


def scaled(values: Gray, low: float, high: float) -> Gray:
    """Values as gray levels: ``low`` and what is below becomes 0, ``high`` and what is above 1."""
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")(values)


def _limits(grid: SimpleITK.Image, preprocessing: Preprocessing) -> tuple[float, float]:
    if preprocessing.window is not None:
        center, width = preprocessing.window
        return center - width / 2, center + width / 2
    if preprocessing.percentiles is not None:
        values = SimpleITK.GetArrayViewFromImage(grid)
        if preprocessing.percentiles_of == "body":
            values = values[find_body(grid)]
            if not values.size:
                raise InputError("No body stands out from the background: there is nothing in the image to read.")
        return percentile_limits(values, preprocessing.percentiles)
    raise InputError("The input gives no window and no percentiles to make gray levels of.")


def _resampled(volume: SimpleITK.Image, spacing: tuple[float, float, float] | None) -> SimpleITK.Image:
    """On a spacing ``[k, j, i]``, linearly; as it is where none is given."""
    own = volume.GetSpacing()
    if spacing is None or tuple(reversed(spacing)) == own:
        return volume
    wanted = list(reversed(spacing))
    size = [max(round(n * before / after), 1) for n, before, after in zip(volume.GetSize(), own, wanted, strict=True)]
    return SimpleITK.Resample(
        volume,
        size,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        volume.GetOrigin(),
        wanted,
        volume.GetDirection(),
        float(SimpleITK.GetArrayViewFromImage(volume).min()),
        SimpleITK.sitkFloat32,
    )


def _found(image: SimpleITK.Image, preprocessing: Preprocessing) -> Booleans:
    if preprocessing.organ != "lungs":
        raise InputError(f"Nothing finds the {preprocessing.organ} in a volume; give a mask '{preprocessing.organ}'.")
    organ = find_lungs(image).both
    if not organ.any():
        raise InputError("No lungs were found in this image; give a mask 'lungs'.")
    return organ


def _on_grid(organ: Booleans, volume: SimpleITK.Image, grid: SimpleITK.Image) -> Booleans:
    """A mask of the volume on the grid of its resampled copy."""
    if grid is volume:
        return organ
    mask = SimpleITK.GetImageFromArray(organ.astype(np.uint8))
    mask.CopyInformation(volume)
    on_grid = SimpleITK.Resample(mask, grid, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    return np.asarray(SimpleITK.GetArrayFromImage(on_grid) != 0)


def _kept(organ: Booleans, preprocessing: Preprocessing) -> NDArray[np.intp]:
    """Numbers of the slices that hold enough of the organ."""
    shares = areas(organ) / organ[0].size
    kept = np.flatnonzero((shares > 0) & (shares >= preprocessing.least_organ))
    if not len(kept):
        raise InputError(
            f"In no slice does the organ fill {preprocessing.least_organ:.0%}; the most is {shares.max():.1%}."
        )
    return kept


def _widened(gray: Gray, around: list[Extent]) -> Gray:
    """Padded with black, or cut, see `_around`."""
    kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(around, gray.shape, strict=True))
    return np.pad(gray[kept], [(max(a, 0), max(b, 0)) for a, b in around])


def _zoomed(gray: Gray, size: tuple[int, ...]) -> Gray:
    """Stretched to (slices, rows, columns): linear between voxels, smoothed where it shrinks."""
    if gray.shape == size:
        return gray
    ratios = [n / wanted for n, wanted in zip(gray.shape, size, strict=True)]
    smooth = ndimage.gaussian_filter(gray, [max(ratio - 1, 0) / 2 for ratio in ratios], mode="nearest")
    image = SimpleITK.GetImageFromArray(smooth)
    zoomed = SimpleITK.Resample(
        image,
        list(reversed(size)),
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        [(ratio - 1) / 2 for ratio in reversed(ratios)],  # centers stay at the centers of the parts they cover
        list(reversed(ratios)),
        image.GetDirection(),
        0.0,
        SimpleITK.sitkFloat32,
    )
    return np.clip(SimpleITK.GetArrayFromImage(zoomed), 0, 1)
