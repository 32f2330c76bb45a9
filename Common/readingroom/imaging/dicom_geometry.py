"""Where a single DICOM image lies in space, by the rules that SimpleITK and 3D Slicer read it with.

Both read DICOM through GDCM. Its rules decide here too, even where they are surprising (a computed radiograph that has
PixelSpacing alone is given 1 mm), so that a heat map lies exactly on the volume that the viewer shows.
Source: GDCM, gdcmImageHelper.cxx and gdcmImageReader.cxx; compared with SimpleITK in the tests.
"""

from __future__ import annotations

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset

from .dicom_file import numbers, text
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


def _in_plane_spacing(dataset: Dataset) -> tuple[float, float]:
    storage = text(dataset, "SOPClassUID")
    if storage in _DETECTOR_SPACING:
        keywords = ["ImagerPixelSpacing"]
    elif storage in _PATIENT_SPACING:
        keywords = ["PixelSpacing"]
    elif storage == uid.SecondaryCaptureImageStorage:
        keywords = ["PixelSpacing", "NominalScannedPixelSpacing"]
    else:
        keywords = []
    for keyword in keywords:
        if found := numbers(dataset, keyword):
            rows, columns = found[0], found[-1]
            return rows if rows > 0 else 1.0, columns if columns > 0 else 1.0
    return 1.0, 1.0


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
