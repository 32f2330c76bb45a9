"""PNG, JPEG and TIFF pictures: values as stored, upright, and the geometry that SimpleITK and 3D Slicer give them."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..errors import InputError
from ..regular_file import cannot_read, read_regular
from . import tiff_pixels
from .geometry import FLAT_ONE_MILLIMETER, Geometry
from .limits import refuse_impossible_size
from .png_chunks import png_pixels
from .tiff_directory import TiffDirectory, tiff_page

PICTURE_KINDS = ("png", "jpeg", "tiff")
_LARGEST_FILE = 2**30  # bytes
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_EXIF_ORIENTATION = 0x0112
_PNG_DEPTH = 24  # where the header has its bit depth, and behind it the color type
_GRAY_AND_OPACITY_OF_16_BITS, _FOUR_VALUES_OF_8_BITS = bytes([16, 4]), bytes([8, 6])
# What makes an upright picture of a stored one: rows become columns, then columns and rows are reversed.
_TURNS = {
    1: (False, False, False), 2: (False, True, False), 3: (False, True, True), 4: (False, False, True),
    5: (True, False, False), 6: (True, True, False), 7: (True, True, True), 8: (True, False, True),
}  # fmt: skip
_TURNED = "The file says that the picture lies turned or mirrored (orientation {}); it was turned upright."
_TRANSPARENT = "Transparent parts of the picture were made black."
_MILLIMETERS = {1: 25.4, 2: 10.0}  # of JFIF's units
# Kinds of JPEG by the second byte of the marker of their frame that Pillow cannot decode.
_FOREIGN_JPEGS = {
    0xC3: "lossless", 0xCB: "lossless", 0xF7: "JPEG-LS",
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical"),
}  # fmt: skip
_MOST_SCANS = 100  # a progressive picture has about ten, and each is decoded over all pixels
# What Pillow raises on damaged bytes.
_DAMAGES = (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError,
            struct.error, zlib.error)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is to be looked at.

    Parameters
    ----------
    values : ``[j, i]`` or ``[j, i, 3]`` (red, green, blue); 8 bits stay 8, 16 stay 16, TIFF may hold floats
    geometry : in which each pixel lies where SimpleITK and 3D Slicer have it, whichever way the picture was turned
    notes : what was done to the values, in plain sentences
    """

    values: NDArray
    geometry: Geometry
    notes: tuple[str, ...] = ()


def read_picture(path: Path, kind: str) -> Picture:
    """The picture of a file. Transparent parts become black.

    Raises
    ------
    InputError : damaged, cut short, several pages, of a variety that is not known, or too large (told before it is
        decoded)
    """
    try:
        data = read_regular(path, _LARGEST_FILE)
    except OSError as error:
        raise cannot_read(path, error) from error
    notes: list[str] = []
    if kind == "tiff":
        page = tiff_page(data, path.name)
        try:
            values = _tiff_values(page, path.name, notes)
            orientation, spacing = page.orientation, page.spacing
        except struct.error as error:  # an entry points beyond the file
            raise InputError(f"'{path.name}' is damaged or cut short.") from error
        # ITK reverses stored rows and columns as the first four orientations say, and swaps them never.
        return _upright(values, orientation, spacing, _TURNS[(orientation - 1) % 4 + 1], notes)
    if kind == "png":
        data = png_pixels(data, path.name)
    else:
        _refuse_foreign_jpeg(data, path.name)
    values, orientation, spacing = _decode(data, kind, path.name, notes)
    return _upright(values, orientation, spacing, _TURNS[1], notes)


def _upright(
    stored: NDArray, orientation: int, spacing: tuple[float, float], of_itk: tuple[bool, bool, bool], notes: list[str]
) -> Picture:
    """The picture turned as its orientation says, and its geometry with it."""
    rows, columns = stored.shape[:2]
    geometry = Geometry(spacing, (0.0, 0.0), FLAT_ONE_MILLIMETER.direction).turned((columns, rows), *of_itk)
    if orientation == 1:
        return Picture(stored, geometry, tuple(notes))
    swap, flip_i, flip_j = _TURNS[orientation]
    turned = stored.swapaxes(0, 1) if swap else stored
    turned = turned[:: -1 if flip_j else 1, :: -1 if flip_i else 1]
    geometry = geometry.turned((columns, rows), swap, flip_i, flip_j)
    return Picture(np.ascontiguousarray(turned), geometry, (_TURNED.format(orientation), *notes))


def _decode(data: bytes, kind: str, name: str, notes: list[str]) -> tuple[NDArray, int, tuple[float, float]]:
    """The values as stored, the orientation that EXIF gives them, and the printed resolution in mm."""
    try:
        with warnings.catch_warnings(action="ignore"), _open(data, kind, name) as picture:
            refuse_impossible_size(*picture.size, name, _values_of_each(picture))
            orientation, spacing = _orientation(picture), _spacing(picture)
            return _values(picture, data, kind, notes), orientation, spacing
    except Image.DecompressionBombError as error:
        raise InputError(f"'{name}' is a picture of more pixels than any radiograph has.") from error
    except _DAMAGES as error:
        raise InputError(f"'{name}' is damaged or cut short.") from error


def _open(data: bytes, kind: str, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=[kind])
    except UnidentifiedImageError as error:
        if kind != "tiff":
            raise
        raise InputError(  # its directory could be read
            f"'{name}' is a TIFF picture of a variety that is not supported; save it as an 8-bit or 16-bit PNG."
        ) from error


def _values_of_each(picture: Image.Image) -> int:
    """Values of each pixel once it is decoded; those of a palette become colors."""
    if picture.mode in ("1", "L", *_DEEP_MODES):
        return 1
    return 4 if picture.has_transparency_data else 3


def _orientation(picture: Image.Image) -> int:
    try:
        found = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # damaged EXIF leaves the pixels as they are
        return 1
    return found if found in _TURNS else 1


def _spacing(picture: Image.Image) -> tuple[float, float]:
    unit, (across, down) = picture.info.get("jfif_unit"), picture.info.get("jfif_density", (0, 0))
    if unit not in _MILLIMETERS or across <= 0 or down <= 0:
        return 1.0, 1.0
    return _MILLIMETERS[unit] / across, _MILLIMETERS[unit] / down


def _values(picture: Image.Image, data: bytes, kind: str, notes: list[str]) -> NDArray:
    if picture.mode in _DEEP_MODES:
        return _without_key(np.asarray(picture), picture, notes)
    if kind == "png" and data[_PNG_DEPTH : _PNG_DEPTH + 2] == _GRAY_AND_OPACITY_OF_16_BITS:
        return _deep_gray(data, notes)
    if kind == "png" and data[_PNG_DEPTH] == 16:
        return _deep_colors(picture, data, notes)
    if picture.has_transparency_data:
        with_alpha = picture.convert("RGBA")
        if with_alpha.getchannel("A").getextrema() != (255, 255):
            notes.append(_TRANSPARENT)
            black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
            with_alpha = Image.alpha_composite(black, with_alpha)
        picture = with_alpha.convert("RGB")
    return np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))


def _deep_gray(data: bytes, notes: list[str]) -> NDArray:
    """Gray and opacity of 16 bits. PNG filters them as it filters four values of 8 bits, as which they come whole."""
    as_bytes = bytearray(data)
    as_bytes[_PNG_DEPTH : _PNG_DEPTH + 2] = _FOUR_VALUES_OF_8_BITS
    struct.pack_into(">I", as_bytes, 29, zlib.crc32(as_bytes[12:29]))  # of the header
    with Image.open(io.BytesIO(as_bytes), formats=["png"]) as picture:
        found = np.asarray(picture).astype(np.uint16)
    gray, alpha = found[..., 0] << 8 | found[..., 1], found[..., 2] << 8 | found[..., 3]
    return _on_black(gray[..., None], alpha, notes)[..., 0]


def _deep_colors(picture: Image.Image, data: bytes, notes: list[str]) -> NDArray:
    """Colors of 16 bits. Pillow keeps the higher byte of each alone; read in the other byte order, the lower."""
    high = np.asarray(picture).astype(np.uint16)
    with Image.open(io.BytesIO(data), formats=["png"]) as other:
        other.tile = [tile._replace(args=str(tile.args).replace("16B", "16L")) for tile in other.tile]
        values = high << 8 | np.asarray(other)
    if values.shape[-1] == 4:
        return _on_black(values[..., :3], values[..., 3], notes)
    return _without_key(values, picture, notes)


def _without_key(values: NDArray, picture: Image.Image, notes: list[str]) -> NDArray:
    """A 16-bit PNG may name one value or color that is transparent (tRNS), which becomes black."""
    key = picture.info.get("transparency")
    if key is None:
        return values
    transparent = values == np.array(key, np.int64)
    if values.ndim == 3:
        transparent = transparent.all(axis=-1)
    if not transparent.any():
        return values
    notes.append(_TRANSPARENT)
    values = values.copy()
    values[transparent] = 0
    return values


def _on_black(colors: NDArray, alpha: NDArray, notes: list[str]) -> NDArray:
    """Colors where they are opaque, black where they are not, and what lies between."""
    opaque = np.iinfo(alpha.dtype).max
    if alpha.min() == opaque:
        return colors
    notes.append(_TRANSPARENT)
    share = alpha / np.float64(opaque)
    for channel in range(colors.shape[-1]):
        colors[..., channel] = np.rint(colors[..., channel] * share)
    return colors


def _tiff_values(page: TiffDirectory, name: str, notes: list[str]) -> NDArray:
    """The values of a TIFF page as stored, low ones black."""
    refuse_impossible_size(*page.size, name, page.samples if page.bits > 16 or page.samples > 4 else 1)
    try:
        if not tiff_pixels.knows(page):
            deep = page.bits > 8 and page.white_is_zero  # Pillow inverts fewer bits itself
            with tiff_pixels.quiet_libtiff():
                values, _, _ = _decode(page.as_stored(black_is_zero=deep), "tiff", name, notes)
            values = values.astype(values.dtype.newbyteorder("="), copy=False)
            return 2**page.bits - 1 - values if deep else values
        values = tiff_pixels.values_of(page)
    except _DAMAGES as error:
        raise InputError(f"'{name}' is damaged or cut short.") from error
    if page.white_is_zero:
        gray = values[..., 0]
        gray[...] = gray.max() + gray.min() - gray if page.signed else np.iinfo(gray.dtype).max - gray
    colors = values[..., : 3 if values.shape[-1] >= 3 and page.alpha != 1 else 1]
    if page.alpha and np.issubdtype(values.dtype, np.unsignedinteger):
        colors = _on_black(colors, values[..., page.alpha], notes)
    return np.ascontiguousarray(colors[..., 0] if colors.shape[-1] == 1 else colors)


def _refuse_foreign_jpeg(data: bytes, name: str) -> None:
    """Stop at varieties of JPEG that are whole and cannot be decoded, and at those that were made to take for ever."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker, (length,) = data[place + 1], struct.unpack_from(">H", data, place + 2)
        frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if marker in _FOREIGN_JPEGS:
            raise InputError(f"'{name}' is a JPEG picture in {_FOREIGN_JPEGS[marker]} coding, which is not supported.")
        if frame and data[place + 4] != 8:
            raise InputError(f"'{name}' is a JPEG picture of {data[place + 4]} bits, which is not supported; 8 are.")
        if frame or marker == 0xDA:
            break
        place += 1 if marker == 0xFF else 2 + length
    if data.count(b"\xff\xda") > _MOST_SCANS:
        raise InputError(f"'{name}' is a JPEG picture in more than {_MOST_SCANS} scans, which no radiograph has.")
