"""The rows of a region; loops go through them one by one, so that a row and its neighbors are in a core's cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import GrayLevels, Offset
from .jit import compiled

Levels = NDArray[np.unsignedinteger]
Places = NDArray[np.int64]


def occupied(gray: GrayLevels) -> tuple[Places, int]:
    """Where the rows (along i, without the margin) begin that hold voxels of the region, and their width."""
    columns = gray.padded.shape[2]
    width = columns - 2 * gray.margin
    rows = np.arange(gray.margin, len(gray.flat), columns)
    return rows[_occupied(gray.flat, rows, width)], width


def steps(gray: GrayLevels, offsets: list[Offset]) -> Places:
    """How far each neighbor lies in `GrayLevels.flat`."""
    return np.array([gray.step(offset) for offset in offsets], dtype=np.int64)


@compiled
def _occupied(flat: Levels, rows: Places, width: int) -> NDArray[np.bool_]:
    found = np.zeros(len(rows), np.bool_)
    for number in range(len(rows)):
        any_level = flat[rows[number]]
        for level in flat[rows[number] : rows[number] + width]:
            any_level |= level
        found[number] = any_level > 0
    return found
