"""A CT or MR volume: its stored values in a geometry whose axes run to the patient's left, back and head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Progress
from ..study import StudyImage
from .dicom_series import Rank, find_series, is_series
from .dicom_volume import Slices, series_volume
from .examination import examination_of, set_examination
from .file_kind import file_kind
from .slice_stack import FEWEST_SLICES
from .volume_file import read_volume

if TYPE_CHECKING:
    from .bias_field import BiasField


@dataclass(frozen=True, eq=False)
class Volume:
    """A loaded volume.

    Parameters
    ----------
    image : float32, HU for CT, its axes along the patient's left, back and head (LPS)
    notes : what was done that the file did not ask for, in plain sentences
    interpolated : numbers, along ``slice_axis``, of slices that are missing in a DICOM series: values between neighbors
    slice_axis : axis of `voxels` along which the slices were taken; 0 where that is not known
    stored_as : SimpleITK's number of the type that the values came in; whole numbers are resampled otherwise
    bias_field : of an MR, what was taken out of it; None where nothing was
    """

    image: SimpleITK.Image
    notes: tuple[str, ...] = ()
    interpolated: tuple[int, ...] = ()
    slice_axis: int = 0
    stored_as: int = SimpleITK.sitkFloat32
    bias_field: BiasField | None = None

    @property
    def voxels(self) -> NDArray[np.float32]:
        """``[k, j, i]``, not to be written to."""
        return np.asarray(_Voxels(self.image))


class _Voxels:
    """The memory of an image, kept as long as an array looks at it; SimpleITK's own view does not see to it."""

    def __init__(self, image: SimpleITK.Image):
        self._image = image
        self.__array_interface__ = SimpleITK.GetArrayViewFromImage(image).__array_interface__


def open_volume(image: StudyImage, progress: Progress | None = None) -> Volume:
    """The volume of a study image, from its file or from memory.

    Raises
    ------
    InputError : as `load_volume`
    """
    if image.pixels is not None:
        return _oriented(image.pixels, f"The image '{image.role}'")
    return load_volume(Path(image.path), image.series_instance_uid, progress=progress)  # type: ignore[arg-type]


def load_volume(
    path: Path,
    series_uid: str = "",
    modalities: Sequence[str] = (),
    progress: Progress | None = None,
    rank: Rank | None = None,
) -> Volume:
    """The volume of an NRRD or NIfTI file, or of a DICOM series (HU for CT).

    Parameters
    ----------
    path : a file; of DICOM a folder, any slice of a series, or a file that holds all slices
    series_uid, modalities, rank : which series of a folder is meant, as in `dicom_series.find_series`

    Raises
    ------
    InputError : with one sentence, for whatever is no volume: missing, damaged, a single picture, values that are not
        numbers, slices that are missing, unevenly spaced or not of one volume
    SetupError : the decoder of a compression is not installed
    CancelledError : the user canceled
    """
    if not is_series(path):
        return _oriented(read_volume(path, file_kind(path), several_slices=True), f"'{path.name}'")
    progress = progress or Progress()
    series = find_series(path, series_uid, modalities, progress.part(0.0, 0.3), rank)
    return _oriented(series_volume(series, progress.part(0.3, 1.0)), f"'{path.name}'")


def _oriented(source: SimpleITK.Image | Slices, name: str) -> Volume:
    """In LPS and float32, copied only where it is not so already."""
    slices = source if isinstance(source, Slices) else Slices(source, (), ())
    image = slices.image
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"{name} holds several values for each voxel; a gray volume was expected.")
    if image.GetDimension() != 3 or image.GetSize()[2] < FEWEST_SLICES:
        raise InputError(f"{name} is no volume: it has fewer than {FEWEST_SLICES} slices.")
    stored_as = image.GetPixelID()
    if stored_as != SimpleITK.sitkFloat32:
        image = SimpleITK.Cast(image, SimpleITK.sitkFloat32)
    turn = SimpleITK.DICOMOrientImageFilter()
    turn.SetDesiredCoordinateOrientation("LPS")
    if turn.GetOrientationFromDirectionCosines(image.GetDirection()) != "LPS":
        image = turn.Execute(image)
        flipped = turn.GetFlipAxes()[turn.GetPermuteOrder().index(2)]
        axis = 2 - turn.GetPermuteOrder().index(2)
    else:
        flipped, axis = False, 0
    if not np.isfinite(SimpleITK.GetArrayViewFromImage(image)).all():
        raise InputError(f"{name} holds voxels that are not numbers (NaN or infinite).")
    set_examination(image, examination_of(slices.image))
    count = slices.image.GetSize()[2]
    interpolated = tuple(sorted(count - 1 - number if flipped else number for number in slices.interpolated))
    return Volume(image, slices.notes, interpolated, axis, stored_as)
