"""Feature maps of a region, in one call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ...errors import InputError
from ...progress import Progress
from .. import feature_classes, image_names, image_types
from ..compiled import choice
from ..gray_levels import gray_levels
from ..measure import along_one_axis, retired, vanishes
from ..needs import NEEDS
from ..prepare import Prepared, prepare, refuse_what_is_no_number
from ..region import Box, Region, widened, within
from ..settings import Settings
from ..textures import gray_levels_of, of_images, refuse_constant
from . import classes
from .classes import Names
from .neighborhoods import Surroundings


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """Maps by name, such as ``original_glcm_Contrast``, and what has to be said of them in plain sentences."""

    images: Mapping[str, SimpleITK.Image]
    notes: tuple[str, ...] = ()


def feature_maps(
    image: SimpleITK.Image,
    mask: SimpleITK.Image,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> FeatureMaps:
    """Each first-order and texture feature at each voxel of the region, measured in the box around the voxel.

    Parameters
    ----------
    image : 2D or 3D gray values
    mask : labels on the same grid, 0 outside
    settings : what to map and how; ``kernel_radius``, ``masked_kernel``, ``init_value`` and ``voxel_batch`` are about
        maps alone. All features but those of shape when left out
    progress : told before each batch of voxels; ends the work when the user cancels

    Raises
    ------
    InputError : as `measure`, or nothing but shape was asked for
    CancelledError : the user canceled

    Example
    -------
    >>> maps = feature_maps(image, mask, Settings(features={"glcm": ("Contrast",)}))  # doctest: +SKIP
    >>> SimpleITK.WriteImage(maps.images["original_glcm_Contrast"], "contrast.nrrd")  # doctest: +SKIP
    """
    notes: list[str] = []
    found = dict(each_feature_map(image, mask, settings or Settings(), progress or Progress(), notes.append))
    return FeatureMaps(found, tuple(notes))


def each_feature_map(
    image: SimpleITK.Image,
    mask: SimpleITK.Image,
    settings: Settings,
    progress: Progress,
    say: Callable[[str], None],
    features: Mapping[str, Mapping[str, Names]] | None = None,
) -> Iterator[tuple[str, SimpleITK.Image]]:
    """`feature_maps`, class by class, so that no more than the maps of one class are held in memory.

    A map has the box around the region with a margin of the kernel's radius, as PyRadiomics gives it, and
    ``init_value`` outside the region.

    Parameters
    ----------
    features : what is mapped of each image, by its name; None: of all images what the settings name
    """
    for note in retired(settings):
        say(note)
    if not _asked(settings):
        raise InputError("Maps are made of first-order and texture features; none of them was asked for.")
    progress(0.0, "Preparing the region.")
    prepared = prepare(image, mask, settings)
    for note in prepared.notes:
        say(note)
    kinds = list(settings.image_types)
    for index, kind in enumerate(kinds):
        part = progress.part(index / len(kinds), (index + 1) / len(kinds))
        part(0.0, "Preparing the gray levels." if kind == "Original" else f"Filtering the image ({kind}).")
        own, notes = settings.of_image_type(kind), list[str]()
        if prepared.flat and own.force_2d:
            own = along_one_axis(own, notes)
        for note in (*notes, *image_types.unfiltered(prepared, kind, own)):
            say(note)
        count = max(1, len(image_names.names(kind, own, prepared.flat)))
        box = widened(prepared.box, own.kernel_radius, prepared.mask.shape)
        for number, (name, filtered) in enumerate(image_types.images(prepared, kind, own, own.kernel_radius)):
            asked = _asked(own if features is None else dataclasses.replace(own, features=features.get(name, {})))
            if not asked:
                continue
            inside = filtered[within(prepared.box, box)]
            if kind == "LBP3D" and not np.isfinite(inside).all():
                say(f"{name} was left out: the image is flat around some voxels, and has no kurtosis there.")
                continue
            if kind != "Original" and vanishes(prepared.region(inside), prepared.region()):
                say(
                    f"Nothing is left of the image in the region but rounding errors, and the maps of {name} are noise."
                )
            yield from _of_image(
                prepared, filtered, box, name, own, asked, part.part(number / count, (number + 1) / count)
            )
    progress(1.0, "The maps are made.")


def _asked(settings: Settings) -> dict[str, Names]:
    """What is mapped: class by class the features that are asked for and can be."""
    asked = {name: settings.names(name) for name in settings.features if name not in feature_classes.SHAPES}
    return {name: names for name, names in asked.items() if names}


def _of_image(
    prepared: Prepared,
    values: NDArray,
    box: Box,
    name: str,
    settings: Settings,
    asked: Mapping[str, Names],
    progress: Progress,
) -> Iterator[tuple[str, SimpleITK.Image]]:
    k, j, i = box
    mask = prepared.mask[box]
    counted = mask if settings.masked_kernel else np.ones_like(mask)
    region = Region(values, counted, prepared.spacing)
    if not settings.masked_kernel and np.isfinite(values[mask]).all() and not np.isfinite(values).all():
        raise InputError(
            "The image has voxels without a value (NaN or infinite) around the region, and without maskedKernel they "
            "count; give them a value first, 0 for instance."
        )
    refuse_what_is_no_number(region.values, "" if name == "original" else f"the filter ({name})")
    if name == "original" and any(NEEDS[feature_class].neighbors for feature_class in asked):
        refuse_constant(region)
    around = _surroundings(region, mask, settings, asked)
    maps = choice.maps(len(around.centers) * len(around.steps), progress)
    grid = prepared.image[i, j, k]
    for index, (feature_class, names) in enumerate(asked.items()):
        part = progress.part(index / len(asked), (index + 1) / len(asked))
        sentence = f"Mapping {feature_classes.TITLES[feature_class]}{of_images([name])}."
        of_voxels = {feature: np.empty(len(around.centers)) for feature in names}
        done = 0
        for numbers, boxes in around.batches(settings.voxel_batch) if maps is classes.MAPS else around.rows():
            part(done / len(around.centers), sentence)
            for feature, found in maps[feature_class](boxes, region, settings, names).items():
                of_voxels[feature][numbers] = found
            done += len(numbers)
        for feature in names:
            array = np.full(mask.shape, float(settings.init_value))
            array[mask] = of_voxels.pop(feature)
            drawn = SimpleITK.GetImageFromArray(array)
            drawn.CopyInformation(grid)
            yield f"{name}_{feature_class}_{feature}", drawn[:, :, 0] if prepared.flat else drawn


def _surroundings(
    region: Region, mask: NDArray[np.bool_], settings: Settings, asked: Mapping[str, Names]
) -> Surroundings:
    reaches = [
        0 if axis == settings.flat_axis else min(settings.kernel_radius, size - 1)
        for axis, size in enumerate(mask.shape)
    ]
    if any(NEEDS[feature_class].bins(names) for feature_class, names in asked.items()):
        gray = gray_levels_of(region, settings)
    else:
        gray = gray_levels(np.ones(len(region.values), dtype=np.int64), region.mask, margin=0)
    kind = np.int16 if gray.highest < 1 << 14 else np.int32
    box = tuple(slice(gray.margin, gray.margin + size) for size in mask.shape)
    margins = [(reach, reach) for reach in reaches]
    ranks = np.pad(gray.padded[box].astype(kind), margins)
    centers = np.flatnonzero(np.pad(mask, margins))
    return Surroundings(
        ranks, gray.present, np.pad(region.image, margins), centers, (reaches[0], reaches[1], reaches[2])
    )
