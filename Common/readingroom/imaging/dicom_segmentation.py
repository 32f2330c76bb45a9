"""Segments of a DICOM Segmentation object (SEG: binary, fractional or label map)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import highdicom
import numpy as np
import SimpleITK

from ..errors import InputError
from .dicom_file import quiet_pydicom, read_object
from .dicom_pixels import refuse_other_frames
from .dicom_volume import as_image
from .examination import Examination, examination, refuse_other_examination
from .limits import refuse_impossible_volume
from .structure_names import chosen_structures

_HALF = 0.5  # a fractional segment holds what is more likely inside than not
_BACKGROUND = 0  # in a label map


def segment_mask(path: Path, names: Sequence[str], of_image: Examination) -> SimpleITK.Image:
    """The named segments together: 1 inside, 0 outside, on the grid of the file.

    Parameters
    ----------
    names : segment labels; a file with a single segment needs none
    of_image : what is known of the examination of the image

    Raises
    ------
    InputError : damaged, of another examination, without a place in the patient, too large, or the names do not fit
    """
    inside = segments_of(path, of_image)
    first, *others = (inside[name]() for name in chosen_structures(path.name, list(inside), names))
    for other in others:
        first |= other
    return first


def segments_of(path: Path, of_image: Examination) -> dict[str, Callable[[], SimpleITK.Image]]:
    """What gives each segment of a file as `segment_mask` does, by its label; segments of one label are one.

    Raises
    ------
    InputError : damaged, of another examination, without a place in the patient, or too large
    """
    dataset = read_object(path)
    refuse_other_examination(path.name, examination(dataset), of_image)
    refuse_other_frames(dataset, path.name)
    with quiet_pydicom():
        numbers: dict[str, list[int]] = {}
        try:
            segmentation = highdicom.seg.Segmentation.from_dataset(dataset, copy=False)
            for number in segmentation.segment_numbers:
                if number != _BACKGROUND:
                    label = str(segmentation.get_segment_description(number).segment_label)
                    numbers.setdefault(label, []).append(number)
        except Exception as error:  # highdicom and pydicom raise anything on damaged bytes
            raise InputError(f"'{path.name}' is a damaged DICOM segmentation.") from error
        try:
            geometry = segmentation.get_volume_geometry(allow_missing_positions=True)
        except Exception as error:
            raise InputError(f"'{path.name}' does not say where its segments lie.") from error
        if geometry is None:
            raise InputError(f"The frames of '{path.name}' are unequally spaced, so no mask is made of them.")
        slices, rows, columns = geometry.spatial_shape
        refuse_impossible_volume((columns, rows, slices), path.name)
    return {label: partial(_marked, segmentation, own, path.name) for label, own in numbers.items()}


@quiet_pydicom()
def _marked(segmentation: highdicom.seg.Segmentation, numbers: list[int], file: str) -> SimpleITK.Image:
    try:
        # One after the other, for they may overlap.
        volumes = [segmentation.get_volume(segment_numbers=[n], allow_missing_positions=True) for n in numbers]
        inside = np.any([volume.array[..., 0] >= _HALF for volume in volumes], axis=0)
    except Exception as error:
        raise InputError(f"The segments in '{file}' are damaged or cut short.") from error
    return as_image(volumes[0].with_array(inside.astype(np.uint8)))
