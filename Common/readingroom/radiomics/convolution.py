"""Convolution of a part of an image, with what IBSI 2 has beyond the image's edges.

What is filtered is a `Source`: it gives the values of a box, so that nothing is computed beyond what is wanted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from .region import Box

Array = NDArray[np.float64]
Source = Callable[[Box], Array]
Kernels = Sequence[Array | None]  # for each axis (k, j, i) one of odd length; None: that axis is left alone

BOUNDARIES = {"zero": "constant", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}  # numpy's names


def extended(source: Source, shape: Sequence[int], box: Box, reach: Sequence[int], boundary: str) -> Array:
    """The box with so many voxels around it, beyond the edges of the image as ``boundary`` says.

    Parameters
    ----------
    source : of an image of ``shape``
    reach : voxels on either side, for each axis
    boundary : one of `BOUNDARIES`
    """
    if boundary == "zero":
        parts = list(zip(box, reach, shape, strict=True))
        k, j, i = (slice(max(0, part.start - more), min(part.stop + more, size)) for part, more, size in parts)
        beyond = [
            (wide.start - part.start + more, part.stop + more - wide.stop)
            for wide, (part, more, _size) in zip((k, j, i), parts, strict=True)
        ]
        return np.pad(source((k, j, i)), beyond)
    places = [
        np.pad(np.arange(size), more, mode=BOUNDARIES[boundary])[part.start : part.stop + 2 * more]  # type: ignore
        for part, more, size in zip(box, reach, shape, strict=True)
    ]
    k, j, i = (slice(int(each.min()), int(each.max()) + 1) for each in places)
    there = np.ix_(*(each - part.start for each, part in zip(places, (k, j, i), strict=True)))
    found: Array = source((k, j, i))[there]
    return found


def separable(source: Source, shape: Sequence[int], kernels: Kernels, boundary: str) -> Source:
    """The source convolved along each axis with its kernel."""

    def filtered(box: Box) -> Array:
        reach = [0 if kernel is None else len(kernel) // 2 for kernel in kernels]
        data = extended(source, shape, box, reach, boundary)
        for axis, kernel in enumerate(kernels):
            if kernel is not None:
                found = correlate1d(data, kernel[::-1], axis=axis, mode="constant")
                data = found.take(range(reach[axis], data.shape[axis] - reach[axis]), axis=axis)
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
