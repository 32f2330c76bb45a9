"""Reading one DICOM file: its header or all of it, with a plain sentence for whatever is no single image."""

from __future__ import annotations

import io
import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pydicom
import pydicom.config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial, read_sequence
from pydicom.tag import BaseTag
from pydicom.uid import MediaStorageDirectoryStorage
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from .. import dicom_terms
from ..errors import InputError
from ..regular_file import cannot_read, open_regular
from .bounded_file import BoundedFile
from .dicom_frame import most_bytes
from .limits import (
    HEADER,
    LONG_HEADER,
    MAXIMUM_FRAMES,
    MAXIMUM_TEXT_BYTES,
    refuse_impossible_size,
    refuse_impossible_volume,
)

_NOT_IMAGES = {
    "RTSTRUCT": "a radiotherapy structure set",
    "RTPLAN": "a radiotherapy plan",
    "RTDOSE": "a radiotherapy dose",
    "SEG": "a segmentation",
    "SR": "a structured report",
    "PR": "a presentation state",
    "KO": "a key object selection",
    "REG": "a registration",
    "DOC": "a document",
    "ECG": "an electrocardiogram",
}
_PIXEL_DATA = 0x7FE00010
# Sets, since pydicom compares a tag with each member of a tuple in Python.
_PIXELS = frozenset((_PIXEL_DATA, 0x7FE00008, 0x7FE00009))  # Float and Double Float Pixel Data
# Functional groups of frames, structures and their contours
_LONG_SEQUENCES = frozenset((0x52009229, 0x52009230, 0x30060020, 0x30060039))
_UNDEFINED_LENGTH = 0xFFFFFFFF
_quiet = threading.local()  # whether this thread is inside of `quiet_pydicom`
_door, _switched_off, _inside = threading.Lock(), ExitStack(), 0  # of all threads


def read_elements(path: Path, several_frames: bool = False) -> Dataset:
    """The elements before the pixel data of any DICOM file; very long ones have no value.

    Parameters
    ----------
    several_frames : as much as many frames or contours need may be read

    Raises
    ------
    InputError : damaged, deflated, not readable, a header without end
    """
    return _read(path, False, several_frames)


_LONGEST_NUMBERS = 4096  # bytes of an element of numbers in text


def read_header(path: Path, several_frames: bool = False) -> Dataset:
    """The elements before the pixel data of a DICOM file that holds one image.

    Parameters
    ----------
    several_frames : the slices of a volume in one file are as welcome

    Raises
    ------
    InputError : as `read_elements`; DICOMDIR, not an image, several frames, no plausible size
    """
    dataset = read_elements(path, several_frames)
    _refuse_what_is_no_image(dataset, path.name, several_frames)
    return dataset


def read_image(path: Path, several_frames: bool = False) -> Dataset:
    """The same with the pixel data, still encoded; what lies behind them is not looked at.

    Raises
    ------
    InputError : as `read_header`
    """
    return _read(path, True, several_frames)


def read_object(path: Path) -> Dataset:
    """The elements of any DICOM file with several frames, an image or not, and its pixel data, still encoded.

    Raises
    ------
    InputError : as `read_elements`; a volume of no plausible size
    """
    return _read(path, True, True, image=False)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """The element's value as pydicom gives it; None when absent, damaged or of an impossible length."""
    with quiet_pydicom():
        try:
            if _length(dataset, keyword) > MAXIMUM_TEXT_BYTES:
                return None
            return dataset.get(keyword)
        except Exception:  # pydicom decodes an element when it is first asked for; if it is damaged, raises anything
            return None


def _length(dataset: Dataset, keyword: str) -> int:
    """In bytes, of an element that pydicom has not decoded yet; else 0."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    return element.length if isinstance(element, RawDataElement) else 0


def text(dataset: Dataset, keyword: str) -> str:
    """The element as text, several values joined with a backslash; empty when absent or damaged."""
    stored = _stored_texts(dataset, keyword)
    if stored is not None:
        return "\\".join(_printable(item) for item in stored)
    value = value_of(dataset, keyword)
    if value is None:
        return ""
    values = value if isinstance(value, pydicom.multival.MultiValue | list | tuple) else [value]
    with quiet_pydicom():
        try:
            return "\\".join(_printable(str(item)) for item in values)
        except Exception:  # names are decoded when they are first written out; an unknown character set raises anything
            return ""


def _printable(value: str) -> str:
    """Without line breaks and control characters, which padding and damage leave behind."""
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()


def _stored_texts(dataset: Dataset, keyword: str) -> list[str] | None:
    """The values of an element of numbers in text (DS, IS) that was not decoded yet, as they are stored, else None.

    pydicom gives nothing of an element in which one value is damaged. A standard element has a handful of values;
    of a damaged one with millions the first are enough.
    """
    try:
        element = dataset.get_item(keyword)
        representation = (getattr(element, "VR", None) or dictionary_VR(keyword)) if element is not None else ""
    except Exception:  # no element of the standard
        return None
    if representation == "UN":
        representation = dictionary_VR(keyword)
    if representation not in ("DS", "IS") or not isinstance(element, RawDataElement) or element.value is None:
        return None
    values = element.value[:_LONGEST_NUMBERS].decode("ascii", errors="replace").split("\\")
    return values[:-1] if len(element.value) > _LONGEST_NUMBERS else values  # the last one may be cut


def decimals(dataset: Dataset, keyword: str) -> tuple[float | None, ...]:
    """The element's values as numbers, None in place of each that is no finite number; empty when absent or damaged.

    Empty values at the end are left out.
    """
    return dicom_terms.decimals(text(dataset, keyword))


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The element as finite numbers; empty when absent, damaged or not all numbers."""
    found = decimals(dataset, keyword)
    usable = tuple(number for number in found if number is not None)
    return usable if len(usable) == len(found) else ()


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """The element's first value as a whole number, or None."""
    found = numbers(dataset, keyword)
    return int(found[0]) if found else None


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none when it is absent, damaged or has more than any image."""
    with quiet_pydicom():
        try:
            element = dataset.get_item(keyword) if keyword in dataset else None
            if isinstance(element, RawDataElement) and element.VR in ("SQ", "UN", None):
                data = element.value or b""
                file = cast(
                    BinaryIO, BoundedFile(io.BytesIO(data), LONG_HEADER if len(data) > HEADER.value else HEADER)
                )
                encoding = dataset.original_character_set
                found = read_sequence(file, element.is_implicit_VR, element.is_little_endian, len(data), encoding)
                element = DataElement(element.tag, "SQ", found)
                dataset[element.tag] = element  # so that the next call finds it read
            return list(element.value) if element is not None and element.VR == "SQ" else []
        except Exception:  # pydicom raises anything on damaged bytes
            return []


def what_it_is(dataset: Dataset) -> str:
    """Plain words for the kind of object: ``a CT image``, ``a segmentation (SEG)`` ..."""
    modality = text(dataset, "Modality")
    if modality in _NOT_IMAGES:
        return f"{_NOT_IMAGES[modality]} ({modality})"
    return f"an image of modality {modality}" if modality else "an image of unknown modality"


def modality_of(path: Path) -> str:
    """Modality of any DICOM file, image or not; empty when absent.

    Raises
    ------
    InputError : as `read_elements`
    """
    return text(read_elements(path, several_frames=True), "Modality")


def kind_of_file(path: Path) -> str:
    """Plain words for the object in a DICOM file that is no image: ``structured report (SR)`` ..."""
    try:
        modality = modality_of(path)
    except InputError:
        return "damaged file"
    return f"{_NOT_IMAGES[modality].partition(' ')[2]} ({modality})" if modality in _NOT_IMAGES else "damaged file"


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """pydicom's warnings quote header values, which may name the patient: they must not reach a log.

    What is switched off is switched off for all threads: the first one in does it, the last one out takes it back.
    """
    global _inside
    if getattr(_quiet, "now", False):  # it was asked for further out: a header is looked at hundreds of times
        yield
        return
    with _door:
        if _inside == 0:
            _switched_off.enter_context(_silence())
        _inside += 1
    _quiet.now = True
    try:
        yield
    finally:
        _quiet.now = False
        with _door:
            _inside -= 1
            if _inside == 0:
                _switched_off.close()


@contextmanager
def _silence() -> Iterator[None]:
    logger = pydicom.config.logger
    disabled, logger.disabled = logger.disabled, True  # to set its level would empty the cache of every logger
    try:
        with warnings.catch_warnings(), pydicom.config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = disabled


def _read(path: Path, with_pixels: bool, several_frames: bool, image: bool = True) -> Dataset:
    """The elements before the pixel data and, where they are wanted, the pixel data."""
    found: list[tuple[BaseTag, str | None, int]] = []
    bounded: BoundedFile | None = None

    def at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
        if tag in _PIXELS:
            found.append((tag, vr, length))
        if several_frames and tag in _LONG_SEQUENCES and bounded is not None:
            bounded.allow(LONG_HEADER)
        return tag in _PIXELS

    try:
        with quiet_pydicom(), _opened(path) as file:
            bounded = BoundedFile(file, HEADER)
            longest = (LONG_HEADER if several_frames else HEADER).value
            # force: files of old scanners have no preamble; `file_kind` has already seen that this looks like DICOM
            dataset = read_partial(cast(BinaryIO, bounded), at_pixels, longest, force=True)
            dataset.buffer = None  # values that were passed over stay so
            if with_pixels and image:
                _refuse_what_is_no_image(dataset, path.name, several_frames)
            elif with_pixels:
                _refuse_impossible_frames(dataset, path.name)
            if with_pixels and found and found[-1][0] == _PIXEL_DATA:
                _, vr, length = found[-1]
                file.seek(12 if vr in EXPLICIT_VR_LENGTH_32 else 8, io.SEEK_CUR)
                dataset.add_new(_PIXEL_DATA, vr or "OW", file.read(_bytes_worth_reading(dataset, length)))
                dataset[_PIXEL_DATA].is_undefined_length = length == _UNDEFINED_LENGTH
    except InputError:
        raise
    except RecursionError as error:
        raise InputError(f"'{path.name}' nests sequences deeper than any image.") from error
    except Exception as error:  # pydicom raises anything on damaged bytes
        if bounded is not None and bounded.refusal:
            raise InputError(f"'{path.name}' {bounded.refusal}.") from error
        raise InputError(f"'{path.name}' is a damaged DICOM file.") from error
    return dataset


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        raise cannot_read(path, error) from error


def _bytes_worth_reading(dataset: Dataset, length: int) -> int:
    sizes = ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames")
    values = math.prod(max(whole_number(dataset, keyword) or 1, 1) for keyword in sizes)
    most = most_bytes(values, min(whole_number(dataset, "BitsAllocated") or 8, 16), length == _UNDEFINED_LENGTH)
    return min(length, most)


def _refuse_what_is_no_image(dataset: Dataset, name: str, several_frames: bool) -> None:
    meta = getattr(dataset, "file_meta", Dataset())
    storage = text(meta, "MediaStorageSOPClassUID") or text(dataset, "SOPClassUID")
    if storage == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise InputError(f"'{name}' is a DICOMDIR, a table of contents; choose the image itself or its folder.")
    if text(dataset, "Modality") in _NOT_IMAGES:
        raise InputError(f"'{name}' holds {what_it_is(dataset)}, not an image.")
    frames = whole_number(dataset, "NumberOfFrames")
    if frames is not None and frames > 1 and not several_frames:
        raise InputError(
            f"'{name}' holds {what_it_is(dataset)} with {frames} frames; a single radiograph was expected."
        )
    _refuse_impossible_frames(dataset, name)


def _refuse_impossible_frames(dataset: Dataset, name: str) -> None:
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    if rows is None or columns is None:
        raise InputError(f"'{name}' is a DICOM file without an image size: it holds no image, or is cut short.")
    frames = whole_number(dataset, "NumberOfFrames")
    refuse_impossible_size(columns, rows, name, whole_number(dataset, "SamplesPerPixel") or 1)
    if frames is not None and frames > MAXIMUM_FRAMES:
        raise InputError(f"'{name}' holds {frames:,} frames, more than are read (the limit is {MAXIMUM_FRAMES:,}).")
    refuse_impossible_volume((columns, rows, max(frames or 1, 1)), name)
