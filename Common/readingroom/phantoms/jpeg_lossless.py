"""JPEG lossless (process 14, first-order prediction) for test files: pydicom and Pillow cannot encode it.

Source: ITU-T T.81, annexes C, F.1.2 and H. Each category of differences has a code of five bits: legal and simple.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_CODE_BITS = 5
_CATEGORIES = 17  # 0 to 16 bits of difference


def encode_jpeg_lossless(values: NDArray[np.uint16], precision: int) -> bytes:
    """The gray picture ``[j, i]`` of ``precision`` bits (2 to 16) as a JPEG lossless stream, selection value 1."""
    rows, columns = values.shape
    frame = struct.pack(">BHHBBBB", precision, rows, columns, 1, 1, 0x11, 0)
    code_lengths = bytes(_CATEGORIES if length == _CODE_BITS else 0 for length in range(1, 17))
    table = b"\x00" + code_lengths + bytes(range(_CATEGORIES))
    scan = bytes([1, 1, 0, 1, 0, 0])  # one component, table 0, predictor 1, no point transform
    segments = _segment(0xC3, frame) + _segment(0xC4, table) + _segment(0xDA, scan)
    return b"\xff\xd8" + segments + _entropy_coded(values, precision) + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _entropy_coded(values: NDArray[np.uint16], precision: int) -> bytes:
    left = values.astype(np.int64)
    predicted = np.empty_like(left)
    predicted[:, 1:] = left[:, :-1]
    predicted[1:, 0] = left[:-1, 0]  # the first of a line is predicted from above
    predicted[0, 0] = 2 ** (precision - 1)
    differences = (left - predicted + 32_767) % 65_536 - 32_767  # H.1.2.1: modulo 2 ** 16, here -32767 to 32768
    bits = "".join(_code(int(difference)) for difference in differences.ravel())
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def _code(difference: int) -> str:
    category = abs(difference).bit_length()
    code = f"{category:0{_CODE_BITS}b}"
    if category in (0, 16):  # 16 stands for 32768 alone and carries no further bits
        return code
    extra = difference if difference > 0 else difference + 2**category - 1
    return code + f"{extra:0{category}b}"
