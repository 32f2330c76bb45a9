"""Radiomics features of a region, in one call."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import SimpleITK

from ..errors import InputError
from ..progress import Progress
from . import feature_classes, image_names, image_types, shape, shape_2d
from .compiled import choice
from .features import Features
from .prepare import Prepared, prepare, refuse_what_is_no_number
from .provenance import provenance
from .region import Region
from .settings import Settings
from .textures import AT_ONCE, textures


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
    box = prepared.shape_mask.box if settings.ibsi else prepared.box
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
        matrices = choice.matrices(count * prepared.mask.voxels, part)
        for number, regions in _some_at_once(_regions(prepared, kind, its_settings, notes, vanished)):
            step = part.part((number - len(regions)) / count, number / count)
            values |= textures(regions, matrices, its_settings, step)
    if vanished:
        notes.append(
            f"Nothing is left of the image in the region but rounding errors, and the features mean nothing: "
            f"{', '.join(vanished)}."
        )
    return values


def _regions(
    prepared: Prepared, kind: str, settings: Settings, notes: list[str], vanished: list[str]
) -> Iterator[tuple[str, Region]]:
    """The region of each image of one type by its name, and what has to be said of them."""
    unfiltered = prepared.region()
    for name, filtered in image_types.images(prepared, kind, settings):
        region = prepared.region(filtered)
        if kind == "LBP3D" and not np.isfinite(region.values).all():
            notes.append(f"{name} was left out: the image is flat around some voxels, and has no kurtosis there.")
            continue
        refuse_what_is_no_number(region.values, f"the filter ({name})")
        if kind != "Original" and vanishes(region, unfiltered):
            vanished.append(name)
        yield name, region


def _some_at_once(regions: Iterator[tuple[str, Region]]) -> Iterator[tuple[int, dict[str, Region]]]:
    """The regions of images in groups that are measured at once, and how many images came by then."""
    group: dict[str, Region] = {}
    number = 0
    for number, (name, region) in enumerate(regions, start=1):
        group[name] = region
        if (len(group) + 1) * region.mask.size > AT_ONCE:
            yield number, group
            group = {}
    if group:
        yield number, group


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
