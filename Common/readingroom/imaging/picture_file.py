"""PNG, JPEG and TIFF pictures: values, and the geometry that SimpleITK and 3D Slicer give them."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..errors import InputError
from ..plain_text import is_unicode
from .geometry import FLAT_ONE_MILLIMETER, Geometry
from .limits import refuse_impossible_size

_READERS = {"jpeg": "JPEGImageIO", "tiff": "TIFFImageIO"}  # SimpleITK gives every PNG 1 mm
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_EXIF_ORIENTATION = 0x0112
# What Pillow raises on damaged bytes.
_DAMAGES = (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError,
            struct.error, zlib.error)  # fmt: skip


def read_picture(path: Path, kind: str) -> tuple[NDArray, list[str]]:
    """The values, ``[j, i]`` or ``[j, i, 3]`` (red, green, blue), and notes on what was done to them.

    Transparent parts become black. 8-bit values stay 8-bit, 16-bit gray stays 16-bit, TIFF may hold floats.

    Raises
    ------
    InputError : damaged, cut short, several pages, or too large (told before it is decoded)
    """
    notes: list[str] = []
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=[kind]) as picture:
            refuse_impossible_size(*picture.size, path.name)
            frames = getattr(picture, "n_frames", 1)
            if frames > 1:
                raise InputError(f"'{path.name}' holds {frames} pictures; a single radiograph was expected.")
            if picture.getexif().get(_EXIF_ORIENTATION, 1) != 1:
                notes.append("The picture says that it should be turned (EXIF orientation); it was read as stored.")
            return _values(picture, notes), notes
    except Image.DecompressionBombError as error:
        raise InputError(f"'{path.name}' is a picture of more pixels than any radiograph has.") from error
    except _DAMAGES as error:
        raise InputError(f"'{path.name}' is damaged or cut short.") from error


def picture_geometry(path: Path, kind: str) -> Geometry:
    """The geometry of a picture that `read_picture` could read: 1 mm, or the printed resolution of a JPEG or TIFF."""
    if kind not in _READERS or not is_unicode(str(path)):  # a name that would end the process in SimpleITK
        return FLAT_ONE_MILLIMETER
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:  # a variant that SimpleITK cannot open at all, so there is nothing to agree with
        return FLAT_ONE_MILLIMETER
    return Geometry.of(reader)


def _values(picture: Image.Image, notes: list[str]) -> NDArray:
    if picture.mode in _DEEP_MODES:
        return np.asarray(picture)
    if picture.has_transparency_data:
        with_alpha = picture.convert("RGBA")
        if with_alpha.getchannel("A").getextrema() != (255, 255):
            notes.append("Transparent parts of the picture were made black.")
            black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
            with_alpha = Image.alpha_composite(black, with_alpha)
        picture = with_alpha.convert("RGB")
    return np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
