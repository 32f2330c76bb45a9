"""How much of a breast is dense tissue, by area.

Towards the skin a breast becomes thinner and darker, so that one threshold for all of it finds the rim of a fatty
breast rather than its dense tissue. What counts is how much brighter a place is than fat as deep beneath the skin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from .breast import Booleans, Breast, Floats, otsu, reduced

_LONGEST_SIDE = 400  # pixels of the reduced picture
_BANDS = 40  # of depth beneath the skin, over the side of a square of the breast's area
_FAT = 25  # percentile of the gray values of a band
_FEWEST = 30  # pixels of a band that tell how bright fat is
# Gray levels by which dense tissue is brighter than fat at least. In a breast all of fat Otsu's threshold is lower.
_CONTRAST = 0.12


def dense_tissue(gray: Floats, breast: Breast) -> Booleans:
    """Which part ``[j, i]`` of the breast is dense, without the muscle.

    Above Otsu's threshold (1979) of what each place is brighter than fat, and brighter than fat by 0.12 at least.
    """
    tissue = breast.tissue
    inside = reduced(tissue.astype(np.float32), _LONGEST_SIDE) > 0.5
    if not inside.any():
        return np.zeros_like(tissue)
    small = ndimage.gaussian_filter(reduced(gray, _LONGEST_SIDE), 1)
    whole = reduced(breast.mask.astype(np.float32), _LONGEST_SIDE) > 0.5
    excess = small - _fat(small, inside, _depth(whole, breast.chest_wall))
    limit = max(otsu(excess[inside]), _CONTRAST)
    full = Image.fromarray(excess.astype(np.float32)).resize((gray.shape[1], gray.shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(tissue & (np.asarray(full) > limit))


def density(gray: Floats, breast: Breast) -> float:
    """Share of the breast's area, without the muscle, that is dense tissue; 0 to 1."""
    tissue = np.count_nonzero(breast.tissue)
    return float(np.count_nonzero(dense_tissue(gray, breast)) / tissue) if tissue else 0.0


def _depth(mask: Booleans, chest_wall: str) -> NDArray[np.floating]:
    """Distance to the skin in pixels: neither the chest wall nor the upper or lower edge of the film is skin."""
    turned = mask if chest_wall == "left" else mask[:, ::-1]
    filled = np.cumsum(turned[:, ::-1], axis=1)[:, ::-1] > 0  # on to the edge behind the chest wall
    held = np.flatnonzero(filled.any(axis=1))
    filled[: held[0]], filled[held[-1] + 1 :] = filled[held[0]], filled[held[-1]]
    far = max(mask.shape)
    distance = ndimage.distance_transform_edt(np.pad(filled, ((far, far), (far, 1)), mode="edge"))
    distance = distance[far:-far, far:-1]
    return distance if chest_wall == "left" else distance[:, ::-1]


def _fat(small: Floats, inside: Booleans, depth: NDArray[np.floating]) -> NDArray[np.floating]:
    """How bright fat is at each place ``[j, i]``, by its depth: never darker further in."""
    bands = depth * _BANDS / np.sqrt(np.count_nonzero(inside))
    number = bands.astype(int)
    levels = {}
    for band in range(int(number[inside].max()) + 1):
        values = small[inside & (number == band)]
        if len(values) >= _FEWEST:
            levels[band] = float(np.percentile(values, _FAT))
    if not levels:
        return np.full(small.shape, np.percentile(small[inside], _FAT))
    rising = ndimage.gaussian_filter1d(np.maximum.accumulate(list(levels.values())), 1)
    return np.interp(bands, [band + 0.5 for band in levels], rising)
