"""Eight parts of a liver by the shape of its mask alone: four wedges around the hilum, an upper and a lower half each.

They are geometric. Couinaud's segments follow the portal and hepatic veins, which a mask does not show, and no part
here is one of them. All parts hold the same volume, so that what is taken away with one can be held against another.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from .organ import Booleans, box

Floats = NDArray[np.float64]

_STEP = 5.0  # mm, of the grid on which hollow and hilum are looked for
_LEAST_HOLLOW = 0.01  # of the liver
_WEDGES, _HALVES = 4, ("upper", "lower")


@dataclass(frozen=True)
class Sector:
    """One of the `SECTORS`: wedge 1 lies furthest to the patient's right, and 4 furthest to the left."""

    wedge: int
    half: str  # "upper" or "lower"

    @property
    def name(self) -> str:
        return f"wedge-{self.wedge}-{self.half}"

    @property
    def title(self) -> str:
        side = {1: " (rightmost)", _WEDGES: " (leftmost)"}.get(self.wedge, "")
        return f"Wedge {self.wedge}{side}, {self.half}"


SECTORS = tuple(Sector(*pair) for pair in itertools.product(range(1, _WEDGES + 1), _HALVES))


def sector_labels(liver: Booleans, spacing: tuple[float, float, float]) -> NDArray[np.uint8]:
    """``[k, j, i]``: 0 outside of the liver, else one more than the sector's place in `SECTORS`.

    Up and down, and the plane of the wedges, follow the liver's own axes (of its second moments), not the scanner's.

    Parameters
    ----------
    liver : with at least one voxel; k to the head, j to the back, i to the patient's left
    spacing : of k, j and i in mm
    """
    labels = np.zeros(liver.shape, dtype=np.uint8)
    about = box(liver)
    places = np.argwhere(liver[about]) * np.asarray(spacing)
    own = places @ own_axes(places).T  # height, depth and side of each voxel, mm
    around = own - hilum(liver[about], spacing) @ own_axes(places).T
    wedge = _quantile(_turned(around[:, 1:]), _WEDGES)
    half = np.zeros(len(own), dtype=np.intp)
    for number in range(_WEDGES):
        inside = wedge == number
        half[inside] = 1 - _quantile(own[inside, 0], len(_HALVES))
    labels[about][liver[about]] = 1 + len(_HALVES) * wedge + half
    return labels


def own_axes(places: Floats) -> Floats:
    """The axes (3, 3) of points (n, 3) of k, j, i in mm: unit vectors that run most to the head, back and left."""
    centered = places - places.mean(axis=0)
    vectors = np.linalg.eigh(centered.T @ centered)[1].T
    order = max(itertools.permutations(range(3)), key=lambda way: float(np.abs(vectors[list(way)].diagonal()).sum()))
    chosen = vectors[list(order)]
    return np.asarray(chosen * np.where(chosen.diagonal() < 0, -1.0, 1.0)[:, None])


def hilum(liver: Booleans, spacing: tuple[float, float, float]) -> Floats:
    """About where vessels enter, (3,) of k, j, i in mm from the first voxel: the middle of the liver's hollow side.

    That is what lies within its convex hull and not in it, in its lower half and to the left of its middle. A liver
    without a hollow has its middle instead.
    """
    factors = [max(round(_STEP / step), 1) for step in spacing]
    coarse = liver[tuple(slice(None, None, factor) for factor in factors)]
    steps = np.asarray(spacing) * factors
    held = np.argwhere(coarse) * steps
    middle = np.asarray((np.argwhere(liver) * np.asarray(spacing)).mean(axis=0))
    if len(held) < 4 or np.linalg.matrix_rank(held - held[0]) < 3:
        return middle
    empty = np.argwhere(~coarse) * steps
    empty = empty[(empty[:, 0] <= middle[0]) & (empty[:, 2] >= middle[2])]
    equations = ConvexHull(held).equations
    inside = np.ones(len(empty), dtype=bool)
    for *normal, offset in equations:  # one after the other: all at once would take memory for thousands of facets
        inside[inside] = empty[inside] @ np.asarray(normal) + offset <= 0
    if np.count_nonzero(inside) < _LEAST_HOLLOW * len(held):
        return middle
    return np.asarray(empty[inside].mean(axis=0))


def _turned(around: Floats) -> Floats:
    """Angles of points (n, 2) of depth and side around the hilum, from the middle of all, rising from right to left."""
    depth, side = around.T
    middle = np.arctan2(depth.mean(), side.mean())
    angles = (np.arctan2(depth, side) - middle + np.pi) % (2 * np.pi) - np.pi
    return angles if np.mean(angles * (side - side.mean())) >= 0 else -angles


def _quantile(values: Floats, parts: int) -> NDArray[np.intp]:
    """Which of so many parts of the same size each value falls into, the lowest first; equal values by their order."""
    ranks = np.empty(len(values), dtype=np.intp)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return np.asarray(ranks * parts // max(len(values), 1))
