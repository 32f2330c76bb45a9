"""Features of a class in the boxes of many voxels, by compiled loops; `maps.classes` has the same by numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import gldm, glrlm, glszm
from ..gray_levels import Offset, direction_weights, directions
from ..maps.classes import Found, Names
from ..maps.neighborhoods import Neighborhoods
from ..region import Region
from ..settings import Settings
from . import dependences_boxes, glcm_boxes, glcm_sliding, runs_boxes, tones_boxes, values_boxes, zones_boxes
from .boxes import entropy_table, neighbor_places, padded_box, places_behind
from .size_measures import MEASURES, squares_of_sizes
from .sliding import first_and_last, room_along, slices


def _first_order(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    leaving, entering = first_and_last(around.sizes)
    out = np.empty((len(boxes.centers), len(values_boxes.NAMES)))
    values_boxes.values_of_boxes(
        around.flat_ranks,
        around.flat_values,
        len(around.present),
        boxes.corners,
        around.from_corner,
        around.from_corner[leaving],
        around.from_corner[entering],
        float(np.prod(region.spacing)),
        float(settings.voxel_shift),
        3.0 if settings.ibsi else 0.0,
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, values_boxes.NAMES, dict(zip(names, names, strict=True)))


def _glcm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    offsets = directions(settings.distances, settings.flat_axis)
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=True)
    out = np.empty((len(boxes.centers), len(glcm_boxes.NAMES)))
    few = boxes.around.present[-1] <= glcm_sliding.MOST_LEVELS
    if settings.symmetrical_glcm and weights is None and few:
        _slide(boxes, offsets, "MCC" in names, out)
    else:
        whole = weights is None or settings.weighting_norm == "no_weighting"
        _box_by_box(boxes, offsets, weights, whole, settings.symmetrical_glcm, "MCC" in names, out)
    return _named(out, glcm_boxes.NAMES, dict(zip(names, names, strict=True)))


def _slide(boxes: Neighborhoods, offsets: list[Offset], wants_mcc: bool, out: NDArray[np.float64]) -> None:
    around = boxes.around
    whole, leaving, entering = slices(around.sizes, tuple(offsets))
    glcm_sliding.glcm_of_sliding_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        whole.steps(around.from_corner),
        leaving.steps(around.from_corner),
        entering.steps(around.from_corner),
        entropy_table(2 * len(around.steps)),
        glcm_boxes.by_distance(int(around.present[-1])),
        wants_mcc,
        out,
    )


def _box_by_box(
    boxes: Neighborhoods,
    offsets: list[Offset],
    weights: NDArray[np.float64] | None,
    whole: bool,
    symmetrical: bool,
    wants_mcc: bool,
    out: NDArray[np.float64],
) -> None:
    around = boxes.around
    places = neighbor_places(around.sizes, tuple(offsets))
    if weights is None:
        first, of_pairs = places.first, np.ones(len(places.one))
    else:
        first, of_pairs = np.array([0, len(places.one)]), weights[places.direction]
    glcm_boxes.glcm_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        places.one,
        places.other,
        first,
        of_pairs,
        entropy_table(2 * len(places.one)) if whole else np.zeros(0),
        glcm_boxes.by_distance(int(around.present[-1])),
        symmetrical,
        wants_mcc,
        out,
    )


def _gldm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = directions(settings.distances, settings.flat_axis)
    padded = padded_box(around.sizes, tuple(offsets))
    out = np.empty((len(boxes.centers), len(MEASURES)))
    dependences_boxes.dependences_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        padded.at,
        padded.steps,
        padded.length,
        settings.gldm_tolerance,
        squares_of_sizes(2 * len(offsets) + 1),
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, MEASURES, {name: gldm.NAMES[name] for name in names})


def _glrlm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = around.with_room(directions(flat_axis=settings.flat_axis))
    weights = direction_weights(offsets, region.spacing, settings.weighting_norm, near=False)
    whole = weights is None or settings.weighting_norm == "no_weighting"
    out = np.empty((len(boxes.centers), len(MEASURES)))
    runs_boxes.runs_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        *first_and_last(around.sizes),
        around.steps_to(offsets),
        np.array([offset[2] < 0 for offset in offsets], dtype=bool),
        places_behind(around.sizes, tuple(offsets)),
        *room_along(around.sizes, tuple(offsets)),
        np.ones(len(offsets)) if weights is None else weights,
        weights is not None,
        squares_of_sizes(max(around.sizes)),
        entropy_table(len(around.steps) * len(offsets)) if whole else np.zeros(0),
        out,
    )
    return _named(out, MEASURES, {name: glrlm.NAMES[name] for name in names})


def _glszm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    offsets = around.with_room(directions(flat_axis=settings.flat_axis))
    behind = places_behind(around.sizes, tuple(offsets))
    out = np.empty((len(boxes.centers), len(MEASURES)))
    zones_boxes.zones_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        around.steps_to(offsets),
        behind,
        zones_boxes.masks_inside(behind),
        zones_boxes.one_of_each_group(tuple(offsets)),
        zones_boxes.lowest_bits(len(offsets)),
        squares_of_sizes(len(around.steps)),
        entropy_table(len(around.steps)),
        out,
    )
    return _named(out, MEASURES, {name: glszm.NAMES[name] for name in names})


def _ngtdm(boxes: Neighborhoods, region: Region, settings: Settings, names: Names) -> Found:
    around = boxes.around
    padded = padded_box(around.sizes, tuple(directions(settings.distances, settings.flat_axis)))
    out = np.empty((len(boxes.centers), len(tones_boxes.NAMES)))
    tones_boxes.tones_of_boxes(
        around.flat_ranks,
        around.levels,
        boxes.corners,
        around.from_corner,
        padded.at,
        padded.steps,
        padded.length,
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
