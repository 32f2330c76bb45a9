"""Where a single DICOM image lies in space, by the rules that SimpleITK and 3D Slicer read it with.

Both read DICOM through GDCM. Its rules decide here too, even where they are surprising (a computed radiograph that has
PixelSpacing alone is given 1 mm), so that a heat map lies exactly on the volume that the viewer shows.
Source: GDCM, gdcmImageHelper.cxx and gdcmImageReader.cxx; compared with SimpleITK in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset

from .dicom_file import decimals, numbers, text
from .geometry import ONE_MILLIMETER, Geometry

_DETECTOR_SPACING = {
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.DigitalMammographyXRayImageStorageForProcessing,
    uid.DigitalIntraOralXRayImageStorageForPresentation,
    uid.DigitalIntraOralXRayImageStorageForProcessing,
    uid.XRayAngiographicImageStorage,
    uid.XRayRadiofluoroscopicImageStorage,
}
_PATIENT_SPACING = {
    uid.CTImageStorage,
    uid.MRImageStorage,
    uid.PositronEmissionTomographyImageStorage,
    uid.NuclearMedicineImageStorage,
    uid.VLPhotographicImageStorage,
}


def dicom_geometry(dataset: Dataset) -> Geometry:
    """The geometry of a single-frame DICOM image; missing or impossible values become 1 mm, 0 and the identity."""
    row_spacing, column_spacing = _in_plane_spacing(dataset)
    between = numbers(dataset, "SpacingBetweenSlices")
    position = numbers(dataset, "ImagePositionPatient")
    return Geometry(
        spacing=(column_spacing, row_spacing, abs(between[0]) if between and between[0] else 1.0),
        origin=position if len(position) == 3 else ONE_MILLIMETER.origin,
        direction=_direction(numbers(dataset, "ImageOrientationPatient")),
    )


def spacing_notes(dataset: Dataset) -> tuple[str, ...]:
    """What the header says of the size of a pixel and that was not used."""
    keywords = _spacing_keywords(dataset)
    notes = []
    for keyword in keywords:
        values = decimals(dataset, keyword)
        if values and (len(values) != 2 or any(value is None or value <= 0 for value in values)):
            used = "1 mm was taken for what is missing" if _unusable(values[:2]) else "the first two were used"
            notes.append(f"{keyword} in the header is not two sizes above 0; {used}.")
    if "ImagerPixelSpacing" not in keywords:
        return tuple(notes)
    detector = decimals(dataset, "ImagerPixelSpacing")
    calibrated = decimals(dataset, "PixelSpacing")
    magnification = next(iter(decimals(dataset, "EstimatedRadiographicMagnificationFactor")), None)
    if calibrated and not detector:
        notes.append("The header gives the size of a pixel in the patient alone, not on the detector; 1 mm was taken.")
    elif detector and calibrated and calibrated != detector:
        notes.append("The header gives a calibrated size of a pixel, too; lengths here are those on the detector.")
    elif detector and magnification is not None and magnification != 1:
        notes.append("The header estimates a magnification; lengths here are those on the detector, without it.")
    return tuple(notes)


def _unusable(values: Sequence[float | None]) -> bool:
    return len(values) < 2 or any(value is None or value <= 0 for value in values)


def _in_plane_spacing(dataset: Dataset) -> tuple[float, float]:
    """Between rows and between columns. Of more values the first two count, a single one counts for both."""
    for keyword in _spacing_keywords(dataset):
        if values := decimals(dataset, keyword):
            rows, columns = (value if value is not None and value > 0 else 1.0 for value in (*values, *values)[:2])
            return rows, columns
    return 1.0, 1.0


def _spacing_keywords(dataset: Dataset) -> tuple[str, ...]:
    storage = text(dataset, "SOPClassUID")
    if storage in _DETECTOR_SPACING:
        return ("ImagerPixelSpacing",)
    if storage in _PATIENT_SPACING:
        return ("PixelSpacing",)
    return ("PixelSpacing", "NominalScannedPixelSpacing") if storage == uid.SecondaryCaptureImageStorage else ()


def _direction(orientation: tuple[float, ...]) -> tuple[float, ...]:
    if len(orientation) != 6:
        return ONE_MILLIMETER.direction
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if min(lengths) < 1e-6:
        return ONE_MILLIMETER.direction
    along_row, along_column = along_row / lengths[0], along_column / lengths[1]
    if abs(along_row @ along_column) > 1e-3:
        return ONE_MILLIMETER.direction
    columns = np.stack([along_row, along_column, np.cross(along_row, along_column)], axis=1)
    return tuple(float(value) for value in columns.ravel())
