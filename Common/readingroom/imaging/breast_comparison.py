"""One mammogram against another of the same view: the other breast, or the same breast in an earlier exam.

Both breasts are laid over each other by their outlines: from the chest wall to the nipple, and from the nipple up and
down to their ends. What is brighter than the other one there differs; whether it is anything is for a person to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from .breast import Breast, reduced

Gray = NDArray[np.float32]
Floats = NDArray[np.float64]

_LONGEST_SIDE = 400  # pixels of the pictures that are compared
_GRID = (192, 128)  # along the chest wall, and from it to the nipple
_SMOOTHING = 3.0  # cells of the grid: two compressions never lie on each other exactly
_DEVIATIONS = 3.0  # of the gray values of a breast, that count as the most that can differ
_RIM = 3  # cells at the skin that are left out


@dataclass(frozen=True)
class _Frame:
    """Where chest wall, nipple and both ends of a breast lie on a picture, in pixels."""

    chest_wall: float
    nipple: tuple[float, float]  # row and column
    top: float
    bottom: float

    def pixels(self, along: Floats, depth: Floats) -> tuple[Floats, Floats]:
        """Row and column of places: ``along`` from -1 (top) to 1 (bottom), ``depth`` from 0 (chest wall) to 1."""
        row, column = self.nipple
        rows = np.where(along < 0, row + along * (row - self.top), row + along * (self.bottom - row))
        return rows, self.chest_wall + depth * (column - self.chest_wall)

    def places(self, rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
        """The way back."""
        row, column = self.nipple
        above, below = max(row - self.top, 1.0), max(self.bottom - row, 1.0)
        along = np.where(rows < row, (rows - row) / above, (rows - row) / below)
        return along, (columns - self.chest_wall) / (column - self.chest_wall)


def brighter_places(gray: Gray, breast: Breast, other: Gray, other_breast: Breast) -> Gray:
    """How far each pixel ``[j, i]`` is brighter than the same place of another breast, 0 to 1; 0 outside of the breast.

    Gray values are compared in deviations of those of each breast, so that another exposure does not count.

    Returns
    -------
    float32 of the shape of ``gray``; 1 is 3 deviations or more
    """
    ours, inside, frame = _unfolded(gray, breast)
    theirs, held, _ = _unfolded(other, other_breast)
    both = ndimage.binary_erosion(inside & held, iterations=_RIM)
    found = np.where(both, np.clip((ours - theirs) / _DEVIATIONS, 0, 1), 0)
    small = reduced(gray, _LONGEST_SIDE)
    rows, columns = np.meshgrid(*(np.arange(size, dtype=float) for size in small.shape), indexing="ij")
    along, depth = frame.places(rows, columns)
    at = [(along + 1) / 2 * (_GRID[0] - 1), depth * (_GRID[1] - 1)]
    back = ndimage.map_coordinates(found, at, order=1, mode="constant").astype(np.float32)
    full = Image.fromarray(back).resize((gray.shape[1], gray.shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(np.clip(np.asarray(full), 0, 1) * breast.tissue, dtype=np.float32)


def _unfolded(gray: Gray, breast: Breast) -> tuple[Floats, NDArray[np.bool_], _Frame]:
    """Smoothed gray values on the common grid, in deviations from their median, where they are known, and the frame."""
    small = reduced(gray, _LONGEST_SIDE)
    tissue = reduced(breast.tissue.astype(np.float32), _LONGEST_SIDE)
    frame = _frame(reduced(breast.mask.astype(np.float32), _LONGEST_SIDE) > 0.5, breast.chest_wall)
    along, depth = np.meshgrid(np.linspace(-1, 1, _GRID[0]), np.linspace(0, 1, _GRID[1]), indexing="ij")
    at = list(frame.pixels(along, depth))
    values = ndimage.map_coordinates(small, at, order=1, mode="nearest").astype(float)
    inside = ndimage.map_coordinates(tissue, at, order=1, mode="constant") > 0.5
    if not inside.any():
        return np.zeros(_GRID), inside, frame
    middle = float(np.median(values[inside]))
    values = np.where(inside, (values - middle) / max(float(values[inside].std()), 1e-6), 0)
    weight = ndimage.gaussian_filter(inside.astype(float), _SMOOTHING)
    return ndimage.gaussian_filter(values, _SMOOTHING) / np.maximum(weight, 1e-3), inside, frame


def _frame(mask: NDArray[np.bool_], chest_wall: str) -> _Frame:
    held, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    first, last = (held[0], held[-1]) if chest_wall == "left" else (held[-1], held[0])
    step = max(1, round(0.03 * len(held)))
    tip = mask[:, last - step + 1 : last + 1] if chest_wall == "left" else mask[:, last : last + step]
    row = float(np.mean(np.flatnonzero(tip.any(axis=1))))
    return _Frame(float(first), (row, float(last)), float(rows[0]), float(rows[-1]))
