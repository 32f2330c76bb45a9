"""Where the body is on a radiograph, and how much of a heat map lies outside it, or outside the lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ..metrics.binary import Booleans, Floats
from ..reading import Check

SIDE = 256  # pixels of the longer side of the small copy on which a picture's content is measured
BACKGROUND_BELOW = 0.12  # of the stretched gray scale
SMALLEST_PART = 0.01  # of the picture; side markers and captions are smaller
MAP_OUTSIDE_LIMIT = 0.3


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


def body_mask(gray: NDArray[np.floating]) -> Booleans:
    """The body, without the directly exposed or collimated dark area that touches the border.

    Lungs are inside, since they do not touch the border. White collimator frames count as body. A picture without dark
    border is all body.

    Parameters
    ----------
    gray : ``[j, i]``, 0 to 1, bone bright
    """
    rows, columns = gray.shape
    body = silhouette(stretched(reduced(gray)))
    full = Image.fromarray(body.astype(np.uint8)).resize((columns, rows), Image.Resampling.NEAREST)
    return np.asarray(full).astype(bool)


def silhouette(picture: Floats) -> Booleans:
    """Everything but the dark areas that touch the border, and the specks, letters and side markers on them.

    Parameters
    ----------
    picture : ``[j, i]``, reduced and stretched
    """
    dark = np.pad(picture < BACKGROUND_BELOW, 1, constant_values=False)
    parts, _ = ndimage.label(dark)
    border = np.unique(np.concatenate([parts[1], parts[-2], parts[:, 1], parts[:, -2]]))
    background = np.isin(parts, border[border > 0])[1:-1, 1:-1]
    parts, count = ndimage.label(ndimage.binary_opening(~background, iterations=2))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    large = sizes >= SMALLEST_PART * picture.size
    large[0] = False
    return np.asarray(large[parts])


def map_outside_body_check(heat: NDArray, gray: NDArray[np.floating]) -> Check:
    """Warn when the map's weight lies outside the body: the network then looks at something that is no anatomy.

    Parameters
    ----------
    heat : ``[j, i]``, 0 to 1, on the grid of ``gray``

    Raises
    ------
    ValueError : map and picture have different grids
    """
    if heat.shape != gray.shape:
        raise ValueError(f"The map has {heat.shape} pixels, the picture {gray.shape}.")
    total = float(heat.sum())
    if total <= 0:
        return Check("map in body", "warn", "The map is empty: no part of the picture speaks for this finding.")
    share = float(heat[~body_mask(gray)].sum()) / total
    if share > MAP_OUTSIDE_LIMIT:
        sentence = f"{share:.0%} of the map lies outside the body: the answer may rest on something other than anatomy."
        return Check.of_share("map in body", "warn", sentence, share, MAP_OUTSIDE_LIMIT)
    sentence = f"{1 - share:.0%} of the map lies on the body."
    return Check.of_share("map in body", "pass", sentence, share, MAP_OUTSIDE_LIMIT)
