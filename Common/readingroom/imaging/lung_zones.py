"""Twelve zones of the lungs: side, third of the height, and how near to the surface. No lobes are invented.

The thirds divide each lung's own height on the image; the peripheral shell is what lies within 15 mm of the lung's
surface, pleura at the mediastinum included.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..parallel import side_by_side
from .lungs import Lungs
from .nearness import near
from .organ import Booleans, box

SIDES = ("right", "left")
THIRDS = ("upper", "middle", "lower")
SHELLS = ("central", "peripheral")

PERIPHERAL_MM = 15.0
_STEP = 2.5  # mm, of the grid on which distances are measured


@dataclass(frozen=True)
class Zone:
    """One of the `ZONES`."""

    side: str  # of `SIDES`
    third: str  # of `THIRDS`
    shell: str  # of `SHELLS`

    @property
    def name(self) -> str:
        return f"{self.side}-{self.third}-{self.shell}"

    @property
    def title(self) -> str:
        return f"{self.side.capitalize()} {self.third}, {self.shell}"


ZONES = tuple(Zone(*words) for words in itertools.product(SIDES, THIRDS, SHELLS))


def zone_labels(lungs: Lungs, spacing: tuple[float, float, float]) -> NDArray[np.uint8]:
    """``[k, j, i]``: 0 outside of the lungs, else one more than the zone's place in `ZONES`.

    Parameters
    ----------
    spacing : of k, j and i in mm; ``k`` runs to the head
    """
    labels = np.zeros(lungs.right.shape, dtype=np.uint8)
    side_by_side(lambda: _label(lungs.right, 1, spacing, labels), lambda: _label(lungs.left, 7, spacing, labels))
    return labels


def _label(lung: Booleans, first: int, spacing: tuple[float, float, float], labels: NDArray[np.uint8]) -> None:
    """Write the zones of a lung, of which the upper central one has the number ``first``."""
    if not lung.any():
        return
    about = box(lung)
    part = lung[about]
    # of the height from the top: 0 upper, 1 middle, 2 lower
    third = 2 - np.arange(part.shape[0]) * 3 // part.shape[0]
    numbers = (first + 2 * third).astype(np.uint8)[:, None, None]
    np.add(numbers, _near_surface(part, PERIPHERAL_MM, spacing), out=labels[about], where=part)


def _near_surface(lung: Booleans, depth: float, spacing: tuple[float, float, float]) -> Booleans:
    """What lies within ``depth`` mm of the surface, measured on voxels of about 2.5 mm."""
    factors = [max(round(_STEP / step), 1) for step in spacing]
    coarse = lung[tuple(slice(None, None, factor) for factor in factors)]
    steps = [factor * step for factor, step in zip(factors, spacing, strict=True)]
    shallow = near(np.pad(~coarse, 1, constant_values=True), steps, depth)[1:-1, 1:-1, 1:-1]
    for axis, (size, factor) in enumerate(zip(lung.shape, factors, strict=True)):
        shallow = shallow.repeat(factor, axis)[(slice(None),) * axis + (slice(size),)]
    return shallow
