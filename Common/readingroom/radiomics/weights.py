"""Weights of directions in texture matrices that are added up (``weightingNorm``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gray_levels import Offset


def direction_weights(
    offsets: list[Offset], spacing: tuple[float, float, float], norm: str | None, near: bool
) -> NDArray[np.float64] | None:
    """A weight for each direction, or None when directions are not added up.

    Parameters
    ----------
    spacing : mm, ``(k, j, i)``
    norm : of the offset in mm: manhattan, euclidean, infinity; ``no_weighting`` gives ones
    near : weigh by ``exp(-length^2)``, as co-occurrences are; otherwise by the length, as runs are
    """
    if norm is None:
        return None
    steps = np.abs(np.array(offsets)) * np.asarray(spacing)
    if norm == "no_weighting":
        return np.ones(len(offsets))
    if norm == "infinity":
        length = steps.max(axis=1)
    elif norm == "euclidean":
        length = np.sqrt(np.sum(steps**2, axis=1))
    elif norm == "manhattan":
        length = steps.sum(axis=1)
    else:
        raise ValueError(f"no norm named {norm}")
    return np.exp(-(length**2)) if near else length
