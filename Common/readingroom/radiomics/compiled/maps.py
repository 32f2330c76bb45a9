"""Features of a class in the boxes of many voxels, by compiled loops; `maps.classes` has the same by numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import gldm, glrlm, glszm
from ..gray_levels import direction_weights, directions
from ..maps.classes import Found, Names
from ..maps.neighborhoods import Neighborhoods
from ..region import Region
from ..settings import Settings
from . import glcm_boxes, sizes_boxes, tones_boxes, values_boxes
from .boxes import entropy_table, neighbor_places, places_behind
from .size_measures import MEASURES, squares_of_sizes


def _first_order(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    out = np.empty((len(boxes.centers), len(values_boxes.NAMES)))
    values_boxes.values_of_boxes(
        around.flat_ranks,
        around.flat_values,
        len(around.present),
        boxes.centers,
        around.steps,
        float(np.prod(region.spacing)),
        float(settings.voxel_shift),
        3.0 if settings.ibsi else 0.0,
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, values_boxes.NAMES, dict(zip(names, names, strict=True)))


def _glcm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = directions(settings.distances, settings.flat_axis)
    places = neighbor_places(around.sizes, tuple(offsets))
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=True)
    if weights is None:
        first, of_pairs = places.first, np.ones(len(places.one))
    else:
        first, of_pairs = np.array([0, len(places.one)]), weights[places.direction]
    whole = weights is None or settings.weighting_norm == "no_weighting"
    out = np.empty((len(boxes.centers), len(glcm_boxes.NAMES)))
    glcm_boxes.glcm_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.centers,
        around.steps,
        places.one,
        places.other,
        first,
        of_pairs,
        entropy_table(2 * len(places.one)) if whole else np.zeros(0),
        glcm_boxes.by_distance(int(around.present[-1])),
        settings.symmetrical_glcm,
        "MCC" in names,
        out,
    )
    return _named(out, glcm_boxes.NAMES, dict(zip(names, names, strict=True)))


def _gldm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = directions(settings.distances, settings.flat_axis)
    places = neighbor_places(around.sizes, tuple(offsets))
    out = np.empty((len(boxes.centers), len(MEASURES)))
    sizes_boxes.dependences_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.centers,
        around.steps,
        places.one,
        places.other,
        2 * len(offsets) + 1,
        settings.gldm_tolerance,
        squares_of_sizes(2 * len(offsets) + 1),
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, MEASURES, {name: gldm.NAMES[name] for name in names})


def _glrlm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = directions(flat_axis=settings.flat_axis)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=False)
    whole = weights is None or settings.weighting_norm == "no_weighting"
    out = np.empty((len(boxes.centers), len(MEASURES)))
    sizes_boxes.runs_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.centers,
        around.steps,
        places_behind(around.sizes, tuple(offsets)),
        np.ones(len(offsets)) if weights is None else weights,
        weights is not None,
        max(around.sizes),
        squares_of_sizes(max(around.sizes)),
        entropy_table(len(around.steps) * len(offsets)) if whole else np.zeros(0),
        out,
    )
    return _named(out, MEASURES, {name: glrlm.NAMES[name] for name in names})


def _glszm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = directions(flat_axis=settings.flat_axis)
    out = np.empty((len(boxes.centers), len(MEASURES)))
    sizes_boxes.zones_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.centers,
        around.steps,
        places_behind(around.sizes, tuple(offsets)),
        squares_of_sizes(len(around.steps)),
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, MEASURES, {name: glszm.NAMES[name] for name in names})


def _ngtdm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    places = neighbor_places(around.sizes, tuple(directions(settings.distances, settings.flat_axis)))
    out = np.empty((len(boxes.centers), len(tones_boxes.NAMES)))
    tones_boxes.tones_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.centers,
        around.steps,
        places.one,
        places.other,
        not settings.ibsi,
        out,
    )
    return _named(out, tones_boxes.NAMES, dict(zip(names, names, strict=True)))


def _named(out: NDArray[np.float64], columns: Sequence[str], wanted: dict[str, str]) -> Found:
    return {name: out[:, columns.index(column)] for name, column in wanted.items()}


MAPS: dict[str, Callable[[Neighborhoods, Region, Settings, Names], Found]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
