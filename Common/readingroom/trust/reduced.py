"""A small copy of a picture, on which everything about its content is measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..metrics.binary import Floats

SIDE = 256  # pixels of the longer side


def reduced(gray: NDArray[np.floating]) -> Floats:
    """``gray`` ``[j, i]`` averaged down to at most 256 pixels a side; a smaller picture stays as it is."""
    rows, columns = gray.shape
    scale = SIDE / max(rows, columns)
    if scale >= 1:
        return np.asarray(gray, dtype=np.float64)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    image = Image.fromarray(np.ascontiguousarray(gray, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64)


def stretched(gray: Floats) -> Floats:
    """``gray`` with its 1st percentile at 0 and its 99th at 1, cut there."""
    low, high = (float(value) for value in np.percentile(gray, [1, 99]))
    return np.clip((gray - low) / max(high - low, 1e-6), 0, 1)
