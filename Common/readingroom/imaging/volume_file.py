"""NRRD and NIfTI files that hold one radiograph."""

from __future__ import annotations

from pathlib import Path

import SimpleITK

from ..errors import InputError
from .limits import refuse_impossible_size

_READERS = {"nrrd": "NrrdImageIO", "nifti": "NiftiImageIO"}


def read_volume(path: Path, kind: str) -> SimpleITK.Image:
    """The image with its geometry.

    Raises
    ------
    InputError : damaged or cut short, or a volume of several slices, or too large (told before it is decoded)
    """
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        refuse_several_slices(reader.GetSize(), path.name)
        columns, rows = reader.GetSize()[:2]
        refuse_impossible_size(columns, rows, path.name)
        return reader.Execute()
    except RuntimeError as error:  # all that SimpleITK raises
        raise InputError(f"'{path.name}' is damaged or cut short.") from error


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
