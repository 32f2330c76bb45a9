"""The random changes of training images that a protocol lists: drawn first, then done.

What is drawn depends on the generator alone, and the loop makes one for each (seed, epoch, place in the epoch), so that
an image varies in the same way whichever process loads it. All movements of an image are done in one interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ..protocols.training_protocol import Augment, Change

Pixels = NDArray[np.float32]
Drawn = Sequence[tuple[Change, tuple[float, ...]]]

_MOVES = ("mirror", "flip", "rotate", "scale", "shift")
# Pillow's and torchvision's smoothing for `sharpness`
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=np.float32) / 13


def augmented(gray: Pixels, augment: Augment, generator: np.random.Generator) -> Pixels:
    """One variant of ``gray`` ``[j, i]`` or ``[k, j, i]``, 0 to 1, of the same size.

    What comes in from outside is black. All slices of a stack change alike unless the protocol says ``per`` slice.
    """
    if not augment.changes:
        return gray
    if gray.ndim == 2:
        return _apply(gray, draw(augment, generator))
    if augment.per == "slice":
        return np.stack([_apply(slice_, draw(augment, generator)) for slice_ in gray])
    drawn = draw(augment, generator)
    return np.stack([_apply(slice_, drawn) for slice_ in gray])


def draw(augment: Augment, generator: np.random.Generator) -> Drawn:
    """The changes that happen this time, each with its numbers.

    As many numbers are drawn for a change that does not happen, so that changes do not depend on each other.
    """
    drawn = []
    for change in augment.changes:
        happens = generator.random() < change.probability
        numbers = _numbers(change, generator)
        if happens:
            drawn.append((change, numbers))
    return drawn


def _numbers(change: Change, generator: np.random.Generator) -> tuple[float, ...]:
    if change.name == "rotate":
        return (float(np.deg2rad(generator.uniform(-change.amount, change.amount))),)
    if change.name in ("scale", "shift", "exposure"):
        return tuple(float(number) for number in generator.normal(0, change.amount, 2))
    if change.name == "brightness":
        return (float(generator.normal(0, change.amount)),)
    return (change.amount,)


def _apply(gray: Pixels, drawn: Drawn) -> Pixels:
    moves = [item for item in drawn if item[0].name in _MOVES]
    moved = _move(gray, moves) if moves else gray
    for change, numbers in drawn:
        if change.name not in _MOVES:
            moved = _shade(moved, change.name, numbers)
    return np.asarray(moved, dtype=np.float32)


def _move(gray: Pixels, moves: Drawn) -> Pixels:
    """All movements about the center at once. Stretching is for each axis on its own."""
    if all(change.name in ("mirror", "flip") for change, _ in moves):  # exact, and needs no interpolation
        for change, _ in moves:
            gray = gray[:, ::-1] if change.name == "mirror" else gray[::-1]
        return np.ascontiguousarray(gray)
    size = np.array([gray.shape[1], gray.shape[0]])
    # Pillow asks, for each pixel (i, j) of the result, where in the source it comes from: the inverse of the movement.
    matrix, offset = np.eye(2), np.zeros(2)
    for change, numbers in moves:
        step = {"mirror": np.diag([-1.0, 1.0]), "flip": np.diag([1.0, -1.0])}.get(change.name, np.eye(2))
        if change.name == "rotate":
            (angle,) = numbers
            step = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        elif change.name == "scale":
            step = np.diag(np.exp(numbers))
        elif change.name == "shift":
            offset = offset + matrix @ (np.array(numbers) * size)
        matrix = matrix @ step
    center = (size - 1) / 2
    # Pillow counts from the corner of a pixel, not from its center.
    offset = center + offset - matrix @ center
    offset = offset + 0.5 - matrix @ np.array([0.5, 0.5])
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    picture = Image.fromarray(gray).transform(
        (gray.shape[1], gray.shape[0]), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(picture, dtype=np.float32)


def _shade(gray: Pixels, name: str, numbers: tuple[float, ...]) -> Pixels:
    if name == "exposure":
        gamma, contrast = np.exp(numbers)
        gray = (np.clip(gray, 0, 1) ** np.float32(gamma) - 0.5) * np.float32(contrast) + 0.5
    elif name == "brightness":
        gray = gray + np.float32(numbers[0])
    elif name == "sharpness":
        smooth = gray.copy()
        smooth[1:-1, 1:-1] = ndimage.correlate(gray, _SMOOTH)[1:-1, 1:-1]
        gray = smooth + np.float32(numbers[0]) * (gray - smooth)
    elif name == "autocontrast":
        low, high = float(gray.min()), float(gray.max())
        gray = (gray - low) / (high - low) if high > low else gray
    return np.clip(gray, 0, 1)
