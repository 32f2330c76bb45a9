"""Where the body is on an MR volume, whose values have no unit: brighter than the air and the noise around it."""

from __future__ import annotations

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from .organ import Booleans

_COARSE = 4.0  # mm: fine enough for an outline
_TOP = 99.5  # percentile of the values that counts as bright
_COMPRESSED = 20.0  # so that dark muscle lies nearer to bright fat than to air
_SPECK = 0.05  # of the largest part: arms beside the trunk are larger


def shrunken(volume: SimpleITK.Image, millimeters: float) -> SimpleITK.Image:
    """A copy of averaged voxels, at most about so wide; axes with wider ones stay as they are."""
    factors = [max(1, round(millimeters / step)) for step in volume.GetSpacing()]
    factors = [min(factor, max(size // 2, 1)) for factor, size in zip(factors, volume.GetSize(), strict=True)]
    return SimpleITK.BinShrink(volume, factors)


def body_of(small: SimpleITK.Image) -> Booleans:
    """The body ``[k, j, i]`` of a `shrunken` MR volume, with the lungs and the bowel; all False where nothing stands
    out."""
    voxels = SimpleITK.GetArrayFromImage(small)
    top = float(np.percentile(voxels, _TOP))
    if top <= 0 or voxels.min() == voxels.max():
        return np.zeros(voxels.shape, dtype=bool)
    smooth = ndimage.gaussian_filter(voxels, (0, 1, 1))
    levels = np.log1p(np.clip(smooth, 0, None) * (_COMPRESSED / top))
    bright = SimpleITK.OtsuThreshold(SimpleITK.GetImageFromArray(levels), 0, 1, 128)
    parts, count = ndimage.label(SimpleITK.GetArrayViewFromImage(bright))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    found = (sizes >= _SPECK * sizes.max())[parts] & (parts > 0)
    return np.stack([ndimage.binary_fill_holes(slice_) for slice_ in found])


def find_body(volume: SimpleITK.Image) -> Booleans:
    """The body ``[k, j, i]`` of an MR volume in LPS, as `body_of` finds it on a copy."""
    small = shrunken(volume, _COARSE)
    mask = SimpleITK.GetImageFromArray(body_of(small).astype(np.uint8))
    mask.CopyInformation(small)
    full = SimpleITK.Resample(mask, volume, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    found: NDArray[np.uint8] = SimpleITK.GetArrayFromImage(full)
    return np.asarray(found != 0)
