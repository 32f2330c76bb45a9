"""Image and mask files of a measurement."""

from __future__ import annotations

from pathlib import Path

import SimpleITK

from ..errors import InputError
from ..imaging.file_kind import file_kind
from ..imaging.picture_file import picture_geometry, read_picture
from ..imaging.volume_file import VOLUME_KINDS, read_volume


def read_image(path: Path) -> SimpleITK.Image:
    """A volume file (NRRD, NIfTI, MetaImage), a picture, a DICOM file, or the one series of a DICOM folder.

    Raises
    ------
    InputError : missing, damaged, no image, a picture with colors, or a folder with several series
    """
    if path.is_dir():
        return _read_series(path)
    kind = file_kind(path)
    if kind in VOLUME_KINDS:
        return read_volume(path, kind, several_slices=True)
    if kind == "dicom":
        return _read_dicom(path)
    values, _ = read_picture(path, kind)
    if values.ndim != 2:
        raise InputError(f"'{path.name}' holds a picture with colors; one gray value for each pixel was expected.")
    return picture_geometry(path, kind).place(values)


def _read_dicom(path: Path) -> SimpleITK.Image:
    shown = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        return SimpleITK.ReadImage(str(path), imageIO="GDCMImageIO")
    except RuntimeError as error:  # all that SimpleITK raises
        raise InputError(f"'{path.name}' is a DICOM file that holds no image, or is damaged.") from error
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(shown)


def _read_series(folder: Path) -> SimpleITK.Image:
    shown = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)  # warnings quote the header, which may name the patient
    try:
        series = SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
        if len(series) != 1:
            raise InputError(f"The folder {folder.name} holds {len(series)} DICOM series; one was expected.")
        return SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series[0]))
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(shown)
