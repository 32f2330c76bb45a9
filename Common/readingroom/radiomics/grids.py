"""Grids of images: whether two are one, and if not, in what they differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK
from numpy.typing import NDArray


def difference(mask: SimpleITK.Image, image: SimpleITK.Image, tolerance: float) -> str:
    """In what the mask's grid differs from that of an image of as many dimensions, with numbers; empty for one grid.

    Parameters
    ----------
    tolerance : of origin and spacing, in voxels of the image, and of the direction's cosines

    Example
    -------
    >>> difference(SimpleITK.Image([4, 4, 3], 1), SimpleITK.Image([4, 4, 4], 1), 1e-4)
    'its size is 4 x 4 x 3 voxels instead of 4 x 4 x 4'
    """
    said = []
    if mask.GetSize() != image.GetSize():
        said.append("size is {} voxels instead of {}".format(*_written(mask.GetSize(), image.GetSize(), " x ")))
    limit = tolerance * min(image.GetSpacing())
    if _differ(mask.GetSpacing(), image.GetSpacing(), limit):
        said.append("spacing is {} mm instead of {}".format(*_written(mask.GetSpacing(), image.GetSpacing(), " x ")))
    if _differ(mask.GetOrigin(), image.GetOrigin(), limit):
        said.append("origin is {} mm instead of {}".format(*_written(mask.GetOrigin(), image.GetOrigin(), ", ")))
    if _differ(mask.GetDirection(), image.GetDirection(), tolerance):
        angles = ", ".join(f"{angle:.3g}" for angle in _angles(mask, image))
        said.append(f"axes are turned by {angles} degrees against those of the image")
    return " and ".join(f"its {each}" for each in said)


def like(image: SimpleITK.Image, values: NDArray) -> SimpleITK.Image:
    """Values on the grid of an image."""
    made = SimpleITK.GetImageFromArray(values)
    made.CopyInformation(image)
    return made


def _differ(one: Sequence[float], other: Sequence[float], limit: float) -> bool:
    return bool(np.any(~(np.abs(np.subtract(one, other)) <= limit)))


def _written(one: Sequence[float], other: Sequence[float], between: str) -> tuple[str, str]:
    """Both with as many digits as it takes to tell them apart."""
    for digits in range(6, 18):
        texts = [between.join(f"{value:.{digits}g}" for value in values) for values in (one, other)]
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _angles(one: SimpleITK.Image, other: SimpleITK.Image) -> list[float]:
    """Degrees between the axes of two images, exact for small angles as well."""
    dimensions = one.GetDimension()
    axes = [np.array(each.GetDirection()).reshape(dimensions, dimensions).T for each in (one, other)]
    halves = [float(np.linalg.norm(a - b)) / 2 for a, b in zip(*axes, strict=True)]
    return [float(np.degrees(2 * np.arcsin(min(half, 1.0)))) for half in halves]
