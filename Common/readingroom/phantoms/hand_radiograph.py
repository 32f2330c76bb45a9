"""A hand as a radiograph shows it: palm, forearm and five spread fingers with their bones, on a dark background."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage


def hand_radiograph(quarters: int = 0, seed: int = 0) -> NDArray[np.float64]:
    """The hand ``[j, i]``, 0 to 1, turned by so many quarters of a circle."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:512, :448] / 512
    soft, bone = np.zeros(x.shape), np.zeros(x.shape)

    def rod(start: ArrayLike, end: ArrayLike, radius: float) -> NDArray[np.float64]:
        start, along = np.asarray(start), np.subtract(end, start)
        part = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
        distance = np.hypot(x - start[0] - part * along[0], y - start[1] - part * along[1])
        return np.asarray(np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1)))

    soft = np.maximum(rod((0.44, 0.66), (0.44, 0.66001), 0.19), rod((0.44, 0.8), (0.44, 1.1), 0.13))
    for number, (angle, length) in enumerate(((-0.9, 0.34), (-0.33, 0.46), (-0.05, 0.5), (0.2, 0.46), (0.45, 0.4))):
        start = np.array([0.36 + 0.04 * number, 0.58])
        direction = np.array([np.sin(angle), -np.cos(angle)]) * length * random.uniform(0.95, 1)
        soft = np.maximum(soft, 0.8 * rod(start, start + direction, 0.045))
        for first, last in ((-0.25, 0.28), (0.34, 0.6), (0.65, 0.82), (0.86, 0.98)):
            bone = np.maximum(bone, rod(start + first * direction, start + last * direction, 0.024))
    gray = ndimage.gaussian_filter(0.05 + 0.4 * soft + 0.45 * bone, 1.5) + random.normal(0, 0.01, x.shape)
    return np.rot90(np.clip(gray, 0, 1), quarters)
