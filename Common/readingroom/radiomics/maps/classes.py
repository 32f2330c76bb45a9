"""Features of each class in the boxes of many voxels, by numpy; `compiled.maps` has the same by compiled loops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .. import gldm, glrlm, glszm
from ..gray_levels import Offset, direction_weights, directions
from ..region import Region
from ..settings import Settings
from . import glcm, things, tones
from . import values as first_order
from .mean_of_numbers import mean_of_numbers
from .neighborhoods import Neighborhoods
from .pairs import pairs_by_direction, pairs_together

Names = tuple[str, ...]
Found = dict[str, NDArray[np.float64]]


def _first_order(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    volume = float(np.prod(region.spacing))
    return first_order.features(boxes, volume, settings.voxel_shift, settings.ibsi, names)


def _glcm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    offsets = directions(settings.distances, settings.flat_axis)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=True)
    pairs = pairs_by_direction(boxes, offsets) if weights is None else pairs_together(boxes, offsets, weights)
    return glcm.features(pairs, settings.symmetrical_glcm, names, len(boxes.centers))


def _gldm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    offsets = directions(settings.distances, settings.flat_axis)
    measures = {gldm.NAMES[name] for name in names}
    found = things.dependences(boxes, offsets, settings.gldm_tolerance).measures(measures)
    return {name: found[gldm.NAMES[name]] for name in names}


def _glrlm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    offsets = _direct(settings)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=False)
    by_direction = (things.runs(boxes, offset) for offset in offsets)
    together = by_direction if weights is None else iter([things.runs_together(by_direction, weights)])
    measures = {glrlm.NAMES[name] for name in names}
    found = mean_of_numbers((each.measures(measures) for each in together), measures, len(boxes.centers))
    return {name: found[glrlm.NAMES[name]] for name in names}


def _glszm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    measures = {glszm.NAMES[name] for name in names}
    found = things.zones(boxes, _direct(settings)).measures(measures)
    return {name: found[glszm.NAMES[name]] for name in names}


def _ngtdm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    offsets = directions(settings.distances, settings.flat_axis)
    return tones.features(boxes, offsets, not settings.ibsi, names)


def _direct(settings: Settings) -> list[Offset]:
    return directions(flat_axis=settings.flat_axis)


MAPS: dict[str, Callable[[Neighborhoods, Region, Settings, Names], Found]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
