"""The header of an NRRD file that holds its values too.

Source: teem.sourceforge.net/nrrd/format.html. What the axes mean is taken as ITK takes it, so that the image lies where
3D Slicer puts it.
"""

from __future__ import annotations

import bz2
import io
import re
from typing import BinaryIO, Literal, cast

import numpy as np

from ..errors import InputError
from .geometry import Geometry
from .inflated import Inflated
from .volume_header import VolumeHeader, damaged, geometry_of

_LARGEST_HEADER = 2**22  # bytes; a segmentation of 117 organs has 70,000
_MOST_AXES = 16
_TYPES = {
    "i1": "signed char, int8, int8_t", "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t", "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float", "f8": "double",
}  # fmt: skip
_DTYPES = {word: dtype for dtype, words in _TYPES.items() for word in words.split(", ")}
_ORDERS: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}
_PACKINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_MILLIMETERS = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "um": 0.001, "µm": 0.001, "micron": 0.001,
                "microns": 0.001, "cm": 10.0, "m": 1000.0}  # fmt: skip
_QUOTED = re.compile(r'"([^"]*)"')
# What makes LPS of the named spaces; ITK takes all others as they are.
_TO_LPS = {
    "rightanteriorsuperior": (-1, -1, 1), "ras": (-1, -1, 1), "rightanteriorsuperiortime": (-1, -1, 1),
    "rast": (-1, -1, 1), "leftanteriorsuperior": (1, -1, 1), "las": (1, -1, 1),
    "leftanteriorsuperiortime": (1, -1, 1), "last": (1, -1, 1),
}  # fmt: skip
_PATIENT = (*_TO_LPS, "leftposteriorsuperior", "lps", "leftposteriorsuperiortime", "lpst")
_IN_SPACE = ("domain", "space", "time", "none", "???", "")  # kinds of axes that are not components
_VECTOR = re.compile(r"none|\(([^()]*)\)", re.IGNORECASE)


def nrrd_header(file: BinaryIO, name: str) -> VolumeHeader:
    """The header of an open NRRD file.

    Raises
    ------
    InputError : damaged, values in another file, numbers, a packing or a unit that is not known, axes that are sheared
    """
    fields, texts = _fields(file, name)
    if fields.get("datafile"):
        raise InputError(
            f"'{name}' is a detached header, which says in which other file its values lie; save the image as one file."
        )
    lengths = _lengths(fields, name)
    kinds = (fields.get("kinds", "").lower().split() + [""] * len(lengths))[: len(lengths)]
    components = [axis for axis, kind in enumerate(kinds) if kind not in _IN_SPACE]
    if len(components) > 1:
        raise InputError(f"'{name}' has several axes of components ({', '.join(kinds)}); one gray value was expected.")
    _packing(fields, name)  # text, which is not read, has no order of bytes
    dtype = _dtype(fields, name)
    geometry, oriented = _geometry(fields, lengths, components, name)
    values = _values(file, fields, lengths, dtype, name)
    return VolumeHeader(
        name, lengths, dtype, geometry, values, components[0] if components else None, oriented=oriented, texts=texts
    )


def _fields(file: BinaryIO, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The fields by name, in lower case without spaces, and the pairs of keys and values that a program added."""
    fields: dict[str, str] = {}
    texts: dict[str, str] = {}
    left = _LARGEST_HEADER
    file.readline(_LARGEST_HEADER)  # NRRD0005
    while True:
        line = file.readline(left + 1)
        left -= len(line)
        if left < 0:
            raise damaged(name)
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        key, colon, value = text.partition(":")
        if value.startswith("="):
            texts[key] = value[1:].replace("\\n", "\n")
        elif colon and not text.startswith("#"):
            fields[key.replace(" ", "").lower()] = value.strip()
        if "datafile" in fields or (not text and line):
            return fields, texts
        if not line.endswith(b"\n"):
            raise damaged(name)


def _lengths(fields: dict[str, str], name: str) -> tuple[int, ...]:
    found = fields.get("sizes", "").split()
    if not re.fullmatch(r"\d{1,2}", fields.get("dimension", "")) or not all(
        re.fullmatch(r"\d{1,10}", length) for length in found
    ):
        raise damaged(name)
    if len(found) != int(fields["dimension"]) or not 1 <= len(found) <= _MOST_AXES:
        raise damaged(name)
    return tuple(map(int, found))


def _dtype(fields: dict[str, str], name: str) -> np.dtype:
    word = fields.get("type", "").lower()
    if word not in _DTYPES:
        raise InputError(f"'{name}' holds values of the type '{word:.40}', which no medical image does.")
    dtype = np.dtype(_DTYPES[word])
    if dtype.itemsize == 1:
        return dtype
    order = fields.get("endian", "").lower()
    if order not in _ORDERS:
        raise InputError(f"'{name}' does not say in which order the bytes of its values are stored (endian).")
    return dtype.newbyteorder(_ORDERS[order])


def _packing(fields: dict[str, str], name: str) -> str:
    """``raw``, ``gzip`` or ``bzip2``."""
    word = fields.get("encoding", "").lower()
    if word not in _PACKINGS:
        raise InputError(
            f"'{name}' stores its values as '{word:.40}', which is not supported; save it raw or packed with gzip."
        )
    return _PACKINGS[word]


def _values(file: BinaryIO, fields: dict[str, str], lengths: tuple[int, ...], dtype: np.dtype, name: str) -> BinaryIO:
    """The file, unpacked where it is packed, at its first value."""
    word = _packing(fields, name)
    lines, skipped = _count(fields, "lineskip", name), _count(fields, "byteskip", name)
    for _ in range(lines):
        if not file.readline():
            raise damaged(name)
    if skipped == -1:
        if word != "raw":
            raise damaged(name)
        size, needed = file.seek(0, io.SEEK_END), int(np.prod(lengths, dtype=object)) * dtype.itemsize
        if needed > size:
            raise damaged(name)
        file.seek(size - needed)
        return file
    values: BinaryIO = file
    if word == "gzip":
        values = io.BufferedReader(Inflated(file))
    elif word == "bzip2":
        values = cast(BinaryIO, bz2.BZ2File(file))
    try:
        while skipped > 0:
            passed = len(values.read(min(skipped, 2**20)))
            if not passed:
                raise EOFError
            skipped -= passed
    except Exception as error:  # of a damaged stream
        raise damaged(name) from error
    return values


def _count(fields: dict[str, str], field: str, name: str) -> int:
    text = fields.get(field, "0")
    if not re.fullmatch(r"-1|\d{1,10}", text) or (text == "-1" and field == "lineskip") or int(text) > _LARGEST_HEADER:
        raise damaged(name)
    return int(text)


def _geometry(
    fields: dict[str, str], lengths: tuple[int, ...], components: list[int], name: str
) -> tuple[Geometry, bool]:
    axes = [axis for axis in range(len(lengths)) if axis not in components]
    unit = _unit(fields, components, name)
    if "spacedirections" in fields:
        vectors = _vectors(fields["spacedirections"], name)
        if len(vectors) != len(lengths):
            raise damaged(name)
        steps = [vectors[axis] for axis in axes]
        known = [step for step in steps if step is not None][:3]
        origin = next(iter(_vectors(fields.get("spaceorigin", ""), name)), None)
        dimensions = {len(step) for step in known}
        if known and dimensions <= {2, 3} and len(dimensions) == 1:
            columns = np.array(known).T
            place = np.zeros(len(columns)) if origin is None or len(origin) != len(columns) else np.array(origin)
            space = fields.get("space", "").replace("-", "").lower()
            signs = np.array(_TO_LPS.get(space, (1, 1, 1)), float)[: len(columns)]
            if columns.shape in ((2, 2), (3, 2), (3, 3)):
                return geometry_of(unit * signs[:, None] * columns, unit * signs * place, name), space in _PATIENT
        raise damaged(name)
    spacing = [1.0] * min(max(len(axes), 2), 3)
    for place_, text in enumerate(fields.get("spacings", "").split()):
        if place_ in axes and axes.index(place_) < len(spacing):
            value = _number(text, name)
            if np.isfinite(value) and value:
                spacing[axes.index(place_)] = abs(value)
    identity = np.eye(len(spacing))
    return geometry_of(unit * identity * spacing, np.zeros(len(spacing)), name), False


def _unit(fields: dict[str, str], components: list[int], name: str) -> float:
    """In mm, that of the file's distances; mm where it states none."""
    units = _QUOTED.findall(fields.get("spaceunits", ""))
    if "spacedirections" not in fields:  # axes that lie in no space have units of their own
        of_axes = _QUOTED.findall(fields.get("units", ""))
        units += [unit for axis, unit in enumerate(of_axes) if axis not in components][:3]
    words = {unit.strip().lower().replace("\u03bc", "µ") for unit in units}
    found = {_MILLIMETERS.get(word) for word in words} or {1.0}
    if len(found) > 1 or None in found:
        stated = ", ".join(f"'{unit:.40}'" for unit in units)
        raise InputError(f"'{name}' gives its distances in units that are not known or not one ({stated}).")
    return found.pop() or 1.0


def _vectors(text: str, name: str) -> list[list[float] | None]:
    """``(1,0,0) none`` as a list; what is between the vectors is left out."""
    found = []
    for match in _VECTOR.finditer(text):
        found.append(None if match[1] is None else [_number(part, name) for part in match[1].split(",")])
    return found


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise damaged(name) from error
