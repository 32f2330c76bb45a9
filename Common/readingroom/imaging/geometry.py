"""Where an image lies in space, kept apart from its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray


@dataclass(frozen=True)
class Geometry:
    """Spacing in mm and origin in LPS mm, ``[i, j(, k)]``; direction cosines row by row, 2 x 2 or 3 x 3."""

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]

    @classmethod
    def of(cls, image: SimpleITK.Image | SimpleITK.ImageFileReader) -> Geometry:
        """The geometry of an image, or of the file whose header a reader has read."""
        return cls(tuple(image.GetSpacing()), tuple(image.GetOrigin()), tuple(image.GetDirection()))

    @property
    def dimensions(self) -> int:
        """2 for a flat picture, 3 for an image ``[i, j, 1]``."""
        return len(self.spacing)

    def turned(self, size: tuple[int, int], swap: bool, flip_i: bool, flip_j: bool) -> Geometry:
        """The geometry of the same pixels when rows and columns are swapped, and then reversed.

        Parameters
        ----------
        size : ``(i, j)`` before
        """
        spacing, origin = list(self.spacing), np.array(self.origin)
        axes = np.array(self.direction).reshape(self.dimensions, self.dimensions)
        lengths = list(size)
        if swap:
            axes[:, :2], spacing[:2], lengths = axes[:, 1::-1], spacing[1::-1], lengths[::-1]
        for axis, flipped in enumerate((flip_i, flip_j)):
            if flipped:
                origin = origin + axes[:, axis] * spacing[axis] * (lengths[axis] - 1)
                axes[:, axis] *= -1
        return Geometry(tuple(spacing), tuple(origin.tolist()), tuple(axes.ravel().tolist()))

    def place(self, picture: NDArray) -> SimpleITK.Image:
        """The picture ``[j, i]`` as an image with this geometry."""
        return self.given_to(SimpleITK.GetImageFromArray(picture.reshape((1,) * (self.dimensions - 2) + picture.shape)))

    def given_to(self, image: SimpleITK.Image) -> SimpleITK.Image:
        """The image itself, which lies in this geometry from now on."""
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)
        return image


ONE_MILLIMETER = Geometry(
    spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0), direction=tuple(float(value) for value in np.eye(3).ravel())
)
FLAT_ONE_MILLIMETER = Geometry(spacing=(1.0, 1.0), origin=(0.0, 0.0), direction=(1.0, 0.0, 0.0, 1.0))
