"""Stationary wavelet decomposition of an image: low and high frequencies along each axis (coiflets by default)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError


def decompose(
    values: NDArray, wavelet: str, axes: tuple[int, ...], start_level: int = 0, levels: int = 1
) -> dict[str, NDArray]:
    """Filtered images of the size of the input by name: ``wavelet-LLH``, from the second level on ``wavelet2-LLH``.

    The first letter is about the first of ``axes``. The image goes on periodically beyond its edges, as in PyWavelets;
    sums are in single precision where the values are, and added in the same order.

    Parameters
    ----------
    values : ``[k, j, i]``
    wavelet : an orthogonal wavelet: haar, db1 to db10, sym2 to sym10, coif1 to coif5
    axes : along which to filter
    start_level : decompositions that come before the first that is given
    levels : how many are given
    """
    kind = np.float32 if values.dtype == np.float32 else np.float64
    low = _filter(wavelet, single=kind is np.float32)
    odd = [(0, size % 2 if axis in axes else 0) for axis, size in enumerate(values.shape)]
    data = np.pad(values.astype(kind), odd, mode="wrap")
    whole = tuple(slice(size) for size in values.shape)
    for _ in range(start_level):
        data = _split(data, low, axes)["L" * len(axes)]
    images: dict[str, NDArray] = {}
    for level in range(1, levels + 1):
        parts = _split(data, low, axes)
        data = parts.pop("L" * len(axes))
        prefix = "wavelet" if level == 1 else f"wavelet{level}"
        images.update({f"{prefix}-{name}": part[whole] for name, part in parts.items()})
    images[f"{prefix}-{'L' * len(axes)}"] = data[whole]
    return images


def _split(data: NDArray, low: NDArray[np.float64], axes: tuple[int, ...]) -> dict[str, NDArray]:
    high = low[::-1].copy()
    high[::2] *= -1  # the quadrature mirror of an orthogonal wavelet
    parts = {"": data}
    for axis in axes:
        parts = {
            name + letter: _convolve(part, kernel, axis)
            for name, part in parts.items()
            for letter, kernel in (("L", low), ("H", high))
        }
    return parts


def _convolve(data: NDArray, kernel: NDArray[np.float64], axis: int) -> NDArray:
    length, size = len(kernel), data.shape[axis]
    places = np.arange(size) + length // 2
    result = np.zeros_like(data)
    for tap, weight in enumerate(kernel.astype(data.dtype)):
        result += weight * np.take(data, (places - tap) % size, axis=axis)
    return result


def _filter(name: str, single: bool) -> NDArray[np.float64]:
    """The low-pass filter; PyWavelets has coiflets of fewer digits for single precision, which features show."""
    known = _filters()
    if name not in known["double"]:
        raise InputError(f"The wavelet '{name}' is not known here; there are {', '.join(known['double'])}.")
    return np.array(known["single" if single and name in known["single"] else "double"][name])


@cache
def _filters() -> dict[str, dict[str, list[float]]]:
    """Low-pass decomposition filters, printed in full by PyWavelets 1.9."""
    text = Path(__file__).with_name("wavelets.json").read_text(encoding="utf-8")
    filters: dict[str, dict[str, list[float]]] = json.loads(text)
    return filters
