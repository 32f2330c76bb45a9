"""Radiomics features of a region, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import SimpleITK

from ..errors import InputError
from ..progress import Progress
from . import feature_classes, first_order, glcm, gldm, glrlm, glszm, image_types, ngtdm, shape, shape_2d
from .features import Features
from .gray_levels import (
    GrayLevels,
    direction_weights,
    directions,
    fixed_count,
    fixed_width,
    fixed_width_from,
    gray_levels,
)
from .memory import refuse_too_many_levels
from .prepare import Prepared, prepare
from .provenance import provenance
from .region import Region, bounding_box
from .settings import Settings

SHAPES = ("shape", "shape2D")


def measure(
    image: SimpleITK.Image,
    mask: SimpleITK.Image,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Features:
    """Measure the region of ``image`` that ``mask`` marks.

    Parameters
    ----------
    image : 2D or 3D gray values
    mask : labels on the same grid, 0 outside
    settings : what to measure and how; the 107 default features of PyRadiomics when left out
    progress : told before each feature class; ends the work when the user cancels

    Raises
    ------
    InputError : image or mask cannot be measured so; the sentence says why and what to do
    CancelledError : the user canceled

    Example
    -------
    >>> features = measure(SimpleITK.ReadImage("ct.nii.gz"), SimpleITK.ReadImage("tumor.nii.gz"))  # doctest: +SKIP
    >>> features.values["original_shape_Sphericity"]  # doctest: +SKIP
    0.53
    """
    settings = settings or Settings()
    progress = progress or Progress()
    progress(0.0, "Preparing the region.")
    prepared = prepare(image, mask, settings)
    values: dict[str, float] = {}
    notes = list(prepared.notes)
    if wanted := [feature_class for feature_class in SHAPES if feature_class in settings.features]:
        values |= _shapes(prepared, wanted, settings, progress.part(0.05, 0.3), notes)
    if any(feature_class not in SHAPES for feature_class in settings.features):
        values |= _images(prepared, settings, progress.part(0.3, 0.98), notes)
    rows = provenance(image, prepared, settings) if settings.provenance else {}
    progress(1.0, "The region is measured.")
    return Features(values, rows, tuple(notes))


def _shapes(
    prepared: Prepared, wanted: list[str], settings: Settings, progress: Progress, notes: list[str]
) -> dict[str, float]:
    # PyRadiomics cuts the shape off at the box of what the thresholds left.
    box = bounding_box(prepared.shape_mask) if settings.ibsi else prepared.box
    mask = prepared.shape_mask[box]
    values: dict[str, float] = {}
    for index, feature_class in enumerate(wanted):
        progress(index / len(wanted), f"Measuring {feature_classes.TITLES[feature_class]}.")
        if feature_class == "shape" and prepared.flat:
            notes.append("Shape in space was left out: the image is a single slice of two dimensions.")
            continue
        if feature_class == "shape2D":
            axis = 0 if prepared.flat else settings.force_2d_axis
            measured = _shape_in_slice(mask, prepared.spacing, axis, settings.force_2d or prepared.flat)
        else:
            measured = shape.features(mask, prepared.spacing, unbiased=settings.ibsi)
        values |= {f"original_{feature_class}_{name}": float(measured[name]) for name in settings.names(feature_class)}
    return values


def _shape_in_slice(mask: np.ndarray, spacing: tuple[float, float, float], axis: int, flat: bool) -> dict[str, float]:
    if not flat:
        raise InputError("Shape in the slice (shape2D) needs force2D in an image of three dimensions.")
    if mask.shape[axis] > 1:
        raise InputError(
            f"Shape in the slice (shape2D) needs a region of one slice; this one has {mask.shape[axis]} along axis "
            f"{axis} (force2Ddimension)."
        )
    in_slice = [length for other, length in enumerate(spacing) if other != axis]
    return shape_2d.features(mask.squeeze(axis), (in_slice[0], in_slice[1]))


def _images(prepared: Prepared, settings: Settings, progress: Progress, notes: list[str]) -> dict[str, float]:
    values: dict[str, float] = {}
    kinds = list(settings.image_types)
    for index, kind in enumerate(kinds):
        part = progress.part(index / len(kinds), (index + 1) / len(kinds))
        part(0.0, "Preparing the gray levels." if kind == "Original" else f"Filtering the image ({kind}).")
        its_settings = settings.of_image_type(kind)
        notes += image_types.unfiltered(prepared, kind, its_settings)
        count = _count(kind, its_settings, prepared.flat)
        for number, (name, image) in enumerate(image_types.images(prepared, kind, its_settings)):
            step = part.part(number / count, (number + 1) / count)
            region = prepared.region(image)
            values |= {f"{name}_{key}": value for key, value in _textures(region, its_settings, step, name).items()}
    return values


def _count(kind: str, settings: Settings, flat: bool) -> int:
    """How many images a type gives."""
    if kind == "LoG":
        return max(1, len(settings.sigma))
    if kind == "Wavelet":
        return ((4 if flat or settings.force_2d else 8) - 1) * settings.level + 1
    return 1


def _textures(region: Region, settings: Settings, progress: Progress, name: str) -> dict[str, float]:
    """First-order and texture features of one image, as ``glcm_Contrast``."""
    wanted = [feature_class for feature_class in settings.features if feature_class not in SHAPES]
    wanted.sort(key=feature_classes.DEFAULT.index)
    _refuse_constant(region, name)
    gray = _gray_levels(region, settings)
    values: dict[str, float] = {}
    for index, feature_class in enumerate(wanted):
        progress(index / len(wanted), f"Measuring {feature_classes.TITLES[feature_class]}{_of(name)}.")
        measured = _MEASURES[feature_class](region, gray, settings)
        values |= {f"{feature_class}_{feature}": float(measured[feature]) for feature in settings.names(feature_class)}
    return values


def _of(name: str) -> str:
    return "" if name == "original" else f" ({name})"


def _refuse_constant(region: Region, name: str) -> None:
    if name == "original" and region.values.min() == region.values.max():
        raise InputError(
            f"All {len(region.values)} voxels of the region have the same value ({region.values[0]:g}), so that it has "
            "no texture; ask for the shape alone, or check that the mask lies on this image."
        )


def _gray_levels(region: Region, settings: Settings) -> GrayLevels:
    values = region.values
    neighbors = directions(settings.distances, settings.flat_axis)
    refuse_too_many_levels(values, len(values), len(neighbors), settings)
    if settings.bin_count is not None:
        levels = fixed_count(values, settings.bin_count)
    elif settings.ibsi:
        levels = fixed_width_from(values, settings.bin_width, _first_edge(values, settings))
    else:
        levels = fixed_width(values, settings.bin_width)
    return gray_levels(levels, region.mask, margin=max(settings.distances))


def _first_edge(values: np.ndarray, settings: Settings) -> float:
    """Where the first bin begins by IBSI: at the lower threshold, or at the least value where there is none."""
    if settings.resegment_range is not None and settings.resegment_mode == "absolute":
        return float(min(settings.resegment_range))
    return float(values.min())


def _first_order(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    volume = math.prod(region.spacing)
    return first_order.features(region.values, gray.counts, volume, settings.voxel_shift, excess=settings.ibsi)


def _glcm(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    offsets = directions(settings.distances, settings.flat_axis)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=True)
    return glcm.features(gray, offsets, settings.symmetrical_glcm, weights)


def _gldm(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    return gldm.features(gray, directions(settings.distances, settings.flat_axis), settings.gldm_tolerance)


def _glrlm(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    offsets = directions(flat_axis=settings.flat_axis)
    return glrlm.features(
        gray, offsets, direction_weights(offsets, region.spacing, settings.weighting_norm, near=False)
    )


def _glszm(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    return glszm.features(gray, directions(flat_axis=settings.flat_axis))


def _ngtdm(region: Region, gray: GrayLevels, settings: Settings) -> dict[str, float]:
    return ngtdm.features(gray, settings.distances, settings.flat_axis, lonely=not settings.ibsi)


_MEASURES: dict[str, Callable[[Region, GrayLevels, Settings], dict[str, float]]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
