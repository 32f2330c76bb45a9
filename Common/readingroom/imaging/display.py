"""From pixel values to gray as a radiologist sees it: windows, lookup tables and, without either, robust limits.

All results are float32 between 0 (black) and 1 (white). Source: DICOM PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .. import dicom_terms

Gray = NDArray[np.float32]
Curve = Callable[[NDArray], NDArray]  # looks at one value at a time, any shape
WindowFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

# Limits of the gray scale where the file gives none: a few dead, burnt or marker pixels must not set the contrast.
ROBUST_PERCENTILES = (0.5, 99.5)
_SAMPLES = 1_000_000  # pixels that the percentiles are taken from, on an even grid
_LARGEST_TABLE = 65_536  # entries
_PART = 2**16  # pixels that go through a table at once


@dataclass(frozen=True)
class Window:
    """A window as DICOM defines it; ``center`` and ``width`` in units of the modality values.

    Example
    -------
    >>> Window(center=2048, width=2000)(np.array([0, 2047.5, 4095])).round(3)
    array([0. , 0.5, 1. ], dtype=float32)

    Raises
    ------
    ValueError : a width below 1 (LINEAR) or not above 0 (LINEAR_EXACT, SIGMOID), or an unknown function
    """

    center: float
    width: float
    function: WindowFunction = "LINEAR"

    def __post_init__(self) -> None:
        if self.function not in get_args(WindowFunction):
            raise ValueError(f"The window function {self.function} is not known.")
        if not (self.width >= 1 if self.function == "LINEAR" else self.width > 0):
            raise ValueError(f"A window width of {self.width:g} is not possible with {self.function}.")

    def __call__(self, values: NDArray) -> Gray:
        """The values as gray, any shape."""
        x = values.astype(np.float64)
        if self.function == "SIGMOID":
            exponent = np.clip(-4 * (x - self.center) / self.width, -80, 80)  # exp leaves float32 beyond
            return (1 / (1 + np.exp(exponent))).astype(np.float32)
        linear = self.function == "LINEAR"
        center, width = (self.center - 0.5, self.width - 1) if linear else (self.center, self.width)
        if width == 0:  # LINEAR of width 1 is a threshold
            return (x > center).astype(np.float32)
        return np.clip((x - center) / width + 0.5, 0, 1).astype(np.float32)


def window_of_header(
    centers: Sequence[float | None],
    widths: Sequence[float | None],
    function: str,
    notes: list[str],
    default: WindowFunction = "LINEAR",
) -> Window | None:
    """The first window that can be used of those that a header or a viewer gives; ``notes`` says what was left out.

    Parameters
    ----------
    centers, widths : None in place of what is no number
    function : VOILUTFunction in any spelling
    default : the function where none is given, or one that DICOM does not have
    """
    known = dicom_terms.window_function(function) if function.strip() else default
    windows = [_window(center, width, known or default) for center, width in zip_longest(centers, widths)]
    usable = [window for window in windows if window is not None]
    if not usable:
        if windows:
            notes.append("The window in the header cannot be used.")
        return None
    if known is None:
        notes.append(f"The header names a VOI LUT function that DICOM does not have; {default} was used.")
    if len(usable) < len(windows):
        left_out = len(windows) - len(usable)
        notes.append(f"The header gives {len(windows)} windows, of which {left_out} cannot be used; another was used.")
    elif len(windows) > 1:
        notes.append(f"The header gives {len(windows)} windows; the first was used.")
    return usable[0]


def _window(center: float | None, width: float | None, function: str) -> Window | None:
    if center is None or width is None:
        return None
    try:
        return Window(center, width, function)  # type: ignore[arg-type]  # `Window` refuses others
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class LookupTable:
    """A DICOM lookup table: ``entries[0]`` holds for values up to ``first``, the last entry for all beyond the end."""

    first: int
    entries: NDArray[np.float64]
    bits: int

    def __call__(self, values: NDArray) -> NDArray[np.float64]:
        """The table's own output values, any shape."""
        places = np.clip(np.rint(values).astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[places]

    def gray(self, values: NDArray) -> Gray:
        """The output as a share of its range, ``2 ** bits - 1``.

        Tables that declare 16 bits but were computed for 10 or 12 are common: then the range is that of the entries.
        """
        largest = int(self.entries.max())
        share = self(values) / (2 ** min(self.bits, max(largest.bit_length(), 1)) - 1)
        return np.minimum(share, 1).astype(np.float32)  # a table may hold more than it declares


def through(curve: Curve, values: NDArray) -> NDArray:
    """``curve(values)``, any shape.

    Whole numbers of up to 16 bits go through a table of the curve, which makes a large radiograph cheap to show.
    """
    if not np.issubdtype(values.dtype, np.integer):
        return curve(values)
    low, high = int(values.min()), int(values.max())
    if high - low >= _LARGEST_TABLE:
        return curve(values)
    table = curve(np.arange(low, high + 1))
    stored, shown = values.ravel(), np.empty(values.size, table.dtype)
    # In parts, since numpy makes numbers of 64 bits of the places.
    for part in (slice(first, first + _PART) for first in range(0, values.size, _PART)):
        # The difference may wrap around in a signed type; read as unsigned it is right again.
        places = (stored[part] - values.dtype.type(low)).view(f"u{values.dtype.itemsize}")
        np.take(table, places, out=shown[part], mode="clip")  # other modes make a copy
    return shown.reshape(values.shape)


def robust_window(values: NDArray, modality: Curve = np.asarray) -> Window:
    """A window between the robust percentiles of ``modality(values)``, or their extremes where those coincide.

    Raises
    ------
    ValueError : all values are the same
    """
    low, high = np.percentile(modality(_sample(values)), ROBUST_PERCENTILES)
    if low == high:
        physical = through(modality, values)
        low, high = physical.min(), physical.max()
    return window_between(float(low), float(high))


def _sample(values: NDArray) -> NDArray:
    if values.ndim < 2:
        return values[:: max(1, values.size // _SAMPLES)]
    step = max(1, int(np.sqrt(values.size / _SAMPLES)))
    return values[::step, ::step]


def window_between(low: float, high: float) -> Window:
    """The exact linear window that shows ``low`` as black and ``high`` as white.

    Raises
    ------
    ValueError : ``high`` is not above ``low``
    """
    return Window(center=(low + high) / 2, width=high - low, function="LINEAR_EXACT")


def shows_nothing(gray: Gray) -> bool:
    """True when the picture has less than one visible step (of 256) of contrast."""
    return bool(float(gray.max()) - float(gray.min()) < 1 / 255)
