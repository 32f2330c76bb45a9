"""From gray levels of 0 to 1 to what a network is given: centered, scaled, and once for each channel."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..protocols.training_protocol import Input

Pixels = NDArray[np.float32]

# timm.data.constants, of the photographs that its networks learned from: red, green, blue
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SMALLEST_STD = 1e-6  # of an image of one gray level


@dataclass(frozen=True)
class Normalization:
    """``(gray - mean) / std`` for each channel; an ``of_image`` one takes both from the image itself.

    Raises
    ------
    ValueError : as many means as deviations are needed, finite, the latter above 0
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    of_image: bool = False

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or not all(map(math.isfinite, (*self.mean, *self.std))):
            raise ValueError(f"The means {self.mean} and deviations {self.std} do not fit each other.")
        if min(self.std) <= 0:
            raise ValueError(f"A deviation of {min(self.std)} is not above 0.")

    def __call__(self, gray: Pixels, kind: str) -> Pixels:
        """Gray ``[j, i]`` or ``[k, j, i]`` as float32 ``[c, j, i]`` of a picture, ``[k, c, j, i]`` of slices, which a
        network reads one by one, and ``[c, k, j, i]`` of a volume."""
        mean, std = self._numbers(gray)
        axis = 1 if kind == "slices" else 0
        shape = tuple(-1 if place == axis else 1 for place in range(gray.ndim + 1))
        return np.asarray((np.expand_dims(gray, axis) - mean.reshape(shape)) / std.reshape(shape), dtype=np.float32)

    def _numbers(self, gray: Pixels) -> tuple[Pixels, Pixels]:
        if not self.of_image:
            return np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        channels = len(self.mean)
        std = max(float(gray.std()), _SMALLEST_STD)
        return np.full(channels, gray.mean(), dtype=np.float32), np.full(channels, std, dtype=np.float32)


def normalization(wanted: Input, training: Iterable[Pixels]) -> Normalization:
    """What the protocol asks for; ``training`` are the gray levels of the training rows, looked at only if it asks."""
    if wanted.normalize == "training":
        mean, std = _moments(training)
        return Normalization((mean,) * wanted.channels, (std,) * wanted.channels)
    if wanted.normalize == "imagenet":
        if wanted.channels == 3:
            return Normalization(IMAGENET_MEAN, IMAGENET_STD)
        return Normalization((sum(IMAGENET_MEAN) / 3,), (sum(IMAGENET_STD) / 3,))
    neutral = (0.0,) * wanted.channels, (1.0,) * wanted.channels
    return Normalization(*neutral, of_image=wanted.normalize == "image")


def _moments(images: Iterable[Pixels]) -> tuple[float, float]:
    """Mean and standard deviation over all pixels of all images."""
    count, total, squares = 0, 0.0, 0.0
    for image in images:
        count += image.size
        total += float(image.sum(dtype=np.float64))
        squares += float(np.square(image, dtype=np.float64).sum())
    mean = total / count
    return mean, max(math.sqrt(max(squares / count - mean**2, 0.0)), _SMALLEST_STD)
