"""The header of a NIfTI-1 or NIfTI-2 file, in either byte order, packed or not.

Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group. Where the two matrices of a file differ, the
choice is that of ITK, so that the image lies where 3D Slicer puts it.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .geometry import Geometry
from .inflated import GZIP, Inflated
from .volume_header import VolumeHeader, damaged, geometry_of

# Where each field begins, and its format.
_NIFTI_1 = {
    "dim": (40, "8h"), "datatype": (70, "h"), "pixdim": (76, "8f"), "vox_offset": (108, "f"), "scl": (112, "2f"),
    "xyzt_units": (123, "B"), "codes": (252, "2h"), "quatern": (256, "6f"), "srow": (280, "12f"),
}  # fmt: skip
_NIFTI_2 = {
    "dim": (16, "8q"), "datatype": (12, "h"), "pixdim": (104, "8d"), "vox_offset": (168, "q"), "scl": (176, "2d"),
    "xyzt_units": (500, "i"), "codes": (344, "2i"), "quatern": (352, "6d"), "srow": (400, "12d"),
}  # fmt: skip
_LAYOUTS = {348: (_NIFTI_1, 352), 540: (_NIFTI_2, 544)}  # by sizeof_hdr: fields, and where values begin at the earliest
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 32: "c8", 64: "f8", 128: "u1", 256: "i1", 512: "u2", 768: "u4", 1024: "i8",
    1280: "u8", 1792: "c16", 2304: "u1",
}  # fmt: skip
_COLORS = {128: 3, 2304: 4}  # components of RGB24 and RGBA32
_UNKNOWN = {1: "single bits", 1536: "128-bit numbers", 2048: "complex numbers of 256 bits"}
_MILLIMETERS = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: m, mm, micrometers
_SCANNER = 1  # code of a matrix in scanner coordinates
_LARGEST_EXTENSION = 2**28  # bytes between header and values
_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def is_nifti(head: bytes) -> bool:
    """Whether these first bytes of a file are those of a NIfTI file that holds its values too."""
    return head[344:348] == b"n+1\0" or head[4:12] == b"n+2\0\r\n\x1a\n"


def is_half_of_a_pair(head: bytes) -> bool:
    """Whether they are the header of an .hdr/.img pair: of NIfTI, or of ANALYZE, which had no mark but its length."""
    if head[344:348] == b"ni1\0" or head[4:8] == b"ni2\0":
        return True
    return head[:4] in (b"\x5c\1\0\0", b"\0\0\1\x5c") and head[38:39] == b"r"


def nifti_header(file: BinaryIO, name: str) -> VolumeHeader:
    """The header of an open NIfTI file.

    Raises
    ------
    InputError : damaged, numbers of an unknown kind, axes that are sheared
    """
    start = file.read(2)
    file.seek(0)
    values: BinaryIO = io.BufferedReader(Inflated(file)) if start == GZIP else file
    header = _Fields(values, name)
    dim, datatype, (slope, intercept) = header["dim"], header["datatype"][0], header["scl"]
    if not 1 <= dim[0] <= 7 or dim[1] < 1:
        raise damaged(name)
    lengths = tuple(max(int(length), 1) for length in dim[1 : dim[0] + 1])
    if datatype not in _DTYPES:
        kind = _UNKNOWN.get(datatype, f"numbers of an unknown kind ({datatype})")
        raise InputError(f"'{name}' holds {kind}, which no medical image does.")
    colors = _COLORS.get(datatype)
    if colors or not np.isfinite(slope) or slope == 0:
        slope, intercept = 1.0, 0.0  # as the standard says: the values are as they are stored
    header.skip_to_values()
    vectors = len(lengths) > 4 and lengths[3] == 1 < lengths[4]  # the standard's place for components
    geometry, oriented = _geometry(header, lengths, name)
    return VolumeHeader(
        name,
        ((colors,) if colors else ()) + lengths,
        np.dtype(header.order + _DTYPES[datatype]),
        geometry,
        values,
        component_axis=0 if colors else 4 if vectors else None,
        slope=float(slope),
        intercept=float(intercept) if np.isfinite(intercept) else 0.0,
        oriented=oriented,
        rows_upward=not oriented and _rows_upward(header),
    )


class _Fields:
    """The fields of a header by name, as tuples."""

    def __init__(self, file: BinaryIO, name: str):
        self._file, self._name = file, name
        self._data = self._read(4)
        for order in "<>":
            (size,) = struct.unpack(f"{order}i", self._data)
            if size in _LAYOUTS:
                break
        else:
            raise damaged(name)
        self.order = order
        self._layout, self._earliest = _LAYOUTS[size]
        self._data += self._read(size - 4)

    def __getitem__(self, field: str) -> tuple:
        place, layout = self._layout[field]
        return struct.unpack_from(self.order + layout, self._data, place)

    def skip_to_values(self) -> None:
        """Pass over extensions. A file without a plausible place has its values where they can be at the earliest."""
        (offset,) = self["vox_offset"]
        if not np.isfinite(offset) or not 0 <= offset <= _LARGEST_EXTENSION:
            raise damaged(self._name)
        left = max(int(offset), self._earliest) - len(self._data)
        while left:
            left -= len(self._read(min(left, 2**20)))

    def _read(self, count: int) -> bytes:
        try:
            data = self._file.read(count)
        except Exception as error:  # of a damaged gzip stream
            raise damaged(self._name) from error
        if len(data) < count:
            raise damaged(self._name)
        return data


def _geometry(header: _Fields, lengths: tuple[int, ...], name: str) -> tuple[Geometry, bool]:
    """Where the image lies, and whether the file says so."""
    qform_code, sform_code = header["codes"]
    unit = _MILLIMETERS.get(header["xyzt_units"][0] & 7, 1.0)
    candidates = []
    if sform_code > 0:
        srow = np.array(header["srow"], float).reshape(3, 4)
        candidates.append((srow[:, :3], srow[:, 3]))
    if qform_code > 0 or not candidates:
        candidates.insert(1 if sform_code == _SCANNER else 0, _qform(header, qform_code > 0))
    dimensions = 2 if len(lengths) < 3 else 3
    for number, (columns, origin) in enumerate(candidates):
        steps, place = _TO_LPS @ columns * unit, _TO_LPS @ origin * unit
        try:
            if dimensions == 2 and not steps[2, :2].any():
                return geometry_of(steps[:2, :2], place[:2], name), qform_code > 0 or sform_code > 0
            return geometry_of(steps, place, name), qform_code > 0 or sform_code > 0
        except InputError:
            if number == len(candidates) - 1:
                raise
    raise AssertionError


def _rows_upward(header: _Fields) -> bool:
    """Whether a matrix of no stated meaning has rows run upward.

    So dcm2niix writes radiographs; their columns are the DICOM file's, though the matrix has them run to the right.
    """
    srow = np.array(header["srow"], float).reshape(3, 4)
    return bool(np.isfinite(srow).all() and np.linalg.det(srow[:, :3]) and srow[1, 1] > 0)


def _qform(header: _Fields, stated: bool) -> tuple[NDArray, NDArray]:
    """Steps and origin from the quaternion; along the axes from the voxel sizes alone where none is stated."""
    pixdim = np.array(header["pixdim"], float)
    spacing = np.abs(pixdim[1:4])
    spacing[~np.isfinite(spacing) | (spacing == 0)] = 1.0
    if not stated:
        return np.diag(spacing), np.zeros(3)
    b, c, d, *offset = np.array(header["quatern"], float)
    rest = 1 - (b * b + c * c + d * d)
    if rest < 1e-7:  # a half turn, with rounding
        length = np.sqrt(b * b + c * c + d * d)
        a, b, c, d = 0.0, b / length, c / length, d / length
    else:
        a = np.sqrt(rest)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    spacing[2] *= -1 if pixdim[0] < 0 else 1
    return rotation * spacing, np.array(offset)
