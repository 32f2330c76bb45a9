"""The map of a chest CT inside the lungs, counted slice by slice: no second copy of a whole CT is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..explain.box import strongest_region
from ..imaging.between_slices import Heat
from ..imaging.lung_zones import ZONES
from ..reading import Box

_BOX_STEP = 2.5  # mm, within which the box of a map is found; the map itself is coarser by far


@dataclass(frozen=True, eq=False)
class MapInLungs:
    """How much of the lungs, and of each zone, the map calls suspicious, slice by slice.

    Parameters
    ----------
    zones : voxels of lung in each zone; number 0 is empty
    suspicious : of them, those that reach each level; (levels, zones)
    area, suspicious_area : voxels of lung on each slice, and of them those that reach the first level
    everywhere : voxels of the CT that reach the first level, in the lungs or not
    sums, peaks : of the map inside the lungs on each slice
    """

    zones: NDArray[np.intp]
    suspicious: NDArray[np.intp]
    area: NDArray[np.intp]
    suspicious_area: NDArray[np.intp]
    everywhere: int
    sums: NDArray[np.float64]
    peaks: NDArray[np.float32]


def map_in_lungs(heat: Heat, labels: NDArray[np.uint8], levels: tuple[float, ...]) -> MapInLungs:
    """Count a map.

    Parameters
    ----------
    heat : ``[k, j, i]``
    labels : zones of the lungs on the same grid, see `zone_labels`
    levels : rising
    """
    count, bins = len(heat), len(ZONES) + 1
    counts = np.zeros((count, len(levels) + 1, bins), dtype=np.intp)  # by how many levels are reached
    sums, peaks, everywhere = np.zeros(count), np.zeros(count, dtype=np.float32), 0
    for k, (map_, zone) in enumerate(zip(heat, labels, strict=True)):
        everywhere += int(np.count_nonzero(map_ >= levels[0]))
        inside = zone > 0
        values, numbers = map_[inside], zone[inside]
        if not len(values):
            continue
        for level in levels:
            numbers += np.uint8(bins) * (values >= level)
        counts[k] = np.bincount(numbers, minlength=counts[k].size).reshape(counts[k].shape)
        sums[k], peaks[k] = values.sum(), values.max()
    reached = counts[:, ::-1].cumsum(axis=1)[:, ::-1]  # at least so many levels
    return MapInLungs(
        reached[:, 0].sum(axis=0),
        reached[:, 1:].sum(axis=0),
        reached[:, 0].sum(axis=1),
        reached[:, 1].sum(axis=1),
        everywhere,
        sums,
        peaks,
    )


def box_of_map(
    heat: Heat, labels: NDArray[np.uint8], found: MapInLungs, spacing: tuple[float, ...], fraction: float
) -> Box | None:
    """The box of the map's strongest region in the lungs, on every so many rows and columns about its hottest point."""
    k = int(found.peaks.argmax())
    peak = np.unravel_index(int(np.where(labels[k] > 0, heat[k], 0).argmax()), heat[k].shape)
    steps = [max(round(_BOX_STEP / step), 1) for step in spacing[1:]]
    first = [int(at) % step for at, step in zip(peak, steps, strict=True)]
    rows, columns = (slice(start, None, step) for start, step in zip(first, steps, strict=True))
    region = strongest_region(np.where(labels[:, rows, columns] > 0, heat[:, rows, columns], 0), fraction)
    if region is None:
        return None
    offsets, factors = (first[1], first[0], 0), (steps[1], steps[0], 1)
    sides = list(zip(region.start, region.stop, offsets, factors, strict=True))
    return Box(
        tuple(start * factor + offset for start, _, offset, factor in sides),
        tuple((stop - 1) * factor + offset + 1 for _, stop, offset, factor in sides),
    )
