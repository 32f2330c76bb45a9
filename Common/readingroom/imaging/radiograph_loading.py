"""A radiograph as a radiologist sees it: gray from 0 to 1, bone bright, in the geometry of its file."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import SimpleITK
from numpy.typing import NDArray

from ..study import StudyImage
from .dicom_file import read_image
from .dicom_geometry import dicom_geometry
from .dicom_gray import dicom_gray
from .display import Gray
from .file_kind import file_kind
from .geometry import Geometry
from .gray import Shown
from .limits import refuse_impossible_size
from .open import image_file
from .picture_file import read_picture
from .values_gray import values_gray
from .volume_file import VOLUME_KINDS, read_film, refuse_several_slices


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A loaded radiograph.

    Parameters
    ----------
    gray : ``[j, i]`` float32, 0 black to 1 white; bone is bright
    geometry : of the input, of three axes for DICOM and of two for a flat picture
    notes : what was done that the file did not ask for, in plain sentences
    color_fraction : share of pixels that were visibly not gray, 0 to 1
    """

    gray: Gray
    geometry: Geometry
    notes: tuple[str, ...] = ()
    color_fraction: float = 0.0

    @functools.cached_property
    def image(self) -> SimpleITK.Image:
        """The same values as an image: ``[i, j, 1]`` for DICOM, ``[i, j]`` for a flat picture."""
        return self.geometry.place(self.gray)


def load_radiograph(image: StudyImage) -> Radiograph:
    """The pixels of a study image, from its file or from memory, as a radiologist sees them.

    Example
    -------
    >>> image = open_image("chest.dcm", "frontal").image  # doctest: +SKIP
    >>> load_radiograph(image).gray.shape  # doctest: +SKIP
    (3000, 2500)

    Raises
    ------
    InputError : with one sentence, for whatever cannot be shown: as `open_image`, and missing or damaged pixels, values
        that are not numbers, all pixels the same
    SetupError : the decoder of a compressed DICOM image is not installed
    """
    if image.pixels is not None:
        return _from_image(image.pixels, image, "The image", [])
    path = image_file(Path(image.path))  # type: ignore[arg-type]  # a StudyImage has pixels or a path
    kind = file_kind(path)
    if kind == "dicom":
        dataset = read_image(path)
        return _radiograph(dicom_gray(dataset, path.name), dicom_geometry(dataset))
    if kind in VOLUME_KINDS:
        pixels, notes = read_film(path, kind)
        return _from_image(pixels, image, path.name, notes)
    picture = read_picture(path, kind)
    return _radiograph(values_gray(picture.values, image, path.name), picture.geometry, picture.notes)


def _from_image(pixels: SimpleITK.Image, image: StudyImage, name: str, notes: list[str]) -> Radiograph:
    size = pixels.GetSize()
    refuse_several_slices(size, name)
    refuse_impossible_size(size[0], size[1], name)
    return _radiograph(values_gray(_picture(pixels), image, name), Geometry.of(pixels), notes)


def _picture(pixels: SimpleITK.Image) -> NDArray:
    """The values ``[j, i]`` or ``[j, i, channels]`` of an image of one slice."""
    values = SimpleITK.GetArrayFromImage(pixels)
    columns, rows = pixels.GetSize()[:2]
    channels = pixels.GetNumberOfComponentsPerPixel()
    return values.reshape((rows, columns, channels) if channels > 1 else (rows, columns))


def _radiograph(shown: Shown, geometry: Geometry, notes: Sequence[str] = ()) -> Radiograph:
    return Radiograph(shown.gray, geometry, (*notes, *shown.notes), shown.color_fraction)
