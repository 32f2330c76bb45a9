"""Whether a frontal chest is in a picture, which way up, and whether light and dark are swapped.

A coarse mean of frontal chest radiographs (24 x 24 pixels: two dark lungs, a bright mediastinum, a bright abdomen) is
laid over 76 windows of the picture, and the best correlation is kept, for the picture as it is, inverted, and turned.
The mean comes from radiographs of the NIH Clinical Center's ChestX-ray14 (Wang et al., CVPR 2017; no restrictions on
use); `fit_chest_template.py` makes it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..metrics.binary import Floats

FILE = Path(__file__).with_name("chest_template.json")
_SIDE = 48  # of the square that the whole picture is drawn into
_TEMPLATE_SIDE = 24
_SIZES = (48, 42, 36, 30)  # of the windows; collimated pictures have wide frames
_LARGEST_ASPECT = 1.35


@dataclass(frozen=True)
class EachWayUp:
    """How much a picture is like a frontal chest: its best correlation with the template, or its likeness.

    Parameters
    ----------
    upright : as the picture is
    inverted : with light and dark swapped
    upside_down, sideways : turned by half and by a quarter (either way)
    turned_inverted : turned in any of these ways, with light and dark swapped
    """

    upright: float
    inverted: float
    upside_down: float
    sideways: float
    turned_inverted: float

    @property
    def otherwise(self) -> float:
        """The best but as the picture is."""
        return max(self.inverted, self.upside_down, self.sideways, self.turned_inverted)

    @property
    def best(self) -> float:
        """The best of all."""
        return max(self.upright, self.otherwise)


def match_chest(picture: Floats) -> EachWayUp:
    """The best correlations, -1 to 1, of ``picture`` ``[j, i]``, gray 0 to 1, bone bright, of any size."""
    whole = square(picture)
    ends = [_best(np.rot90(whole, quarter), _template()) for quarter in range(4)]
    (upright, inverted), (left, left_inverted), (down, down_inverted), (right, right_inverted) = ends
    turned_inverted = max(left_inverted, down_inverted, right_inverted)
    return EachWayUp(upright, inverted, down, max(left, right), turned_inverted)


def fit_template(pictures: Iterable[Floats], rounds: int = 4) -> Floats:
    """The mean of the best windows of ``pictures``, found anew in each round from the mean of the round before."""
    squares = np.stack([square(picture) for picture in pictures])
    template = _windows(squares.mean(axis=0))[0]
    for _ in range(rounds):
        best = []
        for one in squares:
            windows = _windows(one)
            best.append(windows[np.tensordot(windows, template, 2).argmax()])
        template = _standardized(np.mean(best, axis=0))
    return template


def _best(whole: Floats, template: Floats) -> tuple[float, float]:
    """The best correlation of any window, and the best with light and dark swapped."""
    correlations = np.tensordot(_windows(whole), template, 2)
    return float(correlations.max()), float(-correlations.min())


def square(picture: Floats) -> Floats:
    """The whole picture, of any size, drawn into a square of 48 x 48 pixels."""
    image = Image.fromarray(np.ascontiguousarray(picture, dtype=np.float32))
    return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)


def _windows(square: Floats) -> Floats:
    """Windows of the square, averaged down to the template's size: (windows, 24, 24), mean 0 and norm 1."""
    rows, columns = _averaging()
    return _standardized(rows @ square @ columns)


def _standardized(windows: Floats) -> Floats:
    centered = windows - windows.mean(axis=(-2, -1), keepdims=True)
    norms = np.sqrt((centered**2).sum(axis=(-2, -1), keepdims=True))
    return np.asarray(centered / np.maximum(norms, 1e-9))


@functools.cache
def _averaging() -> tuple[NDArray, NDArray]:
    """Matrices that cut and average rows (windows, 24, 48) and columns (windows, 48, 24)."""
    rows, columns = [], []
    for height in _SIZES:
        for width in _SIZES:
            if max(height / width, width / height) > _LARGEST_ASPECT:
                continue
            for top in sorted({0, (_SIDE - height) // 2, _SIDE - height}):
                for left in sorted({0, (_SIDE - width) // 2, _SIDE - width}):
                    rows.append(_area_average(top, height))
                    columns.append(_area_average(left, width).T)
    return np.stack(rows), np.stack(columns)


def _area_average(start: int, length: int) -> Floats:
    """(24, 48): row n averages its share of ``start`` to ``start + length``."""
    edges = start + np.arange(_TEMPLATE_SIDE + 1) * length / _TEMPLATE_SIDE
    pixels = np.arange(_SIDE)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.maximum(overlap, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@functools.cache
def _template() -> Floats:
    return _standardized(np.asarray(json.loads(FILE.read_text())["template"], dtype=np.float64))
