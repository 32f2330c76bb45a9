"""Where the breast of a mammogram is; the box around an organ, and how much of it each slice holds."""

from __future__ import annotations

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

Booleans = NDArray[np.bool_]

_SMALLEST_BREAST = 0.02  # of the picture


def breast_mask(gray: NDArray[np.float32]) -> Booleans:
    """The largest bright part of a mammogram ``[j, i]`` (0 to 1), without markers; all of it where there is none."""
    threshold = SimpleITK.OtsuThresholdImageFilter()
    threshold.SetInsideValue(0)
    threshold.SetOutsideValue(1)
    bright = SimpleITK.GetArrayFromImage(threshold.Execute(SimpleITK.GetImageFromArray(gray))) != 0
    # The first threshold tells dense tissue from the rest; skin and fat lie between it and the black of the film.
    tissue = gray > float(gray[~bright].mean()) if not bright.all() else bright
    parts, count = ndimage.label(ndimage.binary_opening(tissue, iterations=3))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    if sizes.max() < _SMALLEST_BREAST * gray.size:
        return np.ones(gray.shape, dtype=bool)
    return np.asarray(parts == sizes.argmax())


def box(mask: Booleans) -> tuple[slice, ...]:
    """The smallest box that holds all of a mask that is not empty."""
    others = [tuple(axis for axis in range(mask.ndim) if axis != own) for own in range(mask.ndim)]
    return tuple(_reach(np.asarray(mask.any(axis=across))) for across in others)


def _reach(held: Booleans) -> slice:
    return slice(int(held.argmax()), len(held) - int(held[::-1].argmax()))


def areas(mask: Booleans) -> NDArray[np.intp]:
    """How many voxels of a mask ``[k, j, i]`` lie on each slice."""
    return np.array([np.count_nonzero(slice_) for slice_ in mask], dtype=np.intp)  # ten times as fast as a sum


def evenly_spaced(candidates: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """``count`` of the candidates, from the first to the last; some more than once where there are too few."""
    return np.asarray(candidates[np.linspace(0, len(candidates) - 1, count).round().astype(np.intp)])
