"""Lookup tables of a DICOM header, whatever VR their numbers were written with.

Source: DICOM PS3.3 C.11.1.1 (Modality LUT) and C.11.2.1.1 (VOI LUT). Entries are always unsigned. Descriptor and data
are US, SS or OW, which one depends on the writer; the 16 bits of each number are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from .display import LookupTable

_LARGEST = 65_536  # entries


def lookup_table(item: Dataset, values: tuple[float, float]) -> LookupTable | None:
    """The table of an item of a Modality or VOI LUT Sequence; None when it is damaged.

    Parameters
    ----------
    values : least and largest value that go into it. They tell how the first mapped value is meant where its sign is in
        doubt: 63,536 is -2,000 for values that do not come near it.
    """
    descriptor, words = _words(item, "LUTDescriptor"), _words(item, "LUTData")
    if len(descriptor) != 3:
        return None
    length, first, bits = (int(number) for number in descriptor)
    length = length or _LARGEST  # C.11.1.1: 0 stands for 2 ** 16
    packed = len(words) < length and len(words) == (length + 1) // 2  # 8 bits each, the first in the lower half
    entries = (words.astype("<u2").view(np.uint8).astype(np.uint16) if packed else words)[:length]
    if len(entries) < length or not 8 <= bits <= 16 or entries.max() == 0:
        return None
    return LookupTable(_first(first, _declared_signed(item), length, values), entries.astype(np.float64), bits)


def _first(number: int, signed: bool, length: int, values: tuple[float, float]) -> int:
    """The first mapped value: as declared if the table then holds for any of the values, else with the other sign."""
    low, high = values
    negative = number - 65_536 if number >= 32_768 else number
    declared, other = (negative, number) if signed else (number, negative)
    covers = [low <= first + length - 1 and high >= first for first in (declared, other)]
    return other if covers == [False, True] else declared


def _declared_signed(item: Dataset) -> bool:
    element = item.get_item("LUTDescriptor", keep_deferred=True)
    return element is not None and element.VR == "SS"


def _words(item: Dataset, keyword: str) -> NDArray[np.uint16]:
    """The 16-bit numbers of an element, none when it is absent."""
    element = item.get_item(keyword, keep_deferred=True) if keyword in item else None
    if element is None or not element.value:
        return np.zeros(0, np.uint16)
    if isinstance(element, RawDataElement):  # pydicom has not decoded it yet
        return _of_bytes(element.value, element.is_little_endian)
    if isinstance(element.value, bytes):  # OW, in the byte order of the file that it came from
        return _of_bytes(element.value, item.original_encoding[1] is not False)
    return (np.atleast_1d(np.asarray(element.value, np.int64)) & 0xFFFF).astype(np.uint16)


def _of_bytes(data: bytes, little_endian: bool) -> NDArray[np.uint16]:
    data += b"\0" * (len(data) % 2)
    return np.frombuffer(data, "<u2" if little_endian else ">u2").astype(np.uint16)
