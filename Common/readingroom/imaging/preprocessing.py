"""From a picture or a volume to a network's input, and from the network's map back to the picture.

Training, evaluation and reading call the same two functions: `gray_levels` does what costs time (and may be kept),
`normalized` makes the network's input of it; random changes of training images lie between the two. `prepare` does
both for a picture.

Without ``keep_aspect`` a picture is stretched. NIH did so with the pictures that our bundle learned from (films of
2500 x 2048 pixels became 1024 x 1024), so a film that is stretched looks to the network as its training films did; the
map is stretched back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image

from ..bundles.preprocessing import Preprocessing, Preset
from ..errors import InputError
from .between_slices import BetweenSlices, Heat
from .blocks import NO_PADDING, Padding, resampled
from .breast import Breast, find_breast
from .equalize import blur_5x5, equalize_histogram
from .organ import Booleans, box
from .volume_levels import Extent, percentile_limits, scaled, slice_levels, volume_levels

Gray = NDArray[np.float32]
Floats = NDArray[np.float64]

_SMALLEST_STD = 1e-6  # of an image of one gray level


@dataclass(frozen=True, eq=False)
class Prepared:
    """A network's input, and the way back.

    Parameters
    ----------
    pixels : float32 [channels, j, i], normalized
    shape : (rows, columns) of the picture that it was made from
    extent : of the rows and the columns that the input shows; all of them when left out
    mirrored : the input shows the picture with left and right exchanged
    """

    pixels: NDArray[np.float32]
    shape: tuple[int, int]
    extent: tuple[Extent, Extent] | None = None
    mirrored: bool = False

    def to_input(self, heat: NDArray[np.floating], block: int = 1) -> NDArray[np.float32]:
        """A map [rows, columns] of the network, of any size, on the picture's own pixels [j, i].

        The map's cells share the extent evenly: a cell's value stands at its center, values between centers are
        interpolated linearly, and beyond the outermost centers the border's value goes on. No value lies outside the
        range of the map's own. What the input does not show is 0.

        Parameters
        ----------
        block : side of the blocks of pixels, see `blocks`, of which each is given the value at its middle
        """
        extents = self.extent or ((0, self.shape[0]), (0, self.shape[1]))
        heat = heat[:, ::-1] if self.mirrored else heat
        middles = [np.arange(0, size, block) + block / 2 for size in self.shape]  # from the edge of the first pixel
        places = zip(middles, extents, heat.shape, strict=True)
        rows, columns = ((at - first) * (cells / (end - first)) - 0.5 for at, (first, end), cells in places)
        across = _interpolate(heat, rows, axis=0)
        found = _interpolate(across, columns, axis=1).astype(np.float32)
        for axis, (first, end) in enumerate(extents):
            outside = (middles[axis] < first) | (middles[axis] > end)
            found[(outside, slice(None)) if axis == 0 else (slice(None), outside)] = 0
        return found


def prepare(gray: Gray, preprocessing: Preprocessing, breast: Breast | None = None) -> Prepared:
    """Make the input of a network that reads pictures.

    Parameters
    ----------
    gray : [j, i] 0 to 1, bone bright
    preprocessing : of kind ``picture``, complete
    breast : of a mammogram, where it was found already

    Raises
    ------
    ValueError : not a picture of two axes, or a value outside 0 to 1
    InputError : as `gray_levels`
    """
    levels, extent, mirrored = _picture_levels(gray, preprocessing, None, breast)
    return Prepared(normalized(levels, preprocessing), (gray.shape[0], gray.shape[1]), extent, mirrored)


@dataclass(frozen=True, eq=False)
class PreparedSlices:
    """The input of a network that reads slices one by one, and the way back.

    Parameters
    ----------
    pixels : float32 [n, channels, j, i], normalized
    numbers : of the slices in ``grid``
    extents : rows and columns of ``grid`` that each shows
    grid : the volume that they were taken from
    volume : the image that was read
    """

    pixels: NDArray[np.float32]
    numbers: NDArray[np.intp]
    extents: tuple[Extent, Extent]
    grid: SimpleITK.Image
    volume: SimpleITK.Image

    def to_volume(self, maps: NDArray[np.floating]) -> Heat:
        """Maps ``[n, rows, columns]`` of the slices as a volume ``[k, j, i]`` in the geometry of the image.

        In the plane as `Prepared.to_input`. Between two slices that were read values are interpolated linearly; above
        the first and below the last one they are 0.
        """
        columns, rows, count = self.grid.GetSize()
        numbers, first = np.unique(self.numbers, return_index=True)
        known = [Prepared(self.pixels[row], (rows, columns), self.extents).to_input(maps[row]) for row in first]
        found = BetweenSlices(count, numbers, np.stack(known))
        if self.grid is self.volume:
            return found
        image = SimpleITK.GetImageFromArray(np.asarray(found))
        image.CopyInformation(self.grid)
        return SimpleITK.GetArrayFromImage(
            SimpleITK.Resample(image, self.volume, SimpleITK.Transform(), SimpleITK.sitkLinear, 0.0)
        )

    def to_slices(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Values ``[n]`` of the slices as one for each slice ``[k]`` of the image, as `to_volume` spreads maps."""
        numbers, first = np.unique(self.numbers, return_index=True)
        count = self.grid.GetSize()[2]
        places = np.arange(count)
        found = np.interp(places, numbers, values[first], left=0.0, right=0.0)
        if self.grid is not self.volume:
            columns, rows, total = self.volume.GetSize()
            middles = map(
                self.volume.TransformContinuousIndexToPhysicalPoint,
                [(columns / 2, rows / 2, float(k)) for k in range(total)],
            )
            at = np.array([self.grid.TransformPhysicalPointToContinuousIndex(middle)[2] for middle in middles])
            inside = (at >= -0.5) & (at <= count - 0.5)
            found = np.where(inside, np.interp(at, places, found), 0.0)
        return found.astype(np.float32)

    def reached(self) -> Booleans:
        """``[k, j, i]`` of the image: from the first slice that was read to the last one."""
        ends = np.zeros(self.grid.GetSize()[::-1], dtype=bool)
        ends[self.numbers.min() : self.numbers.max() + 1] = True
        return ends if self.grid is self.volume else _moved(ends, self.grid, self.volume) != 0

    def count_reached(self, mask: Booleans) -> int:
        """How many voxels of a mask ``[k, j, i]`` of the image lie within `reached`."""
        if self.grid is self.volume:
            return int(np.count_nonzero(mask[self.numbers.min() : self.numbers.max() + 1]))
        return int(np.count_nonzero(mask & self.reached()))

    def of_mask(self, mask: Booleans) -> Booleans:
        """Where a mask ``[k, j, i]`` of the image lies in the input: ``[n, rows, columns]``, nearest voxels."""
        return np.asarray(self.of_labels(mask) != 0)

    def of_labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Labels ``[k, j, i]`` of the image, 0 to 255, in the input: ``[n, rows, columns]``, nearest voxels."""
        on_grid = labels if self.grid is self.volume else _moved(labels, self.volume, self.grid)
        found = on_grid[self.numbers]
        for axis, ((first, end), size) in enumerate(zip(self.extents, self.pixels.shape[2:], strict=True), start=1):
            places = np.floor(first + (np.arange(size) + 0.5) * (end - first) / size).astype(int)
            inside = (places >= 0) & (places < found.shape[axis])
            shape = [1, 1, 1]
            shape[axis] = size
            found = np.take(found, places.clip(0, found.shape[axis] - 1), axis) * inside.reshape(shape)
        return np.asarray(found)


def prepare_slices(
    volume: SimpleITK.Image, preprocessing: Preprocessing, organ: Booleans | None = None
) -> PreparedSlices:
    """Make the input of a network that reads the slices of a volume.

    Parameters
    ----------
    volume : in LPS
    organ : boolean ``[k, j, i]``; lungs are found when left out

    Raises
    ------
    InputError : as `gray_levels`
    """
    found = slice_levels(volume, preprocessing, organ, resized, _padding)
    return PreparedSlices(normalized(found.levels, preprocessing), found.numbers, found.extents, found.grid, volume)


def _moved(labels: NDArray[Any], from_: SimpleITK.Image, to: SimpleITK.Image) -> NDArray[np.uint8]:
    """Labels, 0 to 255, of one grid on another, nearest voxels; 0 beyond it."""
    image = SimpleITK.GetImageFromArray(labels.astype(np.uint8))
    image.CopyInformation(from_)
    moved = SimpleITK.Resample(image, to, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    return SimpleITK.GetArrayFromImage(moved)


def gray_levels(
    image: Gray | SimpleITK.Image, preprocessing: Preprocessing, organ: Booleans | None = None, view: str = ""
) -> NDArray[np.float32]:
    """Gray levels from 0 to 1 in the size of the input: ``[j, i]`` of a picture, ``[k, j, i]`` of slices and volumes.

    ``published`` pictures (Paper 004) are equalized by histogram and blurred by a 5x5 Gaussian, both on 8-bit gray
    levels. ``rigorous`` keeps the gray levels as the reader of the film sees them: for the NIH films equalization,
    local equalization and percentile stretching each made the prediction worse. A window is not applied to pictures,
    since a picture is shown as its file says.

    Parameters
    ----------
    image : a picture [j, i] 0 to 1, or a volume in LPS for slices and volumes
    organ : boolean, of the image's shape: where the organ is. Lungs of a CT and the breast of a mammogram are found
        when left out
    view : of a mammogram, see `find_breast`

    Raises
    ------
    ValueError : not a picture of two axes, or a value outside 0 to 1
    InputError : the organ is not found, fills too little, or there is nothing that could make gray levels
    """
    if preprocessing.kind == "picture":
        assert not isinstance(image, SimpleITK.Image)
        return _picture_levels(image, preprocessing, organ, view=view)[0]
    assert isinstance(image, SimpleITK.Image)
    if preprocessing.kind == "slices":
        return slice_levels(image, preprocessing, organ, resized).levels
    return volume_levels(image, preprocessing, organ).levels


def normalized(levels: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Gray levels as a network is given them: centered, scaled, and once for each channel.

    ``[c, j, i]`` of a picture, ``[k, c, j, i]`` of slices, which a network reads one by one, and ``[c, k, j, i]`` of a
    volume.
    """
    axis = 1 if preprocessing.kind == "slices" else 0
    channels = np.repeat(np.expand_dims(levels, axis), preprocessing.channels, axis=axis)
    if preprocessing.normalize == "none":
        return channels
    if preprocessing.normalize == "nonzero":
        return _nonzero(channels, levels)
    if preprocessing.normalize == "image":
        mean, std = levels.mean(), np.float32(max(float(levels.std()), _SMALLEST_STD))
        return np.asarray((channels - mean) / std, dtype=np.float32)
    shape = tuple(-1 if place == axis else 1 for place in range(channels.ndim))
    numbers = (preprocessing.mean, preprocessing.std)
    mean_, std_ = (np.array(values, dtype=np.float32).reshape(shape) for values in numbers)
    return np.asarray((channels - mean_) / std_, dtype=np.float32)


def _nonzero(channels: Gray, levels: Gray) -> Gray:
    """By mean and deviation of what is above zero, as MedicalNet's ``itensity_normalize_one_volume``.

    It fills zeros with noise, another one each time; here they are the mean of that noise, 0.
    """
    above = levels[levels > 0]
    if not above.size:
        raise InputError("All gray levels of the input are 0: there is nothing in it to read.")
    deviation = max(float(above.std(dtype=np.float64)), _SMALLEST_STD)
    scores = (channels - np.float32(above.mean(dtype=np.float64))) / np.float32(deviation)
    return np.where(channels > 0, scores, np.float32(0)).astype(np.float32)


def _picture_levels(
    gray: Gray, preprocessing: Preprocessing, organ: Booleans | None, breast: Breast | None = None, view: str = ""
) -> tuple[Gray, tuple[Extent, Extent], bool]:
    """The gray levels of a picture, which of its rows and columns they show, and whether they are mirrored."""
    if gray.ndim != 2 or 0 in gray.shape:
        raise ValueError(f"A radiograph has two axes with pixels, not the shape {gray.shape}.")
    if not (gray.min() >= 0 and gray.max() <= 1):
        raise ValueError("The gray levels of a radiograph must lie between 0 and 1.")
    rows, columns = slice(0, gray.shape[0]), slice(0, gray.shape[1])
    if breast is None and preprocessing.organ == "breast" and (organ is None or preprocessing.chest_wall_left):
        breast = find_breast(gray, view)
    if preprocessing.organ_crop:
        if organ is not None:
            rows, columns = box(organ)
        elif breast is not None:
            rows, columns = breast.box
        else:
            name = preprocessing.organ
            raise InputError(f"Nothing finds the {name} in a picture; give a mask '{name}'.")
        gray = gray[rows, columns]
    if preprocessing.percentiles is not None:
        gray = scaled(gray, *percentile_limits(gray, preprocessing.percentiles))
    levels = _PRESETS[preprocessing.preset](gray)
    size = (preprocessing.size[0], preprocessing.size[1])
    top, left = _padding(levels.shape, size) if preprocessing.keep_aspect else NO_PADDING
    extent = ((rows.start - top[0], rows.stop + top[1]), (columns.start - left[0], columns.stop + left[1]))
    levels = resized(levels, size, preprocessing.keep_aspect)
    mirrored = preprocessing.chest_wall_left and breast is not None and breast.chest_wall == "right"
    return (np.ascontiguousarray(levels[:, ::-1]) if mirrored else levels), extent, mirrored


def resized(gray: Gray, size: tuple[int, int], keep_aspect: bool = False) -> Gray:
    """A picture of (rows, columns): stretched, or padded with black to the proportions first.

    Bilinear, pixel centers aligned; averages where it shrinks, so that fine patterns do not alias.
    """
    around = _padding(gray.shape, size) if keep_aspect else NO_PADDING
    return resampled(gray, size, Image.Resampling.BILINEAR, around)


def _padding(shape: tuple[int, ...], size: tuple[int, int]) -> Padding:
    """Rows above and below, columns to the left and to the right, that give a picture the proportions of ``size``."""
    (height, width), (rows, columns) = shape, size
    full = (max(height, round(width * rows / columns)), max(width, round(height * columns / rows)))
    lack = (full[0] - height, full[1] - width)
    return (lack[0] // 2, lack[0] - lack[0] // 2), (lack[1] // 2, lack[1] - lack[1] // 2)


def _published(gray: Gray) -> Gray:
    levels = np.rint(255 * gray).astype(np.uint8)
    return (blur_5x5(equalize_histogram(levels)) / 255).astype(np.float32)


def _rigorous(gray: Gray) -> Gray:
    return gray.astype(np.float32, copy=False)


_PRESETS: dict[Preset, Callable[[Gray], Gray]] = {"published": _published, "rigorous": _rigorous}


def _interpolate(values: NDArray[np.floating], at: Floats, axis: int) -> Floats:
    """Values between the cells of an axis; beyond the outermost cells the border's value."""
    within = np.clip(at, 0, values.shape[axis] - 1)
    low = np.floor(within).astype(int)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    weight = np.expand_dims(within - low, 1 - axis)
    mixed: Floats = np.take(values, low, axis) * (1 - weight) + np.take(values, high, axis) * weight
    return mixed
