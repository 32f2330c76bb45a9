"""The box of a map's strongest region: an attention box, not a lesion outline.

Two rules, since the literature leaves the box undefined ("centered on the highest activation"): the connected part
around the hottest point, and a box of fixed size around that point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..reading import Box


def strongest_region(heat: np.ndarray, fraction: float = 0.5) -> Box | None:
    """Box of the connected region that holds the hottest point and is nowhere below ``fraction`` of its value.

    Neighbors touch by side, edge or corner. Other regions, however large, do not count.

    Parameters
    ----------
    heat : [j, i] or [k, j, i]; hot is important
    fraction : of the maximum, above 0 and up to 1

    Returns
    -------
    Half-open index ranges in [i, j(, k)] order; None for a map with nothing above 0

    Raises
    ------
    ValueError : a fraction out of range, or NaN in the map
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"A fraction of {fraction} is not above 0 and up to 1.")
    peak = _hottest(heat)
    if peak is None:
        return None
    hot = heat >= fraction * heat[peak]
    about = ndimage.find_objects(hot.view(np.uint8))[0]  # labels take time: only where there are any
    regions, _ = ndimage.label(hot[about], structure=np.ones((3,) * heat.ndim))
    own = regions[tuple(index - axis.start for index, axis in zip(peak, about, strict=True))]
    ranges = ndimage.find_objects((regions == own).view(np.uint8))[0]
    return _box([(axis.start + part.start, axis.start + part.stop) for axis, part in zip(about, ranges, strict=True)])


def centered_box(heat: np.ndarray, size: int | Sequence[int]) -> Box | None:
    """Box of fixed size centered on the hottest point and clipped to the picture (it gets smaller at the border).

    An even size has one more element before the point than after it. Of several equally hot points the first in array
    order counts.

    Parameters
    ----------
    heat : [j, i] or [k, j, i]; hot is important
    size : in elements, one number or one for each axis in [i, j(, k)] order

    Returns
    -------
    Half-open index ranges in [i, j(, k)] order; None for a map with nothing above 0

    Raises
    ------
    ValueError : a size below 1 or of the wrong length, or NaN in the map
    """
    sizes = [size] * heat.ndim if isinstance(size, int) else list(size)[::-1]
    if len(sizes) != heat.ndim or min(sizes) < 1:
        raise ValueError(f"A box of size {size} does not fit a map with {heat.ndim} axes.")
    peak = _hottest(heat)
    if peak is None:
        return None
    starts = [at - length // 2 for at, length in zip(peak, sizes, strict=True)]
    ranges = zip(starts, sizes, heat.shape, strict=True)
    return _box([(max(start, 0), min(start + length, end)) for start, length, end in ranges])


def _hottest(heat: np.ndarray) -> tuple[int, ...] | None:
    if not np.isfinite(heat).all():
        raise ValueError("The map holds NaN or infinity.")
    peak = tuple(int(at) for at in np.unravel_index(np.argmax(heat), heat.shape))
    return peak if heat[peak] > 0 else None


def _box(ranges: list[tuple[int, int]]) -> Box:
    """From ranges in array order to [i, j(, k)]."""
    return Box(start=tuple(a for a, _ in reversed(ranges)), stop=tuple(b for _, b in reversed(ranges)))
