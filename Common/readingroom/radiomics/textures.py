"""First-order and texture features of several images of one region, which are measured at once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Progress
from . import feature_classes, first_order, glcm, gldm, glrlm, glszm, ngtdm
from .gray_levels import (
    GrayLevels,
    Offset,
    direction_weights,
    directions,
    firsts_of,
    fixed_count,
    fixed_width,
    fixed_width_from,
    gray_levels,
    one_behind_another,
)
from .matrices import Matrices
from .needs import NEEDS, refuse_too_large_matrices, refuse_too_many_bins
from .region import Region
from .settings import Settings
from .size_matrix import size_matrix

AT_ONCE = 1 << 18  # places of the region's box in all images that are measured at once: what fits a processor's cache

Names = tuple[str, ...]


@dataclass(frozen=True)
class Images:
    """Several images of one region.

    Parameters
    ----------
    regions : of each image, with one mask
    grays : their levels; None where no feature looks at them
    """

    regions: Sequence[Region]
    grays: Sequence[GrayLevels] | None
    matrices: Matrices
    settings: Settings

    @cached_property
    def together(self) -> GrayLevels:
        """The levels of all as if they were of one image."""
        return one_behind_another(self.levels)

    @property
    def levels(self) -> Sequence[GrayLevels]:
        assert self.grays is not None
        return self.grays

    @cached_property
    def firsts(self) -> list[int]:
        """Where in the matrices of all the rows of each image begin."""
        return firsts_of(self.levels)

    def offsets(self, distances: tuple[int, ...] = (1,)) -> list[Offset]:
        """Directions in which the region's box has room for a neighbor."""
        return [
            offset
            for offset in directions(distances, self.settings.flat_axis)
            if all(abs(step) < size for step, size in zip(offset, self.regions[0].mask.shape, strict=True))
        ]

    def weights(self, offsets: list[Offset], near: bool) -> NDArray[np.float64] | None:
        return direction_weights(offsets, self.regions[0].spacing, self.settings.weighting_norm, near)


def textures(
    regions: Mapping[str, Region], matrices: Matrices, settings: Settings, progress: Progress
) -> dict[str, float]:
    """First-order and texture features of images of one region, as ``wavelet-LLH_glcm_Contrast``.

    Parameters
    ----------
    regions : by the name of the image
    """
    asked = {
        feature_class: names
        for feature_class in _MEASURES
        if feature_class in settings.features and (names := settings.names(feature_class))
    }
    if "original" in regions and any(NEEDS[feature_class].neighbors for feature_class in asked):
        refuse_constant(regions["original"])
    grays = [_gray_levels(region, settings, asked) for region in regions.values()]
    with_levels = [gray for gray in grays if gray is not None]
    images = Images(list(regions.values()), with_levels or None, matrices, settings)
    found: dict[str, Mapping[str, Sequence[float] | NDArray[np.float64]]] = {}
    for index, (feature_class, names) in enumerate(asked.items()):
        progress(index / len(asked), f"Measuring {feature_classes.TITLES[feature_class]}{of_images(list(regions))}.")
        found[feature_class] = _MEASURES[feature_class](images, names)
    return {
        f"{name}_{feature_class}_{feature}": float(found[feature_class][feature][number])
        for number, name in enumerate(regions)
        for feature_class, names in asked.items()
        for feature in names
    }


def of_images(names: Sequence[str]) -> str:
    """What a sentence says of filtered images after the feature class."""
    if list(names) == ["original"]:
        return ""
    return f" ({names[0]})" if len(names) == 1 else f" ({names[0]} to {names[-1]})"


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


def _gray_levels(region: Region, settings: Settings, asked: Mapping[str, Names]) -> GrayLevels | None:
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


def _first_edge(values: NDArray, settings: Settings) -> float:
    """Where the first bin begins by IBSI: at the lower threshold, or at the least value where there is none."""
    if settings.resegment_range is not None and settings.resegment_mode == "absolute":
        return float(min(settings.resegment_range))
    return float(values.min())


Values = Mapping[str, Sequence[float] | NDArray[np.float64]]  # by feature, of each image


def _first_order(images: Images, names: Names) -> Values:
    settings, volume = images.settings, math.prod(images.regions[0].spacing)
    if len(images.regions) == 1:
        values = images.regions[0].values[None]
    else:
        values = np.stack([region.values.astype(np.float64) for region in images.regions])
    counts = None if images.grays is None else [gray.counts for gray in images.grays]
    return first_order.features(values, counts, volume, settings.voxel_shift, excess=settings.ibsi)


def _glcm(images: Images, names: Names) -> Values:
    settings = images.settings
    offsets = images.offsets(settings.distances)
    weights = images.weights(offsets, near=True)
    each = [
        glcm.features(images.matrices.cooccurrences(gray, offsets, settings.symmetrical_glcm), gray, weights, names)
        for gray in images.levels
    ]
    return {name: [found[name] for found in each] for name in names}


def _gldm(images: Images, names: Names) -> Values:
    settings = images.settings
    offsets = images.offsets(settings.distances)
    matrix = images.matrices.dependence_matrix(images.together, offsets, settings.gldm_tolerance)
    return gldm.features(dataclasses.replace(matrix, firsts=images.firsts))


def _glrlm(images: Images, names: Names) -> Values:
    offsets = [offset for offset in images.offsets() if glrlm.has_extent(images.levels[0], offset)]
    found = images.matrices.run_length_matrices(images.together, offsets)
    return glrlm.features(found, images.weights(offsets, near=False), images.firsts)


def _glszm(images: Images, names: Names) -> Values:
    ranks, sizes = images.matrices.zones(images.together, images.offsets())
    matrix = size_matrix(ranks, sizes, images.together.present)
    return glszm.features(dataclasses.replace(matrix, firsts=images.firsts))


def _ngtdm(images: Images, names: Names) -> Values:
    settings, matrices = images.settings, images.matrices
    each = [
        ngtdm.features(
            matrices.tone_differences(gray, settings.distances, settings.flat_axis, not settings.ibsi), names
        )
        for gray in images.levels
    ]
    return {name: [found[name] for found in each] for name in names}


_MEASURES: dict[str, Callable[[Images, Names], Values]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
