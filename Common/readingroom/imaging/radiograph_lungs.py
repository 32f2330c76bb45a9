"""Both lungs on a frontal radiograph: told apart, in zones, and how wide the chest is between them.

The lungs are those of an outline that goes on behind the heart, from the spine to the ribs and down to the diaphragm.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .lung_zones import SIDES, THIRDS
from .lungs import Lungs
from .organ import Booleans, box

_EVEN = 0.15  # the smaller part's least share of the larger one, for both to be lungs


@dataclass(frozen=True)
class FilmZone:
    """A third of the height of a lung."""

    side: str  # of `SIDES`
    third: str  # of `THIRDS`

    @property
    def name(self) -> str:
        return f"{self.side}-{self.third}"

    @property
    def title(self) -> str:
        return f"{self.side.capitalize()} {self.third}"


ZONES = tuple(FilmZone(*words) for words in itertools.product(SIDES, THIRDS))


def part_lungs(both: Booleans, mirrored: bool = False) -> Lungs:
    """Right and left of a mask ``[j, i]`` of both lungs; a single part is the lung of the side where it lies.

    Parameters
    ----------
    mirrored : the patient's right is on the right of the picture
    """
    labels, count = ndimage.label(both)
    if not count:
        return Lungs(both, both)
    sizes = np.bincount(labels.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")[:2]
    large = [number + 1 for number in order if sizes[number] >= _EVEN * sizes[order[0]]]
    middles = sorted(center for _, center in ndimage.center_of_mass(both, labels, large))
    middle = sum(middles) / 2 if len(middles) == 2 else both.shape[1] / 2
    centers = [center for _, center in ndimage.center_of_mass(both, labels, range(1, count + 1))]
    on_left_of_picture = np.isin(labels, [number for number, at in enumerate(centers, start=1) if at < middle])
    return in_patient(on_left_of_picture, both & ~on_left_of_picture, mirrored)


def in_patient(left_of_picture: Booleans, right_of_picture: Booleans, mirrored: bool) -> Lungs:
    """The lungs as the patient has them, of the two on the picture."""
    return Lungs(right_of_picture, left_of_picture) if mirrored else Lungs(left_of_picture, right_of_picture)


def sums_by_zone(heat: NDArray[np.floating], lungs: Lungs) -> dict[FilmZone, float]:
    """The sum of a map ``[j, i]`` over each zone; the thirds divide each lung's own height on the picture."""
    return {
        FilmZone(side, third): float(rows.sum(dtype=np.float64))
        for side, lung in zip(SIDES, (lungs.right, lungs.left), strict=True)
        for third, rows in zip(THIRDS, _thirds(heat, lung), strict=True)
    }


def _thirds(heat: NDArray[np.floating], lung: Booleans) -> Iterator[NDArray[np.floating]]:
    """What the map adds up to on each row of a lung, third by third from the top."""
    if not lung.any():
        yield from np.zeros((len(THIRDS), 0), dtype=heat.dtype)
        return
    about = box(lung)
    rows = (heat[about] * lung[about]).sum(axis=1)
    ends = [len(rows) * third // 3 for third in range(4)]
    for start, stop in itertools.pairwise(ends):
        yield rows[start:stop]


def chest_columns(lungs: Lungs) -> tuple[int, int] | None:
    """Where the chest is widest inside the ribs: the columns at both ends, half-open; None where a lung is missing."""
    if not (lungs.right.any() and lungs.left.any()):
        return None
    held = np.flatnonzero(lungs.right.any(axis=0) | lungs.left.any(axis=0))
    return int(held[0]), int(held[-1]) + 1
