"""Small changes of a film that leave its diagnosis alone: posture, distance, exposure.

The film is never mirrored (the heart would lie on the other side).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Variation:
    """Standard deviations of the changes.

    Parameters
    ----------
    degrees : rotation
    stretch : natural logarithm of the scale, for each axis on its own
    shift : of the picture's size
    exposure : natural logarithm of gamma and of the contrast
    brightness : of the gray scale
    """

    degrees: float = 3.0
    stretch: float = 0.05
    shift: float = 0.02
    exposure: float = 0.04
    brightness: float = 0.01


def vary(gray: NDArray[np.float32], variation: Variation, generator: np.random.Generator) -> NDArray[np.float32]:
    """One variant of ``gray`` [j, i] 0 to 1, of the same size; what comes in from outside is black."""
    moved = _move(gray, variation, generator)
    gamma, contrast = np.exp(generator.normal(0, variation.exposure, 2))
    exposed = (np.clip(moved, 0, 1) ** gamma - 0.5) * contrast + 0.5 + generator.normal(0, variation.brightness)
    return np.clip(exposed, 0, 1).astype(np.float32)


def _move(gray: NDArray[np.float32], variation: Variation, generator: np.random.Generator) -> NDArray[np.float32]:
    """Rotate, stretch and shift about the center."""
    angle = np.deg2rad(generator.normal(0, variation.degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn * np.exp(generator.normal(0, variation.stretch, 2))
    size = np.array([gray.shape[1], gray.shape[0]])
    center = (size - 1) / 2
    offset = center + generator.normal(0, variation.shift, 2) * size - matrix @ center
    # Pillow asks, for each pixel of the result, where in the source it comes from.
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    picture = Image.fromarray(gray).transform(
        (gray.shape[1], gray.shape[0]), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(picture, dtype=np.float32)
