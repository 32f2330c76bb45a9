"""Convolution of a part of an image, with what IBSI 2 has beyond the image's edges.

What is filtered is a `Source`: it gives the values of a box, so that nothing is computed beyond what is wanted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from .region import Box

Array = NDArray[np.float64]
Source = Callable[[Box], Array]
Kernels = Sequence[Array | None]  # for each axis (k, j, i) one of odd length; None: that axis is left alone

BOUNDARIES = {"zero": "", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}  # what numpy.pad calls them


@dataclass(frozen=True)
class _Way:
    """Along an axis: which part of the image is looked at, and where in it each voxel of the wider box lies."""

    part: slice
    places: NDArray[np.int64]
    beyond: NDArray[np.bool_]  # what is zero

    @classmethod
    def of(cls, part: slice, reach: int, size: int, boundary: str) -> _Way:
        if boundary == "zero":
            wanted = np.arange(part.start - reach, part.stop + reach)
            beyond = (wanted < 0) | (wanted >= size)
            places = wanted.clip(0, size - 1)
        else:
            places = np.pad(np.arange(size), reach, mode=BOUNDARIES[boundary])  # type: ignore[call-overload]
            places = places[part.start : part.stop + 2 * reach]
            beyond = np.zeros(len(places), dtype=bool)
        first = int(places.min())
        return cls(slice(first, int(places.max()) + 1), places - first, beyond)

    def extend(self, data: Array, axis: int) -> Array:
        wide = data.take(self.places, axis=axis)
        if self.beyond.any():
            np.moveaxis(wide, axis, 0)[self.beyond] = 0
        return wide


def _ways(box: Box, reach: Sequence[int], shape: Sequence[int], boundary: str) -> list[_Way]:
    return [_Way.of(part, more, size, boundary) for part, more, size in zip(box, reach, shape, strict=True)]


def _looked_at(source: Source, ways: list[_Way]) -> Array:
    k, j, i = (way.part for way in ways)
    return source((k, j, i))


def extended(source: Source, shape: Sequence[int], box: Box, reach: Sequence[int], boundary: str) -> Array:
    """The box with so many voxels around it, beyond the edges of the image as ``boundary`` says.

    Parameters
    ----------
    source : of an image of ``shape``
    reach : voxels on either side, for each axis
    boundary : one of `BOUNDARIES`
    """
    ways = _ways(box, reach, shape, boundary)
    data = _looked_at(source, ways)
    for axis, way in enumerate(ways):
        data = way.extend(data, axis)
    return data


def separable(source: Source, shape: Sequence[int], kernels: Kernels, boundary: str) -> Source:
    """The source convolved along each axis with its kernel; beyond the edges one axis at a time, so that wide kernels
    take no more memory than narrow ones."""

    def filtered(box: Box) -> Array:
        reach = [0 if kernel is None else len(kernel) // 2 for kernel in kernels]
        ways = _ways(box, reach, shape, boundary)
        data = _looked_at(source, ways)
        for axis, (kernel, way) in enumerate(zip(kernels, ways, strict=True)):
            if kernel is not None:
                wide = way.extend(data, axis)
                found = correlate1d(wide, kernel[::-1], axis=axis, mode="constant")
                data = found.take(range(reach[axis], wide.shape[axis] - reach[axis]), axis=axis)
        return data

    return filtered


def turns(axes: Sequence[int]) -> list[dict[int, tuple[int, int]]]:
    """All turns by right angles of two or three axes, 4 or 24 of them.

    Returns
    -------
    For each axis, which one's kernel goes along it after the turn, and -1 where that is reversed.
    """
    found = []
    for order in itertools.permutations(range(len(axes))):
        parity = round(np.linalg.det(np.eye(len(axes))[list(order)]))
        for signs in itertools.product((1, -1), repeat=len(axes)):
            if parity * np.prod(signs) > 0:
                found.append({axis: (axes[o], sign) for axis, o, sign in zip(axes, order, signs, strict=True)})
    return found


def pooled(responses: Iterable[Source], largest: bool) -> Source:
    """The largest of the responses in each voxel, or their mean."""
    sources = list(responses)

    def filtered(box: Box) -> Array:
        total = sources[0](box)
        for source in sources[1:]:
            total = np.maximum(total, source(box)) if largest else total + source(box)
        return total if largest else total / len(sources)

    return sources[0] if len(sources) == 1 else filtered
