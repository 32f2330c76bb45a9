"""From a radiograph to a network's input, and from the network's map back to the radiograph.

Both presets stretch the picture to a square. NIH did so with the pictures that our bundle learned from (films of 2500 x
2048 pixels became 1024 x 1024), so a film that is stretched looks to the network as its training films did; the map is
stretched back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..bundles.preprocessing import Preprocessing, Preset
from .equalize import blur_5x5, equalize_histogram

Gray = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A network's input, and the way back.

    Parameters
    ----------
    pixels : float32 [channels, j, i], normalized
    shape : (rows, columns) of the radiograph that it was made from
    """

    pixels: NDArray[np.float32]
    shape: tuple[int, int]

    def to_input(self, heat: NDArray[np.floating]) -> NDArray[np.float32]:
        """A map [rows, columns] of the network, of any size, on the radiograph's own pixels [j, i].

        The map's cells share the picture evenly: a cell's value stands at its center, values between centers are
        interpolated linearly, and beyond the outermost centers the border's value goes on. No value lies outside the
        range of the map's own.
        """
        rows, columns = (_centers(n, size) for n, size in zip(self.shape, heat.shape, strict=True))
        across = _interpolate(heat, rows, axis=0)
        return _interpolate(across, columns, axis=1).astype(np.float32)


def prepare(gray: Gray, preprocessing: Preprocessing) -> Prepared:
    """Make the input of a bundle's network.

    ``published`` (Paper 004): histogram equalization, 5x5 Gaussian blur, both on 8-bit gray levels, then the size and
    the training set's mean and deviation. ``rigorous`` keeps the gray levels as the reader of the film sees them: for
    the NIH films equalization, local equalization and percentile stretching each made the prediction worse.

    Parameters
    ----------
    gray : [j, i] 0 to 1, bone bright

    Raises
    ------
    ValueError : not a picture of two axes, or a value outside 0 to 1
    """
    rows, columns = preprocessing.size
    levels = resize(gray_levels(gray, preprocessing.preset), (rows, columns))
    return Prepared(_normalized(levels, preprocessing), (gray.shape[0], gray.shape[1]))


def _normalized(levels: Gray, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Gray levels [j, i] as float32 [channels, j, i]."""
    channels = np.repeat(levels[None], preprocessing.channels, axis=0)
    if preprocessing.normalize == "none":
        return channels
    if preprocessing.normalize == "image":
        mean, std = levels.mean(), max(float(levels.std()), 1e-6)
        return np.asarray((channels - mean) / std, dtype=np.float32)
    middle, spread = (np.array(v, dtype=np.float32)[:, None, None] for v in (preprocessing.mean, preprocessing.std))
    return np.asarray((channels - middle) / spread, dtype=np.float32)


def gray_levels(gray: Gray, preset: Preset) -> Gray:
    """The gray levels [j, i], 0 to 1, as the preset has them, before the picture is resized.

    Raises
    ------
    ValueError : not a picture of two axes, or a value outside 0 to 1
    """
    if gray.ndim != 2 or 0 in gray.shape:
        raise ValueError(f"A radiograph has two axes with pixels, not the shape {gray.shape}.")
    if not (gray.min() >= 0 and gray.max() <= 1):
        raise ValueError("The gray levels of a radiograph must lie between 0 and 1.")
    return _PRESETS[preset](gray)


def resize(gray: Gray, size: tuple[int, int]) -> Gray:
    """Stretched to (rows, columns): bilinear, pixel centers aligned; averages where it shrinks, so that fine patterns
    do not alias."""
    rows, columns = size
    return np.asarray(Image.fromarray(gray).resize((columns, rows), Image.Resampling.BILINEAR), dtype=np.float32)


def _published(gray: Gray) -> Gray:
    levels = np.rint(255 * gray).astype(np.uint8)
    return (blur_5x5(equalize_histogram(levels)) / 255).astype(np.float32)


def _rigorous(gray: Gray) -> Gray:
    return gray.astype(np.float32)


_PRESETS: dict[str, Callable[[Gray], Gray]] = {"published": _published, "rigorous": _rigorous}


def _centers(pixels: int, cells: int) -> Floats:
    """Where the centers of ``pixels`` equal parts lie on an axis of ``cells`` equal parts, in cell numbers."""
    return (np.arange(pixels, dtype=np.float64) + 0.5) * (cells / pixels) - 0.5


def _interpolate(values: NDArray[np.floating], at: Floats, axis: int) -> Floats:
    """Values between the cells of an axis; beyond the outermost cells the border's value."""
    within = np.clip(at, 0, values.shape[axis] - 1)
    low = np.floor(within).astype(int)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    weight = np.expand_dims(within - low, 1 - axis)
    mixed: Floats = np.take(values, low, axis) * (1 - weight) + np.take(values, high, axis) * weight
    return mixed
