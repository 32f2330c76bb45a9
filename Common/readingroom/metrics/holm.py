"""Several tests at once: Holm's step-down correction (Scandinavian Journal of Statistics 1979)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def holm(p_values: ArrayLike) -> tuple[float, ...]:
    """Adjusted p-values in the given order: below 0.05 in each, the chance of any false claim is at most 5 %.

    scipy has only the correction of the false discovery rate, which allows false claims.

    Raises
    ------
    ValueError : something that is no p-value
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must be a list of numbers between 0 and 1.")
    order = np.argsort(values, kind="stable")
    steps = np.minimum(1, values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty(values.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return tuple(float(p) for p in adjusted)
