"""Mean and deviation of the pixels, where a protocol asks for those of the training rows or of ImageNet."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...bundles.preprocessing import Preprocessing

Pixels = NDArray[np.float32]

# timm.data.constants, of the photographs that its networks learned from: red, green, blue
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SMALLEST_STD = 1e-6  # of images of one gray level


def measured(wanted: Preprocessing, training: Iterable[Pixels] = ()) -> Preprocessing:
    """The preprocessing with the numbers that a network needs.

    Parameters
    ----------
    training : gray levels of the training rows, looked at only where they are to be measured
    """
    if wanted.normalize == "training":
        mean, std = _moments(training)
        return replace(wanted, mean=(mean,) * wanted.channels, std=(std,) * wanted.channels)
    if wanted.normalize == "imagenet":
        if wanted.channels == 3:
            return replace(wanted, mean=IMAGENET_MEAN, std=IMAGENET_STD)
        return replace(wanted, mean=(sum(IMAGENET_MEAN) / 3,), std=(sum(IMAGENET_STD) / 3,))
    return wanted


def _moments(images: Iterable[Pixels]) -> tuple[float, float]:
    """Mean and standard deviation over all pixels of all images."""
    count, total, squares = 0, 0.0, 0.0
    for image in images:
        count += image.size
        total += float(image.sum(dtype=np.float64))
        squares += float(np.square(image, dtype=np.float64).sum())
    mean = total / count
    return mean, max(math.sqrt(max(squares / count - mean**2, 0.0)), _SMALLEST_STD)
