"""From an image and a mask to the region that is measured: checks, normalizing, resampling, thresholds.

The steps and their order are those of PyRadiomics.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from ..errors import InputError
from ..formatting import counted
from .grids import difference, like
from .normalize import normalizing
from .once import images_unchanged, once
from .region import Box, MaskInBox, Region, in_box, widened
from .resample import Scaled, as_it_is, onto_grid, resample, resample_centered
from .settings import Settings

_HIGHEST_LABEL = 2**32 - 1
MOST_NUMBERS = 1 << 16  # up to which labels are looked up by their number


@dataclass(frozen=True)
class Stage:
    """The mask at one step of the way, and the image where that changed as well or was looked at.

    ``grid`` is an image on whose grid the mask lies.
    """

    name: str
    mask: MaskInBox
    grid: SimpleITK.Image
    image: SimpleITK.Image | None = None


@dataclass(frozen=True)
class Prepared:
    """What is measured.

    Parameters
    ----------
    image : in three dimensions, on the grid of the mask
    mask : voxels that first-order statistics and texture look at
    shape_mask : voxels that the shape is taken of
    labels : the mask as it came, with all labels
    label : which of them it is
    flat : whether image and mask came in two dimensions
    stages : for the provenance
    notes : sentences about what was done that the reader has to know
    """

    image: SimpleITK.Image
    mask: MaskInBox
    shape_mask: MaskInBox
    labels: SimpleITK.Image
    label: int
    flat: bool
    stages: tuple[Stage, ...]
    notes: tuple[str, ...]

    def region(self, values: NDArray | None = None) -> Region:
        """The region of the image, or of a filtered one, whose values ``[k, j, i]`` in the box are given."""
        if values is None:
            values = SimpleITK.GetArrayViewFromImage(self.image)[self.box]
        return Region(values, self.mask.inside, self.spacing)

    @property
    def box(self) -> Box:
        """Around ``mask``."""
        return self.mask.box

    @property
    def spacing(self) -> tuple[float, float, float]:
        """mm, ``(k, j, i)``."""
        i, j, k = self.image.GetSpacing()
        return (k, j, i)


@images_unchanged()
def prepare(image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings) -> Prepared:
    """Check image and mask and carry out what the settings ask for before anything is measured.

    Raises
    ------
    InputError : the mask is empty, has several labels and none was chosen, holds fractions, one voxel or too few, lies
        elsewhere than the image; the image has colors or several time points, or is not a number somewhere in the
        region
    """
    _refuse_several_values(image)
    channel = settings.label_channel
    labels = label_image(mask, channel)
    if image.GetDimension() != labels.GetDimension():
        raise InputError(
            f"The image has {image.GetDimension()} dimensions and the mask {labels.GetDimension()}; they have to agree."
        )
    flat = image.GetDimension() == 2
    places = _places(labels)
    label = _chosen(places, settings.label)
    values = in_space(labels)
    drawn = MaskInBox(values[places[label]] == label, places[label], values.shape)
    stages = [Stage("original", drawn, labels)]
    image, drawn, more, notes = _on_one_grid(image, drawn, labels, settings)
    stages += more
    _refuse_too_small(drawn, settings)
    mask_of_values = drawn
    if settings.resegment_range is not None or settings.resegment_sigma is not None:
        mask_of_values = _within_thresholds(image, drawn, settings)
        _refuse_too_small(mask_of_values, settings)
        stages.append(Stage("resegmented", mask_of_values, image, image))
    if flat:
        image = SimpleITK.JoinSeries(image)
    if settings.gray_values:
        refuse_what_is_no_number(_inside(image, mask_of_values))
    shape_mask = mask_of_values if settings.resegment_shape else drawn
    return Prepared(image, mask_of_values, shape_mask, labels, label, flat, tuple(stages), notes)


def _on_one_grid(
    image: SimpleITK.Image, drawn: MaskInBox, labels: SimpleITK.Image, settings: Settings
) -> tuple[SimpleITK.Image, MaskInBox, list[Stage], tuple[str, ...]]:
    """Image and mask normalized, resampled or cropped as the settings ask for, what was done, and what has to be said
    about it."""
    scaled = normalizing(image, settings)
    if settings.resampled_spacing is not None and settings.interpolator is not None:
        image, drawn, stage = _resampled(image, _on_grid(drawn, labels), settings, scaled)
        return image, drawn, [stage], ()
    stages, notes = list[Stage](), tuple[str, ...]()
    if other := difference(labels, image, settings.geometry_tolerance):
        if not settings.correct_mask:
            raise InputError(
                f"The mask lies on another grid than the image: {other}. Set correctMask to resample it onto the "
                "image's grid."
            )
        image, scaled = scaled(image), as_it_is
        drawn = _left_of(onto_grid(_on_grid(drawn, labels), image))
        stages = [Stage("corrected", drawn, image, image)]
        notes = ("The mask was resampled onto the grid of the image (nearest neighbor).",)
    if settings.pre_crop and settings.resampled_spacing is None:
        wide = k, j, i = widened(drawn.box, settings.pad_distance, drawn.shape)
        image = image[i, j] if image.GetDimension() == 2 else image[i, j, k]
        drawn = drawn.cut_to(wide)
    return scaled(image), drawn, stages, notes


def _resampled(
    image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings, scaled: Scaled
) -> tuple[SimpleITK.Image, MaskInBox, Stage]:
    if settings.gray_values and image.GetSize() == mask.GetSize():
        refuse_what_is_no_number(_inside(image, _left_of(mask)))
    image, mask = (resample_centered if settings.ibsi else resample)(image, mask, settings, scaled)
    drawn = _left_of(mask)
    if settings.gray_values:
        refuse_what_is_no_number(_inside(image, drawn), "resampling")
    return image, drawn, Stage("interpolated", drawn, mask, image)


def _on_grid(drawn: MaskInBox, labels: SimpleITK.Image) -> SimpleITK.Image:
    """The mask as an image of 0 and 1."""
    return like(labels, drawn.whole().reshape(labels.GetSize()[::-1]).astype(np.uint8))


def _left_of(mask: SimpleITK.Image) -> MaskInBox:
    """The mask of an image of 0 and 1.

    Raises
    ------
    InputError : it is empty
    """
    values = in_space(mask) > 0
    if not values.any():
        raise InputError("No voxel of the region is left after resampling or thresholds.")
    return in_box(values)


def in_space(image: SimpleITK.Image) -> NDArray:
    """The values of an image ``[k, j, i]``, a picture as one slice."""
    values = SimpleITK.GetArrayViewFromImage(image)
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def _inside(image: SimpleITK.Image, mask: MaskInBox) -> NDArray:
    inside: NDArray = in_space(image)[mask.box][mask.inside]
    return inside


def _refuse_several_values(image: SimpleITK.Image) -> None:
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise InputError("The image has several values in each voxel (a color image?); features need gray values.")
    if image.GetDimension() not in (2, 3):
        raise InputError(f"The image has {image.GetDimension()} dimensions; choose one time point of it.")


def label_image(mask: SimpleITK.Image, channel: int = 0) -> SimpleITK.Image:
    """The mask as labels 1, 2, ..., and 0 where there is none; of overlapping segments the layer that was chosen.

    Raises
    ------
    InputError : the mask has no such layer, or holds what are no labels
    """
    return once(f"labels of layer {channel}", mask, lambda: _label_image(mask, channel))


def _label_image(mask: SimpleITK.Image, channel: int) -> SimpleITK.Image:
    layers = mask.GetNumberOfComponentsPerPixel()
    if layers > 1:
        if channel >= layers:
            raise InputError(f"The mask has {layers} layers, so that there is no layer {channel} (they count from 0).")
        mask = SimpleITK.VectorIndexSelectionCast(mask, channel)
    values = SimpleITK.GetArrayViewFromImage(mask)
    if np.issubdtype(values.dtype, np.complexfloating):
        raise InputError("The mask holds complex numbers; labels are whole numbers.")
    if np.issubdtype(values.dtype, np.floating) and not np.array_equal(values, np.floor(values)):
        raise InputError(
            "The mask holds fractions (a map of probabilities, or a mask that was smoothed); labels are whole numbers. "
            "Threshold it first."
        )
    if values.size and values.max() > _HIGHEST_LABEL:
        raise InputError(f"The mask holds the value {values.max():g}; labels go up to {_HIGHEST_LABEL}.")
    if values.size and values.min() < 0:  # background, as some programs write it
        mask = SimpleITK.Maximum(mask, 0.0)
    return SimpleITK.Cast(mask, SimpleITK.sitkUInt32)


def _places(labels: SimpleITK.Image) -> dict[int, Box]:
    """The box around each label that occurs, of all labels in one pass."""
    return once("places", labels, lambda: _boxes(in_space(labels)))


def _boxes(values: NDArray[np.unsignedinteger]) -> dict[int, Box]:
    present: Sequence[int] = range(1, int(values.max(initial=0)) + 1)
    numbers: NDArray[np.integer] = values
    if len(present) > MOST_NUMBERS:
        present = np.unique(values[values > 0]).tolist()
        numbers = np.searchsorted(present, values, side="right")  # background, below all of them, becomes 0
    return {label: box for label, box in zip(present, find_objects(numbers), strict=True) if box is not None}


class SeveralLabelsError(InputError):
    """A mask has several labels, and none was chosen."""


def chosen_label(mask: SimpleITK.Image, wanted: int | None) -> int:
    """The label that is to be measured: the wanted one, or the only one that a mask made by `label_image` has.

    Raises
    ------
    InputError : there is none, or not the wanted one, or there are several
    """
    return _chosen(_places(mask), wanted)


def _chosen(places: Collection[int], wanted: int | None) -> int:
    labels = list(places)
    if not labels:
        raise InputError("The mask is empty: nothing is segmented.")
    present = ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
    if wanted is None:
        if len(labels) > 1:
            raise SeveralLabelsError(f"The mask has more than one label ({present}); say which one is to be measured.")
        return labels[0]
    if wanted not in labels:
        raise InputError(f"The mask has no label {wanted}; it has {present}.")
    return wanted


def _refuse_too_small(mask: MaskInBox, settings: Settings) -> None:
    extents = sum(size > 1 for size in mask.inside.shape)
    if extents == 0:
        raise InputError("The region is a single voxel; features need more.")
    if extents < settings.minimum_dimensions:
        raise InputError(
            f"The region has more than one voxel along {extents} of its axes; {settings.minimum_dimensions} are asked "
            "for (minimumROIDimensions)."
        )
    if settings.minimum_voxels is not None and mask.voxels <= settings.minimum_voxels:
        raise InputError(
            f"The region has {counted(mask.voxels, 'voxel')}; more than {settings.minimum_voxels} are asked for "
            "(minimumROISize)."
        )


def refuse_what_is_no_number(inside: NDArray, filtered: str = "") -> None:
    """See that every voxel of the region has a value.

    Parameters
    ----------
    inside : values of the region, ``(voxels,)``
    filtered : the filter that made them, whose voxels take in values from outside the region

    Raises
    ------
    InputError : some are NaN or infinite
    """
    if not np.issubdtype(inside.dtype, np.floating) or not (wrong := int(np.count_nonzero(~np.isfinite(inside)))):
        return
    if filtered:
        raise InputError(
            f"The image has voxels without a value (NaN or infinite) outside the region, which {filtered} carries into "
            f"{wrong} of its {len(inside)} voxels; give them a value first, 0 for instance."
        )
    raise InputError(
        f"{wrong} of the region's {len(inside)} voxels have no value (NaN or infinite); leave them out of the mask."
    )


def _within_thresholds(image: SimpleITK.Image, mask: MaskInBox, settings: Settings) -> MaskInBox:
    inside = _inside(image, mask)
    with_value = inside[np.isfinite(inside)]
    if settings.resegment_mode != "absolute" or settings.resegment_sigma is not None or not len(with_value):
        refuse_what_is_no_number(inside)
    kept = _in_range(inside, settings) if settings.resegment_range is not None else np.ones(len(inside), dtype=bool)
    if settings.resegment_sigma is not None and kept.any():
        kept &= np.abs(inside - np.mean(inside[kept])) <= settings.resegment_sigma * np.std(inside[kept])
    if np.count_nonzero(kept) <= 1:
        raise InputError(
            f"The thresholds leave {np.count_nonzero(kept)} of the region's {len(inside)} voxels, whose values go from "
            f"{with_value.min():g} to {with_value.max():g}; widen resegmentRange."
        )
    result = np.zeros_like(mask.inside)
    result[mask.inside] = kept
    return in_box(result, mask.box, mask.shape)


def _in_range(inside: NDArray, settings: Settings) -> NDArray[np.bool_]:
    limits = sorted(settings.resegment_range or ())
    if settings.resegment_mode == "relative":
        highest = inside.max()
        highest = int(highest) if np.issubdtype(inside.dtype, np.integer) else highest  # its products may not fit
        limits = [highest * limit for limit in limits]
    elif settings.resegment_mode == "sigma":
        limits = [np.mean(inside) + np.std(inside) * limit for limit in limits]
    kept: NDArray[np.bool_] = inside >= limits[0]
    return kept & (inside <= limits[1]) if len(limits) == 2 else kept
