"""Image and mask files of a measurement."""

from __future__ import annotations

from pathlib import Path

import SimpleITK

from ..errors import InputError
from ..regular_file import cannot_read, open_regular


def read_image(path: Path) -> SimpleITK.Image:
    """A volume file (NRRD, NIfTI, MetaImage, DICOM file ...), or the one series of a DICOM folder.

    Raises
    ------
    InputError : missing, damaged, or a folder with several series
    """
    if path.is_dir():
        return _read_series(path)
    try:
        open_regular(path).close()
    except OSError as error:
        raise cannot_read(path, error) from error
    try:
        return SimpleITK.ReadImage(str(path))
    except RuntimeError as error:  # all that SimpleITK raises
        raise InputError(f"'{path.name}' is no image, or is damaged.") from error


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
