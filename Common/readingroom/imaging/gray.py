"""The result of loading a picture, whatever its format: gray values, and what has to be said about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import counted
from .display import Curve, Gray, robust_window, shows_nothing, through

# A difference between the channels that an eye sees as a color; the compression of a gray JPEG leaves less.
_VISIBLE_COLOR = 20 / 255
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601: how bright an eye finds red, green and blue


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture ``[j, i]`` from 0 black to 1 white, notes, and the share of its pixels that were visibly colored."""

    gray: Gray
    notes: tuple[str, ...] = ()
    color_fraction: float = 0.0


def refuse_no_picture(values: NDArray, name: str) -> None:
    """Stop at values that show nothing.

    Raises
    ------
    InputError : complex, not finite, or all the same
    """
    if np.iscomplexobj(values):
        raise InputError(f"'{name}' holds complex numbers; a radiograph holds gray values.")
    if np.issubdtype(values.dtype, np.floating) and not (finite := np.isfinite(values)).all():
        count = int(finite.size - np.count_nonzero(finite))
        pixels = counted(count, "pixel that is not a number", "pixels that are not numbers")
        raise InputError(f"'{name}' holds {pixels} (NaN or infinite).")
    if values.min() == values.max():
        raise InputError(f"All pixels of '{name}' have the same value: there is nothing in it to read.")


def as_gray(colors: Gray) -> tuple[Gray, float]:
    """Brightness ``[j, i]`` of a color picture ``[j, i, 3]`` (0 to 1), and the share of pixels visibly not gray."""
    spread = colors.max(axis=-1) - colors.min(axis=-1)
    return np.clip(colors @ _LUMA, 0, 1), float(np.mean(spread > _VISIBLE_COLOR))


def show(values: NDArray, modality: Curve, window: Curve, inverted: bool, notes: list[str]) -> Gray:
    """The values, any shape, through ``modality`` (to physical values) and ``window`` (to gray), then inverted or not.

    A window that leaves the picture without contrast is replaced by a robust one, and ``notes`` says so.
    """

    def shown(window: Curve) -> Gray:
        return through(lambda stored: 1 - window(modality(stored)) if inverted else window(modality(stored)), values)

    gray = shown(window)
    if shows_nothing(gray):
        notes.append("The stored window leaves the image without contrast; the gray scale was taken from its pixels.")
        gray = shown(robust_window(values, modality))
    return gray
