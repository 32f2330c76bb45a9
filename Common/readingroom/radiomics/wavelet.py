"""Stationary wavelet decomposition of a part of an image: low and high frequencies along each axis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from ..errors import InputError
from .region import Box

_SLAB = 1 << 17  # voxels that are filtered at once; they stay in the cache of a core


def decompose(
    values: NDArray, box: Box, wavelet: str, axes: tuple[int, ...], start_level: int = 0, levels: int = 1
) -> dict[str, NDArray]:
    """Filtered images of the size of the box by name: ``wavelet-LLH``, from the second level on ``wavelet2-LLH``.

    The first letter is about the first of ``axes``. The image goes on periodically beyond its edges, as in PyWavelets;
    sums are in single precision where the values are, and added in the same order. Nothing is filtered beyond what the
    box needs.

    Parameters
    ----------
    values : ``[k, j, i]``, the whole image
    box : what is wanted of it
    wavelet : haar, db1 to db20, sym2 to sym20, coif1 to coif5, dmey, bior1.1 to bior6.8, rbio1.1 to rbio6.8
    axes : along which to filter
    start_level : decompositions that come before the first that is given
    levels : how many are given
    """
    kind = np.float32 if values.dtype == np.float32 else np.float64
    filters = filters_of(wavelet, single=kind is np.float32)
    half, left = len(filters["L"]) // 2, start_level + levels
    window = [_Window.around(box[axis], values.shape[axis], left * (half - 1), left * half) for axis in axes]
    places = [np.arange(part.start, part.stop) for part in box]
    for axis, each in zip(axes, window, strict=True):
        places[axis] = each.places()
    data = values[np.ix_(*places)].astype(kind)
    low = "L" * len(axes)
    for _ in range(start_level):
        data, left = _split(data, filters, axes, window, only=low)[low], left - 1
    images: dict[str, NDArray] = {}
    for level in range(1, levels + 1):
        parts = _split(data, filters, axes, window)
        data, left = parts.pop(low), left - 1
        prefix = "wavelet" if level == 1 else f"wavelet{level}"
        inside = [slice(None)] * 3
        for axis, each in zip(axes, window, strict=True):
            first = box[axis].start if each.periodic else left * (half - 1)
            inside[axis] = slice(first, first + box[axis].stop - box[axis].start)
        images.update({f"{prefix}-{name}": part[tuple(inside)] for name, part in parts.items()})
    images[f"{prefix}-{low}"] = data[tuple(inside)]
    return images


@dataclass(frozen=True)
class _Window:
    """What is filtered along an axis: the box with its surroundings, or the whole period where that is less."""

    start: int
    stop: int
    size: int  # of the image; an odd number of voxels is made even by the first, as PyRadiomics does
    periodic: bool

    @classmethod
    def around(cls, part: slice, size: int, before: int, after: int) -> _Window:
        period = size + size % 2
        if part.stop - part.start + before + after < period:
            return cls(part.start - before, part.stop + after, size, False)
        return cls(0, period, size, True)

    def places(self) -> NDArray[np.int64]:
        around = np.arange(self.start, self.stop) % (self.size + self.size % 2)
        return np.where(around == self.size, 0, around)


def _split(
    data: NDArray, filters: dict[str, NDArray], axes: tuple[int, ...], window: list[_Window], only: str = ""
) -> dict[str, NDArray]:
    """All combinations of low and high along the axes, or only one of them."""
    parts = {"": data}
    for place, (axis, each) in enumerate(zip(axes, window, strict=True)):
        parts = {
            name + letter: _convolve(part, kernel, axis, each.periodic)
            for name, part in parts.items()
            for letter, kernel in filters.items()
            if letter in (only[place : place + 1] or "LH")
        }
    return parts


def _convolve(data: NDArray, kernel: NDArray[np.float64], axis: int, periodic: bool) -> NDArray:
    """Along an axis; of what is not periodic the result is shorter by the kernel's reach."""
    taps = len(kernel)
    if periodic:
        around = np.arange(1 - taps // 2, data.shape[axis] + taps // 2) % data.shape[axis]
        data = np.take(data, around, axis=axis)
    length = data.shape[axis] - taps + 1
    if axis == data.ndim - 1 and data.dtype == np.float64:
        # Faster where neighbors lie side by side; its sums are in double precision, whatever the values are in.
        found: NDArray = correlate1d(data, kernel[::-1], axis=axis, mode="constant")
        return found[..., taps // 2 : taps // 2 + length]
    data = np.moveaxis(data, axis, 0)
    result = np.zeros((length, *data.shape[1:]), dtype=data.dtype)
    rows = max(1, _SLAB // max(1, length * data.shape[2]))
    for first in range(0, data.shape[1], rows):
        slab = slice(first, first + rows)
        part, total = data[:, slab], result[:, slab]
        product = np.empty_like(total)
        for tap, weight in enumerate(kernel.astype(data.dtype)):
            start = taps - 1 - tap
            total += np.multiply(part[start : start + length], weight, out=product)
    return np.moveaxis(result, 0, axis)


def wavelets() -> tuple[str, ...]:
    """The names of all that are known here."""
    return tuple(_low_pass()["double"])


def filters_of(name: str, single: bool = False) -> dict[str, NDArray[np.float64]]:
    """The filters for low and high frequencies.

    PyWavelets has coiflets of fewer digits for single precision, which features show.
    """
    known = _low_pass()
    if name not in known["double"]:
        raise InputError(f"The wavelet '{name}' is not known here; there are {', '.join(known['double'])}.")
    digits = known["single" if single and name in known["single"] else "double"]
    dual = {"bior": "rbio", "rbio": "bior"}.get(name[:4], name[:4]) + name[4:]  # an orthogonal wavelet is its own
    high = np.array(digits[dual])[::-1].copy()
    high[::2] *= -1
    return {"L": np.array(digits[name]), "H": high}


@cache
def _low_pass() -> dict[str, dict[str, list[float]]]:
    """Low-pass decomposition filters, printed in full by PyWavelets 1.9."""
    text = Path(__file__).with_name("wavelets.json").read_text(encoding="utf-8")
    filters: dict[str, dict[str, list[float]]] = json.loads(text)
    return filters
