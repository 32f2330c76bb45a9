"""Segments of a DICOM Segmentation object (SEG: binary, fractional or label map)."""

from __future__ import annotations

from collections.abc import Sequence
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
    dataset = read_object(path)
    refuse_other_examination(path.name, examination(dataset), of_image)
    refuse_other_frames(dataset, path.name)
    with quiet_pydicom():
        try:
            segmentation = highdicom.seg.Segmentation.from_dataset(dataset, copy=False)
            labels = {
                number: str(segmentation.get_segment_description(number).segment_label)
                for number in segmentation.segment_numbers
                if number != _BACKGROUND
            }
        except Exception as error:  # highdicom and pydicom raise anything on damaged bytes
            raise InputError(f"'{path.name}' is a damaged DICOM segmentation.") from error
        wanted = chosen_structures(path.name, list(labels.values()), names)
        numbers = [number for number, label in labels.items() if label in wanted]
        try:
            geometry = segmentation.get_volume_geometry(allow_missing_positions=True)
        except Exception as error:
            raise InputError(f"'{path.name}' does not say where its segments lie.") from error
        if geometry is None:
            raise InputError(f"The frames of '{path.name}' are unequally spaced, so no mask is made of them.")
        slices, rows, columns = geometry.spatial_shape
        refuse_impossible_volume((columns, rows, slices), path.name)
        inside = np.zeros(geometry.spatial_shape, np.uint8)
        try:
            for number in numbers:  # one after the other, for they may overlap
                volume = segmentation.get_volume(segment_numbers=[number], allow_missing_positions=True)
                inside |= volume.array[..., 0] >= _HALF
        except Exception as error:
            raise InputError(f"The segments in '{path.name}' are damaged or cut short.") from error
        return as_image(volume.with_array(inside))
