"""The bias field of an MR: how much brighter the coils make one end of the body than the other (N4, Tustison 2010)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..progress import Progress
from .between_slices import SliceBySlice
from .mr_body import body_of, shrunken
from .volume import Volume

_COARSE = 16.0  # mm: the field is smooth, and the time goes with the voxels
# Control points of the splines along each axis, iterations, and the width that the histogram is sharpened by: wide
# first, which finds twice as much of a strong field as N4's usual 0.15 alone, and invents less.
_PIECES = ((4, 20, 0.5), (4, 20, 0.5), (4, 25, 0.15), (5, 25, 0.15))
_CONVERGED = 1e-6
_LEAST, _LOWEST = 0.02, 1e-3  # of the bright voxels: darker ones are not asked, and none is 0 in the logarithm
_TOP = 99.5  # percentile that counts as bright


@dataclass(frozen=True, eq=False)
class BiasField:
    """An estimated field.

    Parameters
    ----------
    logarithm : natural, ``[k, j, i]`` on a coarse grid
    factors : voxels of the image for each of its voxels, along i, j and k
    low, high : between which it lies in nine tenths of the body
    """

    logarithm: NDArray[np.float32]
    factors: tuple[int, int, int]
    low: float
    high: float

    @property
    def spread(self) -> float:
        """How many times brighter the brightest twentieth of the body is made than the darkest."""
        return self.high / self.low

    def on(self, shape: tuple[int, ...]) -> FieldOnVoxels:
        """The field on the voxels ``[k, j, i]`` of the image, by which its values are divided; around 1."""
        return FieldOnVoxels(self, shape)


@dataclass(frozen=True, eq=False)
class FieldOnVoxels(SliceBySlice):
    """A field on the voxels ``[k, j, i]`` of its image."""

    field: BiasField
    size: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.size

    def min(self) -> float:
        return float(np.exp(self.field.logarithm.min()))

    def max(self) -> float:
        return float(np.exp(self.field.logarithm.max()))

    def _slice(self, k: int, within: tuple[Any, ...]) -> NDArray[np.float32]:
        found = self.field.logarithm
        rows, columns = (np.arange(size) for size in self.size[1:])
        for axis, (wanted, factor) in enumerate(
            zip((np.array([k]), rows, columns), reversed(self.field.factors), strict=True)
        ):
            places = np.clip((wanted + 0.5) / factor - 0.5, 0, found.shape[axis] - 1)
            low = np.floor(places).astype(np.intp)
            high = np.minimum(low + 1, found.shape[axis] - 1)
            part = np.expand_dims((places - low).astype(np.float32), [other for other in range(3) if other != axis])
            found = np.take(found, low, axis) * (1 - part) + np.take(found, high, axis) * part
        return np.asarray(np.exp(found[0]).clip(self.min(), self.max())[within], np.float32)


def bias_field(image: SimpleITK.Image, progress: Progress | None = None) -> BiasField | None:
    """Estimate the field of an MR in LPS by N4 on voxels of about 16 mm; None where no body is seen.

    Of a field that makes one end of the body twice as bright as the other about two thirds are found, of a stronger one
    less; where there is none, N4 finds up to 1.3 times.

    Raises
    ------
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    small = shrunken(image, _COARSE)
    voxels = SimpleITK.GetArrayFromImage(small)
    top = float(np.percentile(voxels, _TOP))
    body = body_of(small) & (voxels > _LEAST * top)
    if not body.any():
        return None
    bright = np.maximum(voxels, np.float32(_LOWEST * top))
    mask = SimpleITK.GetImageFromArray(body.astype(np.uint8))
    logarithm = np.zeros(voxels.shape, np.float32)
    for number, (points, iterations, width) in enumerate(_PIECES):
        # N4 listens to no one while it runs: in pieces it can be canceled.
        progress(number / len(_PIECES), "Estimating the bias field.")
        method = SimpleITK.N4BiasFieldCorrectionImageFilter()
        method.SetMaximumNumberOfIterations([iterations])
        method.SetBiasFieldFullWidthAtHalfMaximum(width)
        method.SetConvergenceThreshold(_CONVERGED)
        method.SetNumberOfControlPoints([points] * 3)
        positive = SimpleITK.GetImageFromArray(bright / np.exp(logarithm))
        method.Execute(positive, mask)
        logarithm += SimpleITK.GetArrayFromImage(method.GetLogBiasFieldAsImage(positive))
    logarithm -= np.median(logarithm[body])
    low, high = np.percentile(logarithm[body], (5, 95))
    factors = tuple(round(after / before) for before, after in zip(image.GetSpacing(), small.GetSpacing(), strict=True))
    return BiasField(logarithm, factors, float(np.exp(low)), float(np.exp(high)))


def corrected(volume: Volume, progress: Progress | None = None) -> Volume:
    """The volume with its bias field estimated and taken out; as it is where no body is seen.

    Raises
    ------
    CancelledError : the user canceled
    """
    field = bias_field(volume.image, progress)
    return volume if field is None else without_bias(volume, field)


def without_bias(volume: Volume, field: BiasField) -> Volume:
    """The volume divided by the field."""
    given = volume.voxels
    voxels = np.empty_like(given)
    for k, of_slice in enumerate(field.on(given.shape)):
        np.divide(given[k], of_slice, out=voxels[k])
    image = SimpleITK.GetImageFromArray(voxels)
    image.CopyInformation(volume.image)
    for key in volume.image.GetMetaDataKeys():
        image.SetMetaData(key, volume.image.GetMetaData(key))
    return replace(volume, image=image, bias_field=field)
