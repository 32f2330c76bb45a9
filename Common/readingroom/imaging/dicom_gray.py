"""Gray from a DICOM image, by the grayscale pipeline of the standard.

Modality LUT or rescale, then VOI LUT or window, then the inversion of MONOCHROME1. Padding is black.
Source: DICOM PS3.4 N.2 and PS3.3 C.7.5.1.1.2 (Pixel Padding Value), C.11.1 (Modality LUT), C.11.2 (VOI LUT).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from .dicom_file import decimals, items, text, whole_number
from .dicom_pixels import is_color, stored_values
from .display import Curve, Gray, Window, robust_window, window_between, window_of_header
from .gray import Shown, as_gray, refuse_no_picture, show
from .lookup_tables import lookup_table
from .stored_bits import value_in_bits

Notes = list[str]


def dicom_gray(dataset: Dataset, name: str) -> Shown:
    """The image of a dataset with its pixel data as a radiologist sees it.

    A VOI LUT goes before a window, and the first of several that can be used is taken. Without either, 8 bits are shown
    as they are and more through robust percentiles, which a note says.

    Raises
    ------
    InputError, SetupError : as `stored_values`; all pixels have the same value
    """
    return gray_of(dataset, stored_values(dataset, name), name)


def gray_of(dataset: Dataset, stored: NDArray, name: str) -> Shown:
    """The same of values that were decoded already, such as those of a frame with the header that is its own.

    Raises
    ------
    InputError : all pixels have the same value
    """
    refuse_no_picture(stored, name)
    notes: Notes = []
    if is_color(dataset):
        gray, color_fraction = as_gray(_shares(dataset, stored))
        notes.append("The image is stored in color; it was read as gray.")
        return Shown(gray, tuple(notes), color_fraction)
    filling = padding(dataset, stored)
    real = stored[~filling] if filling is not None and not filling.all() else stored
    refuse_no_picture(real, name)
    modality = _modality(dataset, real, notes)
    window = _voi(dataset, real, modality, notes) or _own_window(dataset, real, modality, notes)
    gray = show(real, modality, window, _inverted(dataset, notes), notes)
    if real is not stored:
        picture = np.zeros(stored.shape, np.float32)
        picture[~filling] = gray  # type: ignore[operator]  # there is padding
        gray = picture
    return Shown(gray, tuple(notes))


def padding(dataset: Dataset, stored: NDArray) -> NDArray[np.bool_] | None:
    """Which pixels only fill the matrix (PS3.3 C.7.5.1.1.2); None when none do."""
    value = whole_number(dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = whole_number(dataset, "PixelPaddingRangeLimit")
    bits, signed = whole_number(dataset, "BitsStored") or 16, whole_number(dataset, "PixelRepresentation") == 1
    low, high = sorted(value_in_bits(each, bits, signed) for each in (value, value if limit is None else limit))
    filling = (stored >= low) & (stored <= high)
    return filling if filling.any() else None


def _modality(dataset: Dataset, stored: NDArray, notes: Notes) -> Curve:
    """Stored values to modality values."""
    tables = items(dataset, "ModalityLUTSequence")
    for item in tables:
        if table := lookup_table(item, (int(stored.min()), int(stored.max()))):
            return table
    slope, intercept = (next(iter(decimals(dataset, name)), None) for name in ("RescaleSlope", "RescaleIntercept"))
    given = text(dataset, "RescaleSlope") or text(dataset, "RescaleIntercept")
    if tables or (given and (slope == 0 or (slope is None and intercept is None))):
        notes.append("The rescaling in the header cannot be used; its window may not fit the pixels.")
    if slope == 0 or (slope is None and intercept is None):
        return np.asarray
    factor, offset = 1.0 if slope is None else slope, intercept or 0.0
    return lambda stored: stored * factor + offset


def _voi(dataset: Dataset, stored: NDArray, modality: Curve, notes: Notes) -> Callable[[NDArray], Gray] | None:
    """The first VOI LUT or window of the header that can be used, or None."""
    tables = items(dataset, "VOILUTSequence")
    limits = _range(stored, modality) if tables else (0.0, 0.0)
    usable = next((table for item in tables if (table := lookup_table(item, limits))), None)
    if usable is not None:
        return usable.gray
    if tables:
        notes.append("The VOI LUT in the header cannot be used.")
    centers, widths = decimals(dataset, "WindowCenter"), decimals(dataset, "WindowWidth")
    return window_of_header(centers, widths, text(dataset, "VOILUTFunction"), notes)


def _range(stored: NDArray, modality: Curve) -> tuple[float, float]:
    """Least and largest modality value."""
    values = modality(np.arange(int(stored.min()), int(stored.max()) + 1))
    return float(values.min()), float(values.max())


def _shares(dataset: Dataset, stored: NDArray) -> Gray:
    """Red, green and blue from 0 to 1."""
    bits = min(whole_number(dataset, "BitsStored") or 16, 8 * stored.dtype.itemsize)
    return np.minimum(stored.astype(np.float32) / (2**bits - 1), 1)


def _own_window(dataset: Dataset, stored: NDArray, modality: Curve, notes: Notes) -> Window:
    """A window for an image whose header gives none."""
    bits = whole_number(dataset, "BitsStored") or 16
    if bits > 8:
        notes.append("The header gives no usable window; the gray scale was taken from the pixels.")
        return robust_window(stored, modality)
    least = -(2 ** (bits - 1)) if whole_number(dataset, "PixelRepresentation") else 0
    low, high = sorted(float(value) for value in modality(np.array([least, least + 2**bits - 1])))
    return window_between(low, high)


def _inverted(dataset: Dataset, notes: Notes) -> bool:
    """Whether low values are white."""
    inverted = text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    shape = text(dataset, "PresentationLUTShape").upper()
    if shape in ("IDENTITY", "INVERSE") and inverted != (shape == "INVERSE"):
        notes.append("The header contradicts itself on whether low values are black or white; compare with the image.")
        return True  # one of the two says so, and a forgotten default is never INVERSE or MONOCHROME1
    return inverted
