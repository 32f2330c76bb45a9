"""``.safetensors`` files, read without trusting them and without the package of that name, which Slicer lacks.

Layout (safetensors 0.x): 8 bytes of header length, little endian; the header, a JSON object
``{name: {"dtype", "shape", "data_offsets"}}`` with an optional ``__metadata__`` of strings; then the numbers.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy

from .. import strict_json
from ..regular_file import open_regular

_LARGEST_HEADER = 4 * 2**20  # a network of 30,000 tensors stays below
_MOST_AXES = 16  # of a tensor
_CHUNK = 4 * 2**20  # bytes that are examined at once; whole numbers of every format
_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64"), 64),
}


# The formats that numpy has too; all little endian.
_NUMPY = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip

# The unsigned integer as wide as a number, and the bits that are all set in infinity and NaN alone.
_NOT_FINITE = {
    "F8_E4M3": ("u1", 0x7F), "F8_E5M2": ("u1", 0x7C), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80),
    "F32": ("<u4", 0x7F800000), "F64": ("<u8", 0x7FF0000000000000),
}  # fmt: skip


@dataclass(frozen=True)
class TensorFacts:
    """One tensor of the file: its number format as safetensors names it (``F16``) and its shape."""

    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, TensorFacts]:
    """The tensors of the file by name; every byte of the file is accounted for.

    Raises
    ------
    ValueError : it is not a safetensors file (a renamed pickle, a cut file), with the reason
    OSError : it cannot be read
    """
    with open_regular(path) as file:
        start = file.read(8)
        spans = _spans(start + file.read(_header_length(start)), path.stat().st_size)
    return {name: facts for name, (_, _, facts) in spans.items()}


def examine(file: BinaryIO, size: int) -> str:
    """The SHA-256 of a file of ``size`` bytes, read once from its begin: what is hashed is what was looked at.

    Raises
    ------
    ValueError : as `read_header`, or a tensor holds NaN or infinity
    OSError : it cannot be read
    """
    start = file.read(8)
    header = start + file.read(_header_length(start))
    digest = hashlib.sha256(header)
    for name, (begin, end, facts) in sorted(_spans(header, size).items(), key=lambda item: item[1][:2]):
        left = end - begin
        while left:
            chunk = file.read(min(left, _CHUNK))
            if len(chunk) < min(left, _CHUNK):
                raise ValueError("it was cut while it was read")
            _refuse_not_finite(name, facts.dtype, chunk)
            digest.update(chunk)
            left -= len(chunk)
    if file.read(1):
        raise ValueError("it grew while it was read")
    return digest.hexdigest()


def arrays(data: bytes) -> dict[str, numpy.ndarray]:
    """The tensors of a file's bytes, by name; each is a copy that may be changed.

    Raises
    ------
    ValueError : it is not a safetensors file, or holds a number format that numpy lacks (``BF16``)
    """
    header = 8 + _header_length(data[:8])
    found = {}
    for name, (start, stop, facts) in _spans(data[:header], len(data)).items():
        if facts.dtype not in _NUMPY:
            raise ValueError(f"its tensor '{name:.60}' is of the format {facts.dtype}, which numpy does not have")
        numbers = numpy.frombuffer(data[header + start : header + stop], dtype=_NUMPY[facts.dtype])
        found[name] = numbers.reshape(facts.shape).copy()
    return found


def _refuse_not_finite(name: str, dtype: str, chunk: bytes) -> None:
    if dtype in _NOT_FINITE:
        kind, bits = _NOT_FINITE[dtype]
        numbers = numpy.frombuffer(chunk, kind)
        if ((numbers & numbers.dtype.type(bits)) == bits).any():
            raise ValueError(f"its tensor '{name:.60}' holds numbers that are not finite")


def _header_length(start: bytes) -> int:
    """How long the header is by the file's first 8 bytes, within reason."""
    length: int = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    return min(length, _LARGEST_HEADER + 1)


def _spans(header: bytes, size: int) -> dict[str, tuple[int, int, TensorFacts]]:
    """Start and stop of each tensor behind the header of a file of ``size`` bytes, and its facts."""
    length = _header_length(header[:8])
    if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
        raise ValueError("it does not begin with a header")
    try:
        entries = strict_json.loads(header[8 : 8 + length])
    except ValueError as error:
        raise ValueError("its header is not readable") from error
    if not isinstance(entries, dict):
        raise ValueError("its header is not a list of tensors")
    entries.pop("__metadata__", None)
    spans = {name: _span(name, entry) for name, entry in entries.items()}
    _require_gapless([(start, stop) for start, stop, _ in spans.values()], size - 8 - length)
    return spans


def _span(name: str, entry: Any) -> tuple[int, int, TensorFacts]:
    try:
        dtype, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        right = len(shape) <= _MOST_AXES  # before they are multiplied
        right = right and all(type(number) is int and number >= 0 for number in (*shape, start, stop))
        right = right and (stop - start) * 8 == math.prod(shape) * _BITS[dtype]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its tensor '{name:.60}' is not described") from error
    if not right:
        raise ValueError(f"its tensor '{name:.60}' does not have the size that its shape says")
    return start, stop, TensorFacts(dtype, shape)


def _require_gapless(spans: list[tuple[int, int]], size: int) -> None:
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError("its tensors overlap or leave gaps")
        end = stop
    if end != size:
        raise ValueError(f"it holds {size} bytes of numbers where its header tells of {end}")
