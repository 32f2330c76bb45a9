"""A first guess at the liver on MR, grown from one point in it; it is there to be corrected.

Gray values of MR mean nothing by themselves and drift across the body, so the liver's own gray value is followed from
the point on as a smooth field. What is as gray and hangs together with the point is liver, once narrow bridges to
other organs are cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import InputError
from ..progress import Progress
from .lungs import averaged
from .nearness import near
from .organ import Booleans

Gray = NDArray[np.float32]

_SEED = 10.0  # mm about the point: larger than most vessels
_DRIFT = 35.0  # mm over which the gray value of liver may change: the standard deviation of the field's smoothing
_ROUNDS = 6
_TOLERANCE = (0.12, 0.4)  # of the liver's gray value, as few and as many as its noise may make it
_NOISES = 2.5  # standard deviations of the liver's own values
_BRIDGES = (6.0, 9.0, 12.0, 15.0)  # mm, half the width of bridges that are cut, the narrowest first
_SHELL = 4.0  # mm
_CLOSED = 6.0  # mm; vessels within the liver belong to it
_MOST = 4000.0  # ml
_IMPOSSIBLE = 6000.0  # ml
_FEWEST = 20.0  # ml; less is a vessel or a cyst


def grow_liver(volume: SimpleITK.Image, point: Sequence[float], progress: Progress | None = None) -> Booleans:
    """The liver about a point in it, ``[k, j, i]`` on the grid of the volume.

    Parameters
    ----------
    volume : MR in LPS, any sequence on which the liver is about evenly gray
    point : mm to the patient's left, back and head, inside the liver and beside large vessels

    Raises
    ------
    InputError : the point lies outside the image or in air, or nothing of a liver's size hangs together with it
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    progress(0.0, "Looking at the gray values about the point.")
    coarse = averaged(volume)
    spacing = tuple(reversed(coarse.GetSpacing()))
    gray = ndimage.median_filter(SimpleITK.GetArrayViewFromImage(coarse), (1, 3, 3))
    gray = np.maximum(
        gray - min(float(np.percentile(gray, 1)), 0.0), 0.0
    )  # air is 0, also where values were normalized
    seed = _seed(coarse, gray, spacing, point)
    grown = _grown(gray, seed, spacing, progress.part(0.1, 0.8))
    progress(0.8, "Taking the vessels in.")
    ml = float(grown.sum() * np.prod(spacing)) / 1000
    if ml < _FEWEST:
        raise InputError(
            f"Only {ml:.0f} mL hang together with the point: it may lie on a vessel or a lesion. Choose another point "
            "of the liver."
        )
    if ml > _IMPOSSIBLE:
        raise InputError(
            "What is as gray as the point is far larger than a liver: choose another point, or draw the liver."
        )
    whole = _with_vessels(grown, spacing)
    progress(0.9, "Bringing the liver to the image's own voxels.")
    return _refined(whole, coarse, volume)


def _seed(coarse: SimpleITK.Image, gray: Gray, spacing: Sequence[float], point: Sequence[float]) -> Booleans:
    """The voxels about the point that are as gray as most of them."""
    place = coarse.TransformPhysicalPointToContinuousIndex([float(part) for part in point])
    index = tuple(int(np.floor(part + 0.5)) for part in reversed(place))
    if not all(0 <= at < size for at, size in zip(index, gray.shape, strict=True)):
        raise InputError("The point lies outside the image; choose one inside the liver.")
    about = np.zeros(gray.shape, dtype=bool)
    about[index] = True
    about = near(about, spacing, _SEED)
    values = gray[about]
    middle = float(np.median(values))
    if middle <= 0.03 * float(np.percentile(gray, 99)):
        raise InputError("The point lies in air or outside the body; choose one inside the liver.")
    spread = 1.5 * float(np.median(np.abs(values - middle)))
    return np.asarray(about & (np.abs(gray - middle) <= max(2 * spread, _TOLERANCE[0] * middle)))


def _grown(gray: Gray, seed: Booleans, spacing: Sequence[float], progress: Progress) -> Booleans:
    liver = seed
    tolerance = _TOLERANCE[0]
    for turn in range(_ROUNDS):
        progress(turn / _ROUNDS, "Growing the liver from the point.")
        field = _field(gray, liver, spacing)
        ratio = gray / field
        spread = 1.5 * float(np.median(np.abs(ratio[liver] - 1)))
        tolerance = float(np.clip(_NOISES * spread, *_TOLERANCE))
        alike = np.abs(ratio - 1) <= tolerance
        grown = _without_bridges(alike, seed, spacing)
        if np.array_equal(grown, liver):
            break
        liver = grown
    return liver


def _field(gray: Gray, liver: Booleans, spacing: Sequence[float]) -> Gray:
    """The gray value that liver would have everywhere, from where it is known."""
    sigma = [_DRIFT / step for step in spacing]
    weights = ndimage.gaussian_filter(liver.astype(np.float32), sigma, mode="constant")
    sums = ndimage.gaussian_filter(np.where(liver, gray, np.float32(0)), sigma, mode="constant")
    few = 1e-3  # far away the middle of all
    middle = np.float32(np.median(gray[liver]))
    return np.asarray((sums + few * middle) / (weights + few), dtype=np.float32)


def _without_bridges(alike: Booleans, seed: Booleans, spacing: Sequence[float]) -> Booleans:
    """What hangs together with the seed after narrow bridges are cut, wider ones while it is too large for a liver."""
    milliliter = float(np.prod(spacing)) / 1000
    frame = np.pad(alike, 1, mode="edge")  # where the image ends the liver may go on
    depth = ndimage.distance_transform_edt(frame, spacing)[1:-1, 1:-1, 1:-1]
    found = seed & alike
    for width in _BRIDGES:
        labels, _ = ndimage.label(depth > width)
        own = np.unique(labels[seed & (labels > 0)])
        if not len(own):
            break
        core = np.isin(labels, own)
        found = _opened(near(core, spacing, width + 1.0) & alike, spacing, _SHELL)
        if found.sum() * milliliter <= _MOST:
            break
    return np.asarray(found | (seed & alike))


def _opened(mask: Booleans, spacing: Sequence[float], radius: float) -> Booleans:
    """Without what is thinner than twice the radius: the shell of fat and muscle that is as gray by its borders."""
    frame = np.pad(mask, 1, mode="edge")
    inner = ndimage.distance_transform_edt(frame, spacing) > radius
    return np.asarray(near(inner, spacing, radius)[1:-1, 1:-1, 1:-1] & mask)


def _with_vessels(liver: Booleans, spacing: Sequence[float]) -> Booleans:
    pad = [(int(np.ceil(_CLOSED / step)) + 1,) * 2 for step in spacing]
    padded = np.pad(liver, pad)
    closed = ~near(~near(padded, spacing, _CLOSED), spacing, _CLOSED)
    closed = closed[tuple(slice(before, -after) for before, after in pad)]
    return np.stack([ndimage.binary_fill_holes(slice_) for slice_ in closed | liver])


def _refined(liver: Booleans, coarse: SimpleITK.Image, volume: SimpleITK.Image) -> Booleans:
    """On the volume's own grid, with a smooth border."""
    image = SimpleITK.GetImageFromArray(liver.astype(np.float32))
    image.CopyInformation(coarse)
    smooth = SimpleITK.Resample(
        image, volume, SimpleITK.Transform(), SimpleITK.sitkLinear, 0.0, SimpleITK.sitkFloat32, True
    )
    return np.asarray(SimpleITK.GetArrayViewFromImage(smooth) >= 0.5)
