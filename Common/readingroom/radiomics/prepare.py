"""From an image and a mask to the region that is measured: checks, normalizing, resampling, thresholds.

The steps and their order are those of PyRadiomics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import counted
from .grids import difference, like
from .normalize import normalizing
from .once import once
from .region import Box, Region, bounding_box
from .resample import Scaled, around_region, as_it_is, onto_grid, resample, resample_centered
from .settings import Settings

_HIGHEST_LABEL = 2**32 - 1


@dataclass(frozen=True)
class Stage:
    """The mask at one step of the way, and the image where that changed as well or was looked at."""

    name: str
    mask: SimpleITK.Image  # 0 and 1
    image: SimpleITK.Image | None = None


@dataclass(frozen=True)
class Prepared:
    """What is measured.

    Parameters
    ----------
    image : in three dimensions, on the grid of the mask
    mask : voxels that first-order statistics and texture look at, ``[k, j, i]``
    shape_mask : voxels that the shape is taken of
    box : the box around ``mask``
    labels : the mask as it came, with all labels
    label : which of them it is
    flat : whether image and mask came in two dimensions
    stages : for the provenance
    notes : sentences about what was done that the reader has to know
    """

    image: SimpleITK.Image
    mask: NDArray[np.bool_]
    shape_mask: NDArray[np.bool_]
    box: Box
    labels: SimpleITK.Image
    label: int
    flat: bool
    stages: tuple[Stage, ...]
    notes: tuple[str, ...]

    def region(self, values: NDArray | None = None) -> Region:
        """The region of the image, or of a filtered one, whose values ``[k, j, i]`` in the box are given."""
        if values is None:
            values = SimpleITK.GetArrayViewFromImage(self.image)[self.box]
        return Region(values, self.mask[self.box], self.spacing)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """mm, ``(k, j, i)``."""
        i, j, k = self.image.GetSpacing()
        return (k, j, i)


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
    labels = once(f"labels of layer {channel}", mask, lambda: label_image(mask, channel))
    if image.GetDimension() != labels.GetDimension():
        raise InputError(
            f"The image has {image.GetDimension()} dimensions and the mask {labels.GetDimension()}; they have to agree."
        )
    flat = image.GetDimension() == 2
    label = chosen_label(labels, settings.label)
    chosen = like(labels, (SimpleITK.GetArrayViewFromImage(labels) == label).astype(np.uint8))
    stages = [Stage("original", chosen)]
    image, chosen, more, notes = _on_one_grid(image, chosen, settings)
    stages += more
    if flat:
        image, chosen = SimpleITK.JoinSeries(image), SimpleITK.JoinSeries(chosen)

    whole = SimpleITK.GetArrayViewFromImage(chosen).astype(bool)
    box = _checked_box(whole, settings)
    values = SimpleITK.GetArrayViewFromImage(image)
    mask_of_values = whole
    if settings.resegment_range is not None or settings.resegment_sigma is not None:
        mask_of_values = _within_thresholds(values, whole, settings)
        box = _checked_box(mask_of_values, settings)
        resegmented = SimpleITK.GetImageFromArray(mask_of_values.astype(np.uint8))
        resegmented.CopyInformation(image)
        stages.append(Stage("resegmented", *((each[:, :, 0] if flat else each) for each in (resegmented, image))))
    if settings.gray_values:
        refuse_what_is_no_number(values[box][mask_of_values[box]])
    shape_mask = mask_of_values if settings.resegment_shape else whole
    return Prepared(image, mask_of_values, shape_mask, box, labels, label, flat, tuple(stages), notes)


def _on_one_grid(
    image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings
) -> tuple[SimpleITK.Image, SimpleITK.Image, list[Stage], tuple[str, ...]]:
    """Image and mask normalized, resampled or cropped as the settings ask for, what was done, and what has to be said
    about it."""
    scaled = normalizing(image, settings)
    if settings.resampled_spacing is not None and settings.interpolator is not None:
        return *_resampled(image, mask, settings, scaled), ()
    stages, notes = list[Stage](), tuple[str, ...]()
    if other := difference(mask, image, settings.geometry_tolerance):
        if not settings.correct_mask:
            raise InputError(
                f"The mask lies on another grid than the image: {other}. Set correctMask to resample it onto the "
                "image's grid."
            )
        image, scaled, mask = scaled(image), as_it_is, onto_grid(mask, image)
        stages = [Stage("corrected", mask, image)]
        notes = ("The mask was resampled onto the grid of the image (nearest neighbor).",)
    if settings.pre_crop and settings.resampled_spacing is None:
        image, mask = around_region(image, mask, settings.pad_distance)
    return scaled(image), mask, stages, notes


def _resampled(
    image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings, scaled: Scaled
) -> tuple[SimpleITK.Image, SimpleITK.Image, list[Stage]]:
    if settings.gray_values and image.GetSize() == mask.GetSize():
        refuse_what_is_no_number(_inside(image, mask))
    image, mask = (resample_centered if settings.ibsi else resample)(image, mask, settings, scaled)
    if settings.gray_values:
        refuse_what_is_no_number(_inside(image, mask), "resampling")
    return image, mask, [Stage("interpolated", mask, image)]


def _inside(image: SimpleITK.Image, mask: SimpleITK.Image) -> NDArray:
    inside: NDArray = SimpleITK.GetArrayViewFromImage(image)[SimpleITK.GetArrayViewFromImage(mask) > 0]
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


def _occurring(mask: SimpleITK.Image) -> list[int]:
    values = SimpleITK.GetArrayViewFromImage(mask)
    return [int(label) for label in np.unique(values[values > 0])]


def chosen_label(mask: SimpleITK.Image, wanted: int | None) -> int:
    """The label that is to be measured: the wanted one, or the only one that a mask made by `label_image` has.

    Raises
    ------
    InputError : there is none, or not the wanted one, or there are several
    """
    labels = once("labels", mask, lambda: _occurring(mask))
    if not labels:
        raise InputError("The mask is empty: nothing is segmented.")
    present = ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
    if wanted is None:
        if len(labels) > 1:
            raise InputError(f"The mask has more than one label ({present}); say which one is to be measured.")
        return labels[0]
    if wanted not in labels:
        raise InputError(f"The mask has no label {wanted}; it has {present}.")
    return wanted


def _checked_box(mask: NDArray[np.bool_], settings: Settings) -> Box:
    if not mask.any():
        raise InputError("No voxel of the region is left after resampling or thresholds.")
    box = bounding_box(mask)
    extents = sum(part.stop - part.start > 1 for part in box)
    if extents == 0:
        raise InputError("The region is a single voxel; features need more.")
    if extents < settings.minimum_dimensions:
        raise InputError(
            f"The region has more than one voxel along {extents} of its axes; {settings.minimum_dimensions} are asked "
            "for (minimumROIDimensions)."
        )
    count = int(np.count_nonzero(mask[box]))
    if settings.minimum_voxels is not None and count <= settings.minimum_voxels:
        raise InputError(
            f"The region has {counted(count, 'voxel')}; more than {settings.minimum_voxels} are asked for "
            "(minimumROISize)."
        )
    return box


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


def _within_thresholds(values: NDArray, mask: NDArray[np.bool_], settings: Settings) -> NDArray[np.bool_]:
    inside = values[mask]
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
    result = np.zeros_like(mask)
    result[mask] = kept
    return result


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
