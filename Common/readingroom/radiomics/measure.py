"""Radiomics features of a region, in one call."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import SimpleITK

from ..errors import InputError
from ..progress import Progress
from . import feature_classes, first_order, glcm, gldm, glrlm, glszm, image_names, image_types, ngtdm, shape, shape_2d
from .compiled import choice
from .features import Features
from .gray_levels import (
    GrayLevels,
    Offset,
    direction_weights,
    directions,
    fixed_count,
    fixed_width,
    fixed_width_from,
    gray_levels,
)
from .matrices import Matrices
from .needs import NEEDS, refuse_too_large_matrices, refuse_too_many_bins
from .prepare import Prepared, prepare, refuse_what_is_no_number
from .provenance import provenance
from .region import Region, bounding_box
from .settings import Settings


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
    notes = retired(settings)
    if wanted := [feature_class for feature_class in feature_classes.SHAPES if feature_class in settings.features]:
        values |= _shapes(prepared, wanted, settings, progress.part(0.05, 0.3), notes)
    if settings.gray_values:
        values |= _images(prepared, settings, progress.part(0.3, 0.98), notes)
    if not values:
        raise InputError(" ".join(notes) or "No feature was asked for.")
    rows = provenance(image, prepared, settings) if settings.provenance else {}
    progress(1.0, "The region is measured.")
    return Features(values, rows, (*prepared.notes, *notes))


def retired(settings: Settings) -> list[str]:
    """Sentences about features that PyRadiomics knows by name and gives nobody."""
    return [
        f"{name} of {feature_classes.TITLES[feature_class]} was left out: it is retired, being equal to {equal}."
        for feature_class, names in settings.features.items()
        for name, equal in feature_classes.RETIRED.get(feature_class, {}).items()
        if name in names
    ]


def _shapes(
    prepared: Prepared, wanted: list[str], settings: Settings, progress: Progress, notes: list[str]
) -> dict[str, float]:
    # PyRadiomics cuts the shape off at the box of what the thresholds left.
    box = bounding_box(prepared.shape_mask) if settings.ibsi else prepared.box
    mask = prepared.shape_mask[box]
    values: dict[str, float] = {}
    for index, feature_class in enumerate(wanted):
        progress(index / len(wanted), f"Measuring {feature_classes.TITLES[feature_class]}.")
        if reason := _no_shape(feature_class, mask, prepared.flat, settings):
            notes.append(reason)
            continue
        names = settings.names(feature_class)
        if feature_class == "shape2D":
            measured = _shape_in_slice(mask, prepared.spacing, 0 if prepared.flat else settings.force_2d_axis)
        else:
            measured = shape.features(mask, prepared.spacing, unbiased=settings.ibsi, names=names)
        values |= {f"original_{feature_class}_{name}": float(measured[name]) for name in names}
    return values


def _no_shape(feature_class: str, mask: np.ndarray, flat: bool, settings: Settings) -> str:
    """Why this shape cannot be measured; empty where it can."""
    if feature_class == "shape":
        return "Shape in space was left out: the image is a single slice of two dimensions." if flat else ""
    if flat:
        return ""
    if not settings.force_2d:
        return "Shape in the slice (shape2D) was left out: it needs force2D in an image of three dimensions."
    slices = mask.shape[settings.force_2d_axis]
    if slices > 1:
        return (
            f"Shape in the slice (shape2D) was left out: it needs a region of one slice; this one has {slices} along "
            f"axis {settings.force_2d_axis} (force2Ddimension)."
        )
    return ""


def _shape_in_slice(mask: np.ndarray, spacing: tuple[float, float, float], axis: int) -> dict[str, float]:
    in_slice = [length for other, length in enumerate(spacing) if other != axis]
    return shape_2d.features(mask.squeeze(axis), (in_slice[0], in_slice[1]))


def _images(prepared: Prepared, settings: Settings, progress: Progress, notes: list[str]) -> dict[str, float]:
    values: dict[str, float] = {}
    kinds, vanished = list(settings.image_types), list[str]()
    for index, kind in enumerate(kinds):
        part = progress.part(index / len(kinds), (index + 1) / len(kinds))
        part(0.0, "Preparing the gray levels." if kind == "Original" else f"Filtering the image ({kind}).")
        its_settings = settings.of_image_type(kind)
        if prepared.flat and its_settings.force_2d:
            its_settings = along_one_axis(its_settings, notes)
        notes += image_types.unfiltered(prepared, kind, its_settings)
        count = max(1, len(image_names.names(kind, its_settings, prepared.flat)))
        matrices = choice.matrices(count * int(np.count_nonzero(prepared.mask)), part)
        for number, (name, filtered) in enumerate(image_types.images(prepared, kind, its_settings)):
            step = part.part(number / count, (number + 1) / count)
            region = prepared.region(filtered)
            if kind == "LBP3D" and not np.isfinite(region.values).all():
                notes.append(f"{name} was left out: the image is flat around some voxels, and has no kurtosis there.")
                continue
            refuse_what_is_no_number(region.values, f"the filter ({name})")
            if kind != "Original" and vanishes(region, prepared.region()):
                vanished.append(name)
            found = _textures(region, matrices, its_settings, step, name)
            values |= {f"{name}_{key}": value for key, value in found.items()}
    if vanished:
        notes.append(
            f"Nothing is left of the image in the region but rounding errors, and the features mean nothing: "
            f"{', '.join(vanished)}."
        )
    return values


def vanishes(region: Region, unfiltered: Region) -> bool:
    """Whether a filter leaves no more than rounding errors, as a wavelet does along an axis of one voxel."""
    largest = float(np.abs(unfiltered.values.astype(np.float64)).max())
    rounding = 1e-5 if region.values.dtype == np.float32 else 1e-12
    return bool(np.abs(region.values).max() <= rounding * largest)


def along_one_axis(settings: Settings, notes: list[str]) -> Settings:
    """``force2D`` in a picture, whose axes PyRadiomics counts from its rows: one axis is left.

    Raises
    ------
    InputError : ``force2Ddimension`` is an axis that a picture does not have
    """
    if settings.force_2d_axis > 1:
        raise InputError("An image of two dimensions has the axes 0 and 1; force2Ddimension cannot be 2.")
    left = ("left and right", "above and below")[settings.force_2d_axis]
    note = (
        f"The image has two dimensions, so that with force2D, as in PyRadiomics, only neighbors {left} are looked at; "
        "leave force2D out for neighbors in all directions."
    )
    if note not in notes:
        notes.append(note)
    return dataclasses.replace(settings, force_2d_axis=settings.force_2d_axis + 1)


def _textures(
    region: Region, matrices: Matrices, settings: Settings, progress: Progress, name: str
) -> dict[str, float]:
    """First-order and texture features of one image, as ``glcm_Contrast``."""
    asked = {
        feature_class: names
        for feature_class in _MEASURES
        if feature_class in settings.features and (names := settings.names(feature_class))
    }
    if name == "original" and any(NEEDS[feature_class].neighbors for feature_class in asked):
        refuse_constant(region)
    gray = _gray_levels(region, settings, asked)
    values: dict[str, float] = {}
    for index, (feature_class, names) in enumerate(asked.items()):
        progress(index / len(asked), f"Measuring {feature_classes.TITLES[feature_class]}{of_image(name)}.")
        measured = _MEASURES[feature_class](region, gray, matrices, settings, names)
        values |= {f"{feature_class}_{feature}": float(measured[feature]) for feature in names}
    return values


def of_image(name: str) -> str:
    """What a sentence says of a filtered image after the feature class."""
    return "" if name == "original" else f" ({name})"


def refuse_constant(region: Region) -> None:
    """See that the region has a texture.

    Raises
    ------
    InputError : all its voxels have one value
    """
    if region.values.min() == region.values.max():
        raise InputError(
            f"All {len(region.values)} voxels of the region have the same value ({region.values[0]:g}), so that it has "
            "no texture; ask for shape and first-order statistics alone, or check that the mask lies on this image."
        )


def _gray_levels(region: Region, settings: Settings, asked: Mapping[str, tuple[str, ...]]) -> GrayLevels | None:
    """The levels that the features which are asked for look at; None where they look at values alone."""
    binned = [NEEDS[feature_class] for feature_class, names in asked.items() if NEEDS[feature_class].bins(names)]
    if not binned:
        return None
    values, longest = region.values, max(region.mask.shape)
    refuse_too_many_bins(values, settings)  # before the matrices, whose sentence would be about them
    refuse_too_large_matrices(values, 1, longest, asked, settings)
    gray = gray_levels_of(region, settings, margin=max(need.reach(settings) for need in binned))
    refuse_too_large_matrices(values, len(gray.present), longest, asked, settings)
    return gray


def gray_levels_of(region: Region, settings: Settings, margin: int = 0) -> GrayLevels:
    """The region's values sorted into bins as the settings say.

    Raises
    ------
    InputError : there would be more bins than memory has room for, or they cannot be told apart
    """
    values = region.values
    refuse_too_many_bins(values, settings)
    if settings.bin_count is not None:
        levels = fixed_count(values, settings.bin_count)
    elif settings.ibsi:
        levels = fixed_width_from(values, settings.bin_width, _first_edge(values, settings))
    else:
        levels = fixed_width(values, settings.bin_width)
    return gray_levels(levels, region.mask, margin)


def _first_edge(values: np.ndarray, settings: Settings) -> float:
    """Where the first bin begins by IBSI: at the lower threshold, or at the least value where there is none."""
    if settings.resegment_range is not None and settings.resegment_mode == "absolute":
        return float(min(settings.resegment_range))
    return float(values.min())


Names = tuple[str, ...]


def _first_order(
    region: Region, gray: GrayLevels | None, matrices: Matrices, settings: Settings, names: Names
) -> dict[str, float]:
    counts = None if gray is None else gray.counts
    volume = math.prod(region.spacing)
    return first_order.features(region.values, counts, volume, settings.voxel_shift, excess=settings.ibsi)


def _glcm(region: Region, gray: GrayLevels, matrices: Matrices, settings: Settings, names: Names) -> dict[str, float]:
    offsets = _offsets(region, settings, settings.distances)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=True)
    counts = matrices.cooccurrences(gray, offsets, settings.symmetrical_glcm)
    return glcm.features(counts, gray, weights, names)


def _gldm(region: Region, gray: GrayLevels, matrices: Matrices, settings: Settings, names: Names) -> dict[str, float]:
    offsets = _offsets(region, settings, settings.distances)
    return gldm.features(matrices.dependence_matrix(gray, offsets, settings.gldm_tolerance))


def _glrlm(region: Region, gray: GrayLevels, matrices: Matrices, settings: Settings, names: Names) -> dict[str, float]:
    offsets = [offset for offset in _offsets(region, settings) if glrlm.has_extent(gray, offset)]
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=False)
    return glrlm.features([matrices.run_length_matrix(gray, offset) for offset in offsets], weights)


def _glszm(region: Region, gray: GrayLevels, matrices: Matrices, settings: Settings, names: Names) -> dict[str, float]:
    return glszm.features(*matrices.zones(gray, _offsets(region, settings)), gray)


def _ngtdm(region: Region, gray: GrayLevels, matrices: Matrices, settings: Settings, names: Names) -> dict[str, float]:
    tones = matrices.tone_differences(gray, settings.distances, settings.flat_axis, not settings.ibsi)
    return ngtdm.features(tones, names)


def _offsets(region: Region, settings: Settings, distances: tuple[int, ...] = (1,)) -> list[Offset]:
    """Directions in which the region's box has room for a neighbor."""
    return [
        offset
        for offset in directions(distances, settings.flat_axis)
        if all(abs(step) < size for step, size in zip(offset, region.mask.shape, strict=True))
    ]


_MEASURES: dict[str, Callable[[Region, Any, Matrices, Settings, Names], dict[str, float]]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
