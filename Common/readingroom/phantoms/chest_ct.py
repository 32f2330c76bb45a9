"""A slab of a chest CT that belongs to nobody: chest wall, lungs with vessels, mediastinum, spine, and a tumor.

Shapes are simple and the noise is smooth, so that features of its regions have plausible sizes. It is plausible to an
eye at a distance, not to a radiologist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

_AIR, _LUNG, _FAT, _SOFT, _BONE = -1000.0, -850.0, -100.0, 40.0, 350.0  # HU
_WIDTH, _DEPTH = 360.0, 260.0  # of the body in mm


@dataclass(frozen=True)
class ChestCT:
    """The phantom: ``pixels`` in HU, int16 ``[k, j, i]``, and masks of the same shape. ``spacing`` is k, j, i in mm.

    ``i`` runs to the patient's left, ``j`` to the back, ``k`` to the head.
    """

    pixels: NDArray[np.int16]
    tumor: Mask
    right_lung: Mask
    left_lung: Mask
    spacing: tuple[float, float, float]


def chest_ct(
    shape: tuple[int, int, int] = (24, 128, 160), spacing: tuple[float, float, float] = (3.0, 2.4, 2.4), seed: int = 0
) -> ChestCT:
    """The phantom with ``shape`` voxels (k, j, i) of ``spacing`` mm. The same seed gives the same voxels.

    Raises
    ------
    ValueError : a side of fewer than 12 voxels
    """
    if min(shape) < 12:
        raise ValueError(f"A chest phantom of {shape} voxels shows nothing; give at least 12 along each side.")
    random = np.random.default_rng(seed)
    z, y, x = (
        ((np.arange(length) - (length - 1) / 2) * step).reshape([-1 if axis == other else 1 for other in range(3)])
        for axis, (length, step) in enumerate(zip(shape, spacing, strict=True))
    )
    body = (2 * x / _WIDTH) ** 2 + (2 * y / _DEPTH) ** 2 + 0 * z < 1
    inner = (2 * x / (_WIDTH - 40)) ** 2 + (2 * y / (_DEPTH - 40)) ** 2 + 0 * z < 1
    right = _lung(x + 80, y, z)
    left = _lung(x - 85, y, z)
    spine = (x / 22) ** 2 + ((y - 85) / 20) ** 2 + 0 * z < 1
    tumor = _tumor(x, y, z, random, shape, spacing) & left
    vessels = _smooth(random, shape, spacing, 5.0) > 1.9

    pixels = np.full(shape, _AIR)
    for mask, value in ((body, _FAT), (inner, _SOFT), (right | left, _LUNG), (spine, _BONE)):
        pixels[mask] = value
    pixels[vessels & (right | left)] = _SOFT
    pixels[tumor] = _SOFT + 18 * _smooth(random, shape, spacing, 4.0)[tumor]
    pixels = ndimage.gaussian_filter(pixels, [1.2 / step for step in spacing])  # the scanner's own blur
    pixels += 14 * _smooth(random, shape, spacing, 1.5)
    return ChestCT(
        np.clip(np.rint(pixels), -1024, 3071).astype(np.int16), tumor, right & ~tumor, left & ~tumor, spacing
    )


def _lung(x: NDArray, y: NDArray, z: NDArray) -> Mask:
    return (x / 62) ** 2 + ((y + 5) / 88) ** 2 + (z / 160) ** 2 < 1


def _tumor(
    x: NDArray,
    y: NDArray,
    z: NDArray,
    random: np.random.Generator,
    shape: tuple[int, ...],
    spacing: tuple[float, ...],
) -> Mask:
    """A ball of 18 mm radius in the left lung with a lobulated surface."""
    distance = np.sqrt((x - 90) ** 2 + (y + 20) ** 2 + (1.1 * z) ** 2)
    ball: Mask = distance + 3.5 * _smooth(random, shape, spacing, 6.0) < 18
    labels, _count = ndimage.label(ball)
    middle = np.unravel_index(int(np.argmin(distance)), shape)
    whole: Mask = labels == labels[middle]
    return whole


def _smooth(
    random: np.random.Generator, shape: tuple[int, ...], spacing: tuple[float, ...], width: float
) -> NDArray[np.float64]:
    """Noise of mean 0 and deviation 1 whose neighbors within ``width`` mm are alike."""
    noise = ndimage.gaussian_filter(random.standard_normal(shape), [width / 2 / step for step in spacing])
    return noise / noise.std()
