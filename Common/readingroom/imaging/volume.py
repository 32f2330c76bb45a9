"""A CT or MR volume: its stored values in a geometry whose axes run to the patient's left, back and head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..study import StudyImage, StudyMask
from .file_kind import file_kind
from .volume_file import read_volume

_FEWEST_SLICES = 3  # fewer are a picture, or a localizer


@dataclass(frozen=True, eq=False)
class Volume:
    """A loaded volume.

    Parameters
    ----------
    image : float32, HU for CT, its axes along the patient's left, back and head (LPS)
    notes : what was done that the file did not ask for, in plain sentences
    """

    image: SimpleITK.Image
    notes: tuple[str, ...] = ()

    @property
    def voxels(self) -> NDArray[np.float32]:
        """``[k, j, i]``, not to be written to."""
        voxels: NDArray[np.float32] = SimpleITK.GetArrayViewFromImage(self.image)
        return voxels


def open_volume(image: StudyImage) -> Volume:
    """The volume of a study image, from its file or from memory.

    Raises
    ------
    InputError : as `load_volume`
    """
    if image.pixels is not None:
        return Volume(_oriented(image.pixels, f"The image '{image.role}'"))
    return Volume(load_volume(Path(image.path)))  # type: ignore[arg-type]  # a StudyImage has pixels or a path


def load_volume(path: Path) -> SimpleITK.Image:
    """The volume of an NRRD or NIfTI file, or of the longest series in a DICOM folder (HU for CT), float32, in LPS.

    Raises
    ------
    InputError : with one sentence, for whatever is no volume: missing, damaged, a single picture, values that are not
        numbers
    """
    return _oriented(_dicom_series(path) if path.is_dir() else _file(path), f"'{path.name}'")


def load_mask(mask: StudyMask | Path, volume: SimpleITK.Image) -> NDArray[np.bool_]:
    """A mask ``[k, j, i]`` on the grid of ``volume``: whatever is not 0 in the file.

    Raises
    ------
    InputError : as `load_volume`
    """
    if isinstance(mask, Path):
        pixels = _file(mask)
    else:
        pixels = mask.pixels if mask.pixels is not None else _file(Path(mask.path))  # type: ignore[arg-type]
    on_grid = SimpleITK.Resample(pixels, volume, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    return SimpleITK.GetArrayFromImage(on_grid) != 0


def series_files(folder: Path) -> tuple[str, ...]:
    """The files of the longest DICOM series in a folder and its subfolders, in the order of their slices.

    Raises
    ------
    InputError : no series has several slices
    """
    with _quiet():
        series = [files for place in (folder, *_subfolders(folder)) for files in _series(place)]
    longest: tuple[str, ...] = max(series, key=len, default=())
    if len(longest) < _FEWEST_SLICES:
        raise InputError(f"The folder '{folder.name}' holds no DICOM series of several slices.")
    return longest


def _oriented(image: SimpleITK.Image, name: str) -> SimpleITK.Image:
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"{name} holds several values for each voxel; a gray volume was expected.")
    if image.GetDimension() != 3 or image.GetSize()[2] < _FEWEST_SLICES:
        raise InputError(f"{name} is no volume: it has fewer than {_FEWEST_SLICES} slices.")
    volume = SimpleITK.DICOMOrient(SimpleITK.Cast(image, SimpleITK.sitkFloat32), "LPS")
    if not np.isfinite(SimpleITK.GetArrayViewFromImage(volume)).all():
        raise InputError(f"{name} holds voxels that are not numbers (NaN or infinite).")
    return volume


def _file(path: Path) -> SimpleITK.Image:
    kind = file_kind(path)
    if kind not in ("nrrd", "nifti"):
        raise InputError(f"'{path.name}' is no volume; it must be a DICOM folder, an NRRD or a NIfTI file.")
    return read_volume(path, kind, several_slices=True)


def _dicom_series(folder: Path) -> SimpleITK.Image:
    """The series with the most files; subfolders are looked through, other files are left aside."""
    longest: Sequence[str] = series_files(folder)
    with _quiet():
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(longest)
        try:
            return reader.Execute()
        except RuntimeError as error:  # all that SimpleITK raises
            raise InputError(f"The DICOM series in '{folder.name}' is damaged or incomplete.") from error


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_dir())


def _series(folder: Path) -> list[tuple[str, ...]]:
    """The files of each series in the order of their slices."""
    reader = SimpleITK.ImageSeriesReader
    return [reader.GetGDCMSeriesFileNames(str(folder), uid) for uid in reader.GetGDCMSeriesIDs(str(folder))]


class _quiet:  # noqa: N801  # a context, used as a verb
    """GDCM's warnings quote header values, which may name the patient: they must not reach a log."""

    def __enter__(self) -> None:
        self._before = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)

    def __exit__(self, *_: object) -> None:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(self._before)
