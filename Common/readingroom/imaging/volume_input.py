"""From a volume to the input of a network that reads it as a whole, and from the network's map back to the volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..bundles.preprocessing import Preprocessing
from .between_slices import SliceBySlice
from .organ import Booleans
from .preprocessing import normalized
from .volume_levels import Extent, volume_levels


@dataclass(frozen=True, eq=False)
class OnVoxels(SliceBySlice):
    """A map in its place in space, on the voxels ``[k, j, i]`` of an image: linear between the centers of its cells.

    Half a cell beyond the outermost centers the border's value goes on, and further out it is 0.
    """

    placed: SimpleITK.Image
    image: SimpleITK.Image

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(reversed(self.image.GetSize()))

    def min(self) -> float:
        return min(float(SimpleITK.GetArrayViewFromImage(self.placed).min()), 0.0)

    def max(self) -> float:
        return max(float(SimpleITK.GetArrayViewFromImage(self.placed).max()), 0.0)

    def _slice(self, k: int, within: tuple[Any, ...]) -> NDArray[np.float32]:
        size, origin = self.image.GetSize(), self.image.TransformIndexToPhysicalPoint((0, 0, k))
        moved = SimpleITK.Resample(
            self.placed, (*size[:2], 1), SimpleITK.Transform(), SimpleITK.sitkLinear, origin,
            self.image.GetSpacing(), self.image.GetDirection(), 0.0,
        )  # fmt: skip
        return SimpleITK.GetArrayFromImage(moved)[0].clip(self.min(), self.max())[within]


@dataclass(frozen=True, eq=False)
class PreparedVolume:
    """The input of a network that reads a volume as a whole, and the way back.

    Parameters
    ----------
    pixels : float32 [channels, k, j, i], normalized
    extents : slices, rows and columns of ``grid`` that it shows
    grid : the volume that it was taken from
    volume : the image that was read
    """

    pixels: NDArray[np.float32]
    extents: tuple[Extent, Extent, Extent]
    grid: SimpleITK.Image
    volume: SimpleITK.Image

    def to_volume(self, heat: NDArray[np.floating]) -> OnVoxels:
        """A map ``[slices, rows, columns]`` of the network, of any size, on the voxels ``[k, j, i]`` of the image.

        As `Prepared.to_input` along all three axes.
        """
        image = SimpleITK.GetImageFromArray(heat.astype(np.float32))
        self._place(image)
        return OnVoxels(image, self.volume)

    def of_labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels ``[k, j, i]`` of the image on the voxels of the input, 0 where it shows nothing of the image."""
        given = SimpleITK.GetImageFromArray(labels)
        given.CopyInformation(self.volume)
        grid = SimpleITK.Image(self.pixels.shape[:0:-1], SimpleITK.sitkUInt8)
        self._place(grid)
        moved = SimpleITK.Resample(given, grid, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
        return SimpleITK.GetArrayFromImage(moved)

    def _place(self, image: SimpleITK.Image) -> None:
        """Give a grid of any size over what the input shows its place in space."""
        sizes = image.GetSize()[::-1]
        cells = [(end - first) / n for (first, end), n in zip(self.extents, sizes, strict=True)][::-1]
        centers = [first + cell / 2 - 0.5 for (first, _), cell in zip(self.extents[::-1], cells, strict=True)]
        image.SetSpacing([cell * step for cell, step in zip(cells, self.grid.GetSpacing(), strict=True)])
        image.SetDirection(self.grid.GetDirection())
        image.SetOrigin(self.grid.TransformContinuousIndexToPhysicalPoint(centers))

    def reached(self) -> Booleans:
        """``[k, j, i]`` of the image: what the network was shown."""
        found = np.empty(self.volume.GetSize()[::-1], bool)
        for k, slice_ in enumerate(self.to_volume(np.ones((1, 1, 1), np.float32))):
            found[k] = slice_ > 0
        return found

    def count_reached(self, mask: Booleans) -> int:
        """How many voxels of a mask ``[k, j, i]`` of the image lie within `reached`."""
        return sum(int((own & shown).sum()) for own, shown in zip(mask, self.reached(), strict=True))


def prepare_volume(
    volume: SimpleITK.Image, preprocessing: Preprocessing, organ: Booleans | None = None
) -> PreparedVolume:
    """Make the input of a network that reads a volume as a whole.

    Parameters
    ----------
    volume : in LPS
    organ : boolean ``[k, j, i]``; lungs are found when left out

    Raises
    ------
    InputError : as `gray_levels`
    """
    found = volume_levels(volume, preprocessing, organ)
    return PreparedVolume(normalized(found.levels, preprocessing), found.extents, found.grid, volume)
