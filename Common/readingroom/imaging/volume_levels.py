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


def volume_levels(
    volume: SimpleITK.Image, preprocessing: Preprocessing, organ: Booleans | None, resize: Resize
) -> Gray:
    """``[k, j, i]`` gray levels from 0 to 1 of the slices, or of the volume, that a network reads.

    Slices are those in which the organ fills at least ``least_organ``. A volume whose ``spacing`` is given is cut or
    padded to the size about its center, else it is stretched or padded to it.

    Parameters
    ----------
    volume : stored values (HU for CT), in LPS
    organ : on the volume's grid; found when left out, where the organ is the lungs
    resize : brings a slice to (rows, columns), padded to their proportions or not

    Raises
    ------
    InputError : the organ is not found or fills too little, or nothing says how gray levels are made
    """
    if preprocessing.kind == "slices":
        return slice_levels(volume, preprocessing, organ, resize).levels
    image = _resampled(volume, preprocessing.spacing)
    voxels = SimpleITK.GetArrayFromImage(image)
    low, high = _limits(voxels, preprocessing)
    if preprocessing.least_organ or preprocessing.organ_crop:
        found = _found(image, preprocessing) if organ is None else _on_grid(organ, volume, image)
        kept = _kept(found, preprocessing)
        voxels = voxels[kept]
        if preprocessing.organ_crop:
            _, rows, columns = box(found[kept])
            voxels = voxels[:, rows, columns]
    gray = scaled(voxels, low, high)
    if preprocessing.spacing is not None:
        return _centered(gray, preprocessing.size)
    return _zoomed(gray, preprocessing.size, preprocessing.keep_aspect)


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
    low, high = _limits(voxels, preprocessing)
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


def _limits(values: Gray, preprocessing: Preprocessing) -> tuple[float, float]:
    if preprocessing.window is not None:
        center, width = preprocessing.window
        return center - width / 2, center + width / 2
    if preprocessing.percentiles is not None:
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


def _zoomed(gray: Gray, size: tuple[int, ...], keep_aspect: bool) -> Gray:
    """A volume of (slices, rows, columns): linear between voxels, smoothed where it shrinks."""
    if keep_aspect:
        factor = max(n / wanted for n, wanted in zip(gray.shape, size, strict=True))
        gray = _padded(gray, tuple(max(round(wanted * factor), n) for n, wanted in zip(gray.shape, size, strict=True)))
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


def _centered(gray: Gray, size: tuple[int, ...]) -> Gray:
    """Cut to the size about the center where larger, padded with black where smaller."""
    cut = tuple(
        slice(max((n - wanted) // 2, 0), max((n - wanted) // 2, 0) + wanted)
        for n, wanted in zip(gray.shape, size, strict=True)
    )
    return _padded(gray[cut], size)


def _padded(gray: Gray, size: tuple[int, ...]) -> Gray:
    missing = [wanted - n for n, wanted in zip(gray.shape, size, strict=True)]
    return np.pad(gray, [(lack // 2, lack - lack // 2) for lack in missing])
