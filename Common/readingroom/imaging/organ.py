"""The box around an organ, and how much of it each slice holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Booleans = NDArray[np.bool_]


def box(mask: Booleans) -> tuple[slice, ...]:
    """The smallest box that holds all of a mask that is not empty."""
    others = [tuple(axis for axis in range(mask.ndim) if axis != own) for own in range(mask.ndim)]
    return tuple(_reach(np.asarray(mask.any(axis=across))) for across in others)


def _reach(held: Booleans) -> slice:
    return slice(int(held.argmax()), len(held) - int(held[::-1].argmax()))


def areas(mask: Booleans) -> NDArray[np.intp]:
    """How many voxels of a mask ``[k, j, i]`` lie on each slice."""
    return np.array([np.count_nonzero(slice_) for slice_ in mask], dtype=np.intp)  # ten times as fast as a sum


def evenly_spaced(candidates: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """``count`` of the candidates, from the first to the last; some more than once where there are too few."""
    return np.asarray(candidates[np.linspace(0, len(candidates) - 1, count).round().astype(np.intp)])
