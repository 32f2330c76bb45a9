"""Reading one DICOM file: its header or all of it, with a plain sentence for whatever is no single image."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pydicom.config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from .. import dicom_terms
from ..errors import InputError
from .limits import refuse_impossible_size

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

_LONGEST_NUMBERS = 4096  # bytes of an element of numbers in text


def read_header(path: Path, several_frames: bool = False) -> Dataset:
    """The elements before the pixel data of a DICOM file that holds one image.

    Parameters
    ----------
    several_frames : the slices of a volume in one file are as welcome

    Raises
    ------
    InputError : damaged, DICOMDIR, not an image, several frames, no plausible size
    """
    return _read(path, True, several_frames)


def read_image(path: Path, several_frames: bool = False) -> Dataset:
    """All elements, the still encoded pixel data included, of a DICOM file that holds one image.

    Raises
    ------
    InputError : as `read_header`
    """
    return _read(path, False, several_frames)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """The element's value as pydicom gives it; None when absent or damaged."""
    with quiet_pydicom():
        try:
            return dataset.get(keyword)
        except Exception:  # pydicom decodes an element when it is first asked for; if it is damaged, raises anything
            return None


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
    """The items of a sequence; none when it is absent or damaged."""
    value = value_of(dataset, keyword)
    return list(value) if isinstance(value, pydicom.sequence.Sequence) else []


def what_it_is(dataset: Dataset) -> str:
    """Plain words for the kind of object: ``a CT image``, ``a segmentation (SEG)`` ..."""
    modality = text(dataset, "Modality")
    if modality in _NOT_IMAGES:
        return f"{_NOT_IMAGES[modality]} ({modality})"
    return f"an image of modality {modality}" if modality else "an image of unknown modality"


def modality_of(path: Path) -> str:
    """Modality of any DICOM file, image or not; empty when absent or damaged."""
    with quiet_pydicom():
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=["Modality"])
        except Exception:  # pydicom raises anything on damaged bytes
            return ""
    return text(header, "Modality")


def kind_of_file(path: Path) -> str:
    """Plain words for the object in a DICOM file that is no image: ``structured report (SR)`` ..."""
    modality = modality_of(path)
    return f"{_NOT_IMAGES[modality].partition(' ')[2]} ({modality})" if modality in _NOT_IMAGES else "damaged file"


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """pydicom's warnings quote header values, which may name the patient: they must not reach a log."""
    logger = pydicom.config.logger
    disabled, logger.disabled = logger.disabled, True  # to set its level would empty the cache of every logger
    try:
        with warnings.catch_warnings(), pydicom.config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = disabled


def _read(path: Path, stop_before_pixels: bool, several_frames: bool) -> Dataset:
    _refuse_deflated(path)
    with quiet_pydicom():
        try:
            # force: files of old scanners have no preamble; `file_kind` has already seen that this looks like DICOM
            dataset = pydicom.dcmread(path, stop_before_pixels=stop_before_pixels, force=True)
        except PermissionError as error:
            raise InputError(f"'{path.name}' may not be read: your account has no permission.") from error
        except Exception as error:  # pydicom raises anything on damaged bytes
            raise InputError(f"'{path.name}' is a damaged DICOM file.") from error
        _refuse_what_is_no_image(dataset, path.name, several_frames)
    return dataset


def _refuse_deflated(path: Path) -> None:
    """pydicom inflates a whole deflated file, however large it becomes, before its header can be looked at."""
    with quiet_pydicom():
        try:
            syntax = read_file_meta_info(path).get("TransferSyntaxUID")
        except Exception:  # no or damaged file meta information: `_read` goes on without it
            return
    if syntax == DeflatedExplicitVRLittleEndian:
        raise InputError(f"'{path.name}' is a deflated DICOM file, which is not supported; export it in another form.")


def _refuse_what_is_no_image(dataset: Dataset, name: str, several_frames: bool) -> None:
    meta = getattr(dataset, "file_meta", Dataset())
    storage = text(meta, "MediaStorageSOPClassUID") or text(dataset, "SOPClassUID")
    if storage == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise InputError(f"'{name}' is a DICOMDIR, a table of contents; choose the image itself or its folder.")
    if text(dataset, "Modality") in _NOT_IMAGES:
        raise InputError(f"'{name}' holds {what_it_is(dataset)}, not an image.")
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    if rows is None or columns is None:
        raise InputError(f"'{name}' is a DICOM file without an image size: it holds no image, or is cut short.")
    frames = whole_number(dataset, "NumberOfFrames")
    if frames is not None and frames > 1 and not several_frames:
        raise InputError(
            f"'{name}' holds {what_it_is(dataset)} with {frames} frames; a single radiograph was expected."
        )
    refuse_impossible_size(columns, rows, name)
