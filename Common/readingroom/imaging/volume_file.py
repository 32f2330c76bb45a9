"""NRRD and NIfTI files, of one radiograph or of a volume."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import SimpleITK

from ..errors import InputError
from ..regular_file import open_regular
from .file_kind import first_bytes
from .limits import refuse_impossible_size

_READERS = {"nrrd": "NrrdImageIO", "nifti": "NiftiImageIO"}
_NIFTI_HEADER_BYTES = 352  # the least offset of the values in a file that holds header and values


def read_volume(path: Path, kind: str, several_slices: bool = False) -> SimpleITK.Image:
    """The image with its geometry.

    Parameters
    ----------
    several_slices : a volume is as welcome as a radiograph

    Raises
    ------
    InputError : damaged or cut short, a NIfTI file under another name, several slices where one was expected, or slices
        that are too large (told before anything is decoded)
    """
    if kind == "nifti" and not path.name.lower().endswith((".nii", ".nii.gz")):
        raise InputError(f"'{path.name}' is a NIfTI file; SimpleITK reads it only under a name in .nii or .nii.gz.")
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        if not several_slices:
            refuse_several_slices(reader.GetSize(), path.name)
        columns, rows = reader.GetSize()[:2]
        refuse_impossible_size(columns, rows, path.name)
        if kind == "nifti":
            _refuse_truncated_nifti(path, reader)
        return reader.Execute()
    except RuntimeError as error:  # all that SimpleITK raises
        raise InputError(f"'{path.name}' is damaged or cut short.") from error


def _refuse_truncated_nifti(path: Path, reader: SimpleITK.ImageFileReader) -> None:
    """SimpleITK fills up what a cut NIfTI file lacks with whatever lies in memory, without a word."""
    pixel_bytes = SimpleITK.Image([1, 1], reader.GetPixelID(), reader.GetNumberOfComponents()).GetSizeOfPixelComponent()
    needed = _NIFTI_HEADER_BYTES + math.prod(reader.GetSize()) * reader.GetNumberOfComponents() * pixel_bytes
    zipped = first_bytes(path).startswith(b"\x1f\x8b")
    try:
        with open_regular(path) as stored, gzip.open(stored) if zipped else stored as file:
            file.seek(needed - 1)
            complete = len(file.read(1)) == 1
    except (OSError, EOFError, zlib.error):
        complete = False
    if not complete:
        raise InputError(f"'{path.name}' is damaged or cut short.")


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
