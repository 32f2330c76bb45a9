"""NRRD, NIfTI and MetaImage files, of one radiograph or of a volume.

They are read here and by no library: the lengths are those of the header, nothing is taken from another file or from
memory, nothing is unpacked beyond what the header tells of, and what is not understood is named.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK

from ..errors import InputError
from ..regular_file import cannot_read, open_regular
from .limits import refuse_impossible_size
from .metaimage_file import metaimage_header
from .nifti_file import nifti_header
from .nrrd_file import nrrd_header
from .volume_header import VolumeHeader

_HEADERS: dict[str, Callable[[BinaryIO, str], VolumeHeader]] = {
    "nrrd": nrrd_header,
    "nifti": nifti_header,
    "metaimage": metaimage_header,
}
VOLUME_KINDS = tuple(_HEADERS)
_NOT_STATED = "The file does not say which way is up; it was read as stored, row by row."
_ROWS_TURNED = "The file says that its rows run from the bottom to the top; it was turned upright."
_TURNED = "The file's geometry says that the image lies mirrored or turned; it was turned upright."


def read_volume(path: Path, kind: str, several_slices: bool = False) -> SimpleITK.Image:
    """The image with its geometry, its values in physical units.

    Parameters
    ----------
    kind : what `file_kind.file_kind` says, one of ``VOLUME_KINDS``
    several_slices : a volume is as welcome as a radiograph

    Raises
    ------
    InputError : no volume file, damaged or cut short, values in another file, a variant that is not known, several
        slices where one was expected, too large (told before anything is unpacked)
    """
    return _read(path, kind, several_slices)[0]


def read_film(path: Path, kind: str) -> tuple[SimpleITK.Image, list[str]]:
    """The one picture of a file, turned upright where the file says how it lies in the patient, and notes on that.

    The geometry is turned with the pixels, so that each of them stays where it is in space.

    Raises
    ------
    InputError : as `read_volume`
    """
    image, header = _read(path, kind, several_slices=False)
    if header.rows_upward:
        return SimpleITK.Flip(image, [axis == 1 for axis in range(image.GetDimension())]), [_ROWS_TURNED]
    turned = upright(image)
    if turned is image:
        return image, []
    return (turned, [_TURNED]) if header.oriented else (image, [_NOT_STATED])


def upright(image: SimpleITK.Image) -> SimpleITK.Image:
    """A picture as a radiologist hangs it: columns run to the patient's left, or to the back where that cannot be seen;
    rows to the feet, or to the back in an axial slice. The very image where it lies so.
    """
    dimensions = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(dimensions, dimensions)
    axes = direction[:, :2]  # of columns (i) and rows (j), in LPS
    # The patient's axes that the picture shows best: all but the one across it.
    across = int(np.argmin(np.abs(axes).max(axis=1))) if dimensions == 3 else 2
    shown = [axis for axis in (0, 1, 2) if axis != across][:2]
    swap = abs(axes[shown[0], 0]) < abs(axes[shown[0], 1])
    i, j = (1, 0) if swap else (0, 1)
    flip_i = axes[shown[0], i] < 0
    flip_j = axes[shown[1], j] * (-1 if shown[1] == 2 else 1) < 0
    if not (swap or flip_i or flip_j):
        return image
    order = [i, j, 2][:dimensions]
    turned = SimpleITK.PermuteAxes(image, order) if swap else image
    return SimpleITK.Flip(turned, [bool(flip_i), bool(flip_j), False][:dimensions])


def refuse_several_slices(size: tuple[int, ...], name: str) -> None:
    """Stop at what is no single picture.

    Raises
    ------
    InputError : a volume, a time series, or a single line
    """
    if len(size) < 2:
        raise InputError(f"'{name}' has {len(size)} dimension; a radiograph has two.")
    if any(length != 1 for length in size[2:]):
        shape = " x ".join(str(length) for length in size)
        raise InputError(f"'{name}' is a volume of {shape}, such as a CT or MR series; one radiograph was expected.")


def _read(path: Path, kind: str, several_slices: bool) -> tuple[SimpleITK.Image, VolumeHeader]:
    if kind not in _HEADERS:
        raise InputError(
            f"'{path.name}' is no volume; it must be a DICOM folder, an NRRD, a NIfTI or a MetaImage file."
        )
    try:
        file = open_regular(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    with file:
        header = _HEADERS[kind](file, path.name)
        size = header.size
        if not several_slices:
            refuse_several_slices(size, path.name)
        if len(size) > 1:
            refuse_impossible_size(size[0], size[1], path.name)
        return header.image(), header
