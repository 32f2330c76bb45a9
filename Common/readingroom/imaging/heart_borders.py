"""How wide the heart is on a frontal radiograph: its borders against both lungs, without a network.

In each lung the border is the path from row to row, in the lung's lower half, along which the picture darkens most from
the spine outward (dynamic programming). Rows just above the diaphragm are left out: there the darkening is that of the
diaphragm. Where pneumonia or an effusion hides a border, the path follows something else; ``docs/results.md`` says how
far the width is from that which was measured by hand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .blocks import block_means, block_middles
from .lungs import Lungs
from .organ import Booleans

_SIDE = 256  # pixels of the longer side on which the borders are looked for
_SOFT = 1.5  # of those pixels: the standard deviation of the smoothing
_FROM = 0.55  # of a lung's height, from its top
_STEP, _PRICE = 3, 0.15  # pixels that the path may move from row to row, and what each costs in units of the darkening
_AWAY = 0.2  # what a row costs at the far end of its lung, in the same units: the nearer of two borders is the heart's
_REACH = 0.85  # of a lung's width, from the spine: beyond are the ribs
_OFF_SPINE = 0.25  # of a lung's width: rows whose lung begins further out lie beside the diaphragm
_ABOVE_DIAPHRAGM = 0.05  # of a lung's height
_FEWEST = 10  # rows
_LEAST_SHOWN = 0.8  # of the darkening, on average along the path: below, the border is hidden or lies at the ribs
_EXTREME = 3  # percent of the rows that may lie further out


def heart_columns(gray: NDArray[np.floating], lungs: Lungs) -> tuple[float, float] | None:
    """The columns between which the heart lies; None where a border cannot be followed.

    Parameters
    ----------
    gray : ``[j, i]``, 0 to 1, bone bright
    lungs : on the same grid, with the part behind the heart
    """
    step = -(-max(gray.shape) // _SIDE)
    small = block_means(np.asarray(gray, dtype=np.float32), step).astype(np.float64)
    middles = np.ix_(*block_middles((gray.shape[0], gray.shape[1]), step))
    sides = [lung[middles] for lung in (lungs.right, lungs.left)]
    if not all(side.any() for side in sides):
        return None
    sides.sort(key=lambda side: float(np.flatnonzero(side.any(axis=0)).mean()))
    darkening = -ndimage.gaussian_filter(small, _SOFT, order=(0, 1))
    first = _border(-darkening[:, ::-1], sides[0][:, ::-1])
    last = _border(darkening, sides[1])
    if first is None or last is None:
        return None
    low = small.shape[1] - 1 - float(np.percentile(first, 100 - _EXTREME))
    high = float(np.percentile(last, 100 - _EXTREME))
    return ((low + 0.5) * step, (high + 0.5) * step) if low < high else None


def _border(darkening: NDArray[np.float64], lung: Booleans) -> NDArray[np.intp] | None:
    """The column of the border in each row that tells; the lung lies to the right of the spine.

    Parameters
    ----------
    darkening : ``[j, i]``, how much darker the picture becomes from left to right
    """
    held = np.flatnonzero(lung.any(axis=1))
    top, height = int(held[0]), int(held[-1]) + 1 - int(held[0])
    begin, end = lung.argmax(axis=1), lung.shape[1] - lung[:, ::-1].argmax(axis=1)
    about = held[(held >= top + 0.3 * height) & (held < top + 0.7 * height)]
    lower = held[held >= top + _FROM * height]
    if not (len(about) and len(lower)):
        return None
    spine, width = np.median(begin[about]), np.median((end - begin)[about])
    rows = lower[begin[lower] <= spine + _OFF_SPINE * width]
    if len(rows) < _FEWEST:
        return None
    columns = np.arange(lung.shape[1])
    start = np.minimum(begin[rows], spine)[:, None]
    away = (columns - start) / np.maximum(end[rows, None] - start, 1)
    inside = (away >= 0) & (away <= _REACH)
    strength = darkening[rows]
    scale = float(np.percentile(strength[inside], 98))
    if scale <= 0:
        return None
    costs = np.where(inside, _AWAY * away - np.maximum(strength, 0) / scale, np.inf)
    path = _cheapest_path(costs)
    if -costs[np.arange(len(path)), path].mean() < _LEAST_SHOWN:
        return None
    bottom = lung.shape[0] - 1 - lung[::-1].argmax(axis=0)  # of each column of the lung
    telling = bottom[path] - rows >= _ABOVE_DIAPHRAGM * height
    return path[telling] if np.count_nonzero(telling) >= _FEWEST else None


def _cheapest_path(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """A column for each row of ``costs``, whose sum is the least."""
    count, width = costs.shape
    moves = np.arange(-_STEP, _STEP + 1)
    before = np.arange(width)[None, :] - moves[:, None]  # the column in the row above, for each move
    total, chosen = costs[0], np.zeros((count, width), dtype=np.intp)
    for row in range(1, count):
        above = np.where((before >= 0) & (before < width), total[np.clip(before, 0, width - 1)], np.inf)
        above = above + _PRICE * np.abs(moves)[:, None]
        chosen[row] = above.argmin(axis=0)
        total = costs[row] + above.min(axis=0)
    path = np.empty(count, dtype=np.intp)
    path[-1] = int(total.argmin())
    for row in range(count - 1, 0, -1):
        path[row - 1] = path[row] - moves[chosen[row, path[row]]]
    return path
