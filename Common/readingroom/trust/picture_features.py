"""A few numbers that tell a radiograph from other pictures, measured on a copy of at most 256 pixels a side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..metrics.binary import Floats
from .body import reduced, silhouette, stretched
from .chest_likeness import chest_likeness
from .chest_template import EachWayUp, match_chest


@dataclass(frozen=True)
class PictureFeatures:
    """What the picture looks like.

    Parameters
    ----------
    contrast : 99th minus 1st percentile of the gray values, 0 to 1
    gray_levels : how many of 256 gray levels occur
    smoothness : correlation of neighboring pixels; 0 for noise, close to 1 for a radiograph
    edges : 95th percentile of the gradient after the contrast was stretched; a projection has soft edges
    midtones : share of pixels between 30 and 70 % of the stretched gray scale; a slice has few
    background : share of pixels darker than 8 %
    bars : share of rows or columns that cross four or more separate parts of the body, as fingers do
    match : how well the chest template fits
    likeness : how much the picture as a whole looks like a frontal chest
    """

    contrast: float
    gray_levels: int
    smoothness: float
    edges: float
    midtones: float
    background: float
    bars: float
    match: EachWayUp
    likeness: EachWayUp


def picture_features(gray: NDArray[np.floating]) -> PictureFeatures:
    """Measure ``gray`` ``[j, i]``, 0 to 1, not all the same value."""
    small = reduced(gray)
    low, high = (float(v) for v in np.percentile(small, [1, 99]))
    picture = stretched(small)
    down, right = np.gradient(ndimage.gaussian_filter(picture, 1))
    return PictureFeatures(
        contrast=high - low,
        gray_levels=_gray_levels(gray),
        smoothness=_smoothness(small),
        edges=float(np.percentile(np.hypot(down, right), 95)),
        midtones=float(((picture > 0.3) & (picture < 0.7)).mean()),
        background=float((picture < 0.08).mean()),
        bars=_bars(picture),
        match=match_chest(picture),
        likeness=chest_likeness(picture),
    )


def _gray_levels(gray: NDArray[np.floating]) -> int:
    levels = np.rint(np.clip(gray, 0, 1) * np.float32(255)).astype(np.uint8)
    return int(np.count_nonzero(np.bincount(levels.ravel(), minlength=256)))


def _smoothness(small: Floats) -> float:
    """The lower of the correlations of pixels with their right and with their lower neighbor; 0 where there is none."""
    pairs = ((small[:, 1:], small[:, :-1]), (small[1:], small[:-1]))
    if any(np.ptp(a) == 0 or np.ptp(b) == 0 for a, b in pairs):
        return 0.0
    return float(min(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs))


def _bars(picture: Floats) -> float:
    body = silhouette(picture)
    shares = []
    for lines in (body, body.T):
        starts = np.diff(np.pad(lines.astype(np.int8), ((0, 0), (1, 1))), axis=1) == 1
        shares.append(float((starts.sum(axis=1) >= 4).mean()))
    return max(shares)
