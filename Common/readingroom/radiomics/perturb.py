"""Small changes to image and mask, as another reader, scanner or day would make them.

Each change takes image and mask and a generator of random numbers, and gives a new pair on one grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import SimpleITK

Pair = tuple[SimpleITK.Image, SimpleITK.Image]
Change = Callable[[SimpleITK.Image, SimpleITK.Image, np.random.Generator], Pair]


def dilated(millimeters: float) -> Change:
    """The mask grown by a distance; negative: shrunk."""

    def change(image: SimpleITK.Image, mask: SimpleITK.Image, random: np.random.Generator) -> Pair:
        distance = _distance(mask)
        grown = distance <= millimeters if millimeters >= 0 else distance < millimeters
        return image, SimpleITK.Cast(grown, mask.GetPixelID())

    return change


def contour_noise(millimeters: float, smoothness: float = 5.0, outward: float = 0.0) -> Change:
    """The mask's surface moved in and out by smooth noise.

    Parameters
    ----------
    millimeters : standard deviation of the shift
    smoothness : mm over which the noise keeps its sign
    outward : mm by which the whole surface is moved as well; negative: inward
    """

    def change(image: SimpleITK.Image, mask: SimpleITK.Image, random: np.random.Generator) -> Pair:
        noise = SimpleITK.GetImageFromArray(random.standard_normal(mask.GetSize()[::-1]))
        noise.CopyInformation(mask)
        smooth = SimpleITK.GetArrayFromImage(_smoothed(noise, smoothness)).astype(np.float64)
        distance = SimpleITK.GetArrayFromImage(_distance(mask))
        distance -= np.sign(distance) * min(mask.GetSpacing()) / 2  # the surface lies between two voxels
        distance -= outward
        return image, _like((distance + smooth * (millimeters / smooth.std()) <= 0).astype(np.float64), mask)

    return change


def image_noise(share: float) -> Change:
    """Gaussian noise added to the image; its deviation is a share of that inside the region."""

    def change(image: SimpleITK.Image, mask: SimpleITK.Image, random: np.random.Generator) -> Pair:
        values = SimpleITK.GetArrayFromImage(image).astype(np.float64)
        inside = values[SimpleITK.GetArrayViewFromImage(mask) > 0]
        values += random.normal(0.0, share * inside.std(), values.shape)
        return _like(values, image), mask

    return change


def rotated(degrees: float) -> Change:
    """Image and mask turned in the plane of their slices about the region's center (linear, nearest neighbor)."""

    def change(image: SimpleITK.Image, mask: SimpleITK.Image, random: np.random.Generator) -> Pair:
        shape = SimpleITK.LabelShapeStatisticsImageFilter()
        shape.Execute(mask)
        center = shape.GetCentroid(1)
        if image.GetDimension() == 2:
            turn: SimpleITK.Transform = SimpleITK.Euler2DTransform(center, math.radians(degrees))
        else:
            axis = np.array(image.GetDirection()).reshape(3, 3)[:, 2]
            turn = SimpleITK.VersorTransform(axis.tolist(), math.radians(degrees), center)
        least = float(SimpleITK.GetArrayViewFromImage(image).min())
        turned = SimpleITK.Resample(image, image, turn, SimpleITK.sitkLinear, least)
        return turned, SimpleITK.Resample(mask, mask, turn, SimpleITK.sitkNearestNeighbor)

    return change


def resampled(factor: float) -> Change:
    """Image and mask on a grid coarser by a factor, from edge to edge (linear, nearest neighbor).

    An axis of one voxel stays as it is.
    """

    def change(image: SimpleITK.Image, mask: SimpleITK.Image, random: np.random.Generator) -> Pair:
        factors = [factor if count > 1 else 1.0 for count in image.GetSize()]
        spacing = [step * each for step, each in zip(image.GetSpacing(), factors, strict=True)]
        size = [math.ceil(count / each) for count, each in zip(image.GetSize(), factors, strict=True)]
        origin = image.TransformContinuousIndexToPhysicalPoint([(each - 1) / 2 for each in factors])
        grid = SimpleITK.ResampleImageFilter()
        grid.SetOutputSpacing(spacing)
        grid.SetOutputOrigin(origin)
        grid.SetOutputDirection(image.GetDirection())
        grid.SetSize(size)
        grid.SetOutputPixelType(image.GetPixelID())
        grid.SetInterpolator(SimpleITK.sitkLinear)
        coarse = grid.Execute(image)
        grid.SetOutputPixelType(mask.GetPixelID())
        grid.SetInterpolator(SimpleITK.sitkNearestNeighbor)
        return coarse, grid.Execute(mask)

    return change


def _smoothed(image: SimpleITK.Image, millimeters: float) -> SimpleITK.Image:
    """Smoothed along each axis that has the four voxels which ITK's recursive filter needs."""
    for axis, count in enumerate(image.GetSize()):
        if count >= 4:
            image = SimpleITK.RecursiveGaussian(
                image,
                sigma=millimeters,
                normalizeAcrossScale=False,
                order=SimpleITK.RecursiveGaussianImageFilter.ZeroOrder,
                direction=axis,
            )
    return image


def _distance(mask: SimpleITK.Image) -> SimpleITK.Image:
    """mm to the nearest voxel on the other side of the surface, negative inside."""

    def to_nearest(region: SimpleITK.Image) -> SimpleITK.Image:
        signed = SimpleITK.SignedMaurerDistanceMap(
            region, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
        return SimpleITK.Cast(SimpleITK.Maximum(signed, 0.0), SimpleITK.sitkFloat64)

    return to_nearest(mask) - to_nearest(mask == 0)


def _like(values: np.ndarray, image: SimpleITK.Image) -> SimpleITK.Image:
    """An image of the same kind: whole numbers are rounded."""
    kind = SimpleITK.GetArrayViewFromImage(image).dtype
    if np.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        values = np.clip(np.round(values), limits.min, limits.max)
    result = SimpleITK.GetImageFromArray(values.astype(kind))
    result.CopyInformation(image)
    return result
