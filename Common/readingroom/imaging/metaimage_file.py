"""The header of a MetaImage file that holds its values too (.mha).

Source: itk.org/Wiki/ITK/MetaIO/Documentation. Positions and directions are those of ITK: LPS, one axis after the other.
"""

from __future__ import annotations

import io
import re
import zlib
from typing import BinaryIO

import numpy as np

from ..errors import InputError
from .inflated import Inflated
from .volume_header import VolumeHeader, damaged, geometry_of

_LARGEST_HEADER = 2**20  # bytes
_DTYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_START = re.compile(rb"\s*(ObjectType|Comment|NDims)\s*=")


def is_metaimage(head: bytes) -> bool:
    """Whether a file that begins so is a MetaImage."""
    return _START.match(head) is not None


def metaimage_header(file: BinaryIO, name: str) -> VolumeHeader:
    """The header of an open MetaImage file.

    Raises
    ------
    InputError : damaged, values in another file, values of a kind that is not known, axes that are sheared
    """
    fields = _fields(file, name)
    if fields.get("ElementDataFile") != "LOCAL":
        raise InputError(
            f"'{name}' is a detached header, which says in which other file its values lie; save the image as one file."
        )
    if fields.get("BinaryData", "True").lower() != "true":
        raise InputError(f"'{name}' stores its values as text, which is not supported; save it again.")
    word = fields.get("ElementType", "")
    if word not in _DTYPES:
        raise InputError(f"'{name}' holds values of the type '{word:.40}', which no medical image does.")
    lengths = tuple(int(length) for length in _numbers(fields, name, "DimSize"))
    channels = int(_numbers(fields, name, "ElementNumberOfChannels", default="1")[0])
    count = len(lengths)
    if fields.get("NDims") != str(count) or not 2 <= count <= 4 or channels < 1 or min(lengths) < 0:
        raise damaged(name)
    big = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")).lower() == "true"
    spacing = _numbers(fields, name, "ElementSpacing", "ElementSize", default=" ".join(["1"] * count))
    origin = _numbers(fields, name, "Offset", "Position", "Origin", default=" ".join(["0"] * count))
    identity = " ".join(map(str, np.eye(count).ravel()))
    matrix = _numbers(fields, name, "TransformMatrix", "Rotation", "Orientation", default=identity)
    if len(spacing) != count or len(origin) != count or len(matrix) != count**2:
        raise damaged(name)
    in_space = min(count, 3)
    steps = (np.reshape(matrix, (count, count)).T * spacing)[:in_space, :in_space]
    packed = fields.get("CompressedData", "False").lower() == "true"
    return VolumeHeader(
        name,
        ((channels,) if channels > 1 else ()) + lengths,
        np.dtype(_DTYPES[word]).newbyteorder(">" if big else "<"),
        geometry_of(steps, np.array(origin[:in_space]), name),
        io.BufferedReader(Inflated(file, _ZLIB_OR_GZIP)) if packed else file,
        component_axis=0 if channels > 1 else None,
    )


def _fields(file: BinaryIO, name: str) -> dict[str, str]:
    """The fields by name; the last one is ElementDataFile, which values follow where it is LOCAL."""
    fields: dict[str, str] = {}
    left = _LARGEST_HEADER
    while "ElementDataFile" not in fields:
        line = file.readline(left)
        left -= len(line)
        if not line:
            raise damaged(name)
        field, _, value = line.decode("utf-8", "replace").partition("=")
        fields[field.strip()] = value.strip()
    return fields


def _numbers(fields: dict[str, str], name: str, *keys: str, default: str = "") -> list[float]:
    """The numbers of the first of these fields that is there."""
    text = next((fields[key] for key in keys if key in fields), default)
    try:
        found = [float(part) for part in text.split()]
    except ValueError as error:
        raise damaged(name) from error
    if not found or not np.isfinite(found).all() or max(map(abs, found)) > 2**40:
        raise damaged(name)
    return found
