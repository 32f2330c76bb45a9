"""Gray from values that are not in a DICOM file: a picture, an NRRD or NIfTI file, a volume open in a viewer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import dicom_terms
from ..errors import InputError
from ..study import StudyImage
from .display import Window, robust_window, through, window_between, window_of_header
from .gray import Shown, as_gray, refuse_no_picture, show

_FULL_SCALES = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
# A 16-bit picture that uses less than this share of its range holds detector values, not a rendered picture.
_LEAST_USED_RANGE = 0.25


def values_gray(values: NDArray, image: StudyImage, name: str) -> Shown:
    """The values ``[j, i]`` or ``[j, i, 3]`` as they are displayed.

    ``image.rendered`` values are shown as they are. Others go through the window in ``image.facts`` (``WindowCenter``,
    ``WindowWidth``, ``VOILUTFunction``; a viewer's window is LINEAR_EXACT) and are inverted when MONOCHROME1.

    Raises
    ------
    InputError : not finite, all the same, or a number of channels that no picture has
    """
    refuse_no_picture(values, name)
    notes: list[str] = []
    if values.ndim == 3:
        if values.shape[-1] not in (3, 4):
            raise InputError(f"'{name}' has {values.shape[-1]} values per pixel; a radiograph has one.")
        gray, color_fraction = as_gray(through(_full_scale(values, notes), values)[..., :3])
        if color_fraction:
            notes.append("The picture has colors; it was read as gray.")
        return Shown(gray, tuple(notes), color_fraction)
    window = None if image.rendered else _window(image, notes)
    inverted = not image.rendered and image.fact("PhotometricInterpretation") == "MONOCHROME1"
    gray = show(values, np.asarray, window or _full_scale(values, notes), inverted, notes)
    return Shown(gray, tuple(notes))


def _window(image: StudyImage, notes: list[str]) -> Window | None:
    centers, widths = (dicom_terms.decimals(image.fact(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    return window_of_header(centers, widths, image.fact("VOILUTFunction"), notes, default="LINEAR_EXACT")


def _full_scale(values: NDArray, notes: list[str]) -> Window:
    """8 bits as they are; 16 bits as they are if they use their range; floats from 0 to 1 as they are; else robust."""
    low, high = float(values.min()), float(values.max())
    scale = _FULL_SCALES.get(values.dtype)
    if scale and (scale == 255 or high - low >= _LEAST_USED_RANGE * scale):
        return window_between(0, scale)
    if np.issubdtype(values.dtype, np.floating) and low >= 0 and high <= 1:
        return window_between(0, 1)
    notes.append("The file gives no window; the gray scale was taken from its pixels.")
    return robust_window(values.reshape(*values.shape[:2], -1).max(axis=-1) if values.ndim == 3 else values)
