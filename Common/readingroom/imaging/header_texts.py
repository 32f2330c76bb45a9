"""All that the DICOM headers of a study say in words, for taking it out of what is written."""

from __future__ import annotations

import itertools
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ..errors import InputError
from ..study import Study
from .dicom_file import quiet_pydicom, read_header
from .file_kind import first_bytes, is_dicom

# Value representations that hold numbers or bytes, and so no words (PS3.5, 6.2).
_WITHOUT_WORDS = frozenset(
    ("DS", "IS", "FL", "FD", "SL", "SS", "UL", "US", "SV", "UV", "AT", "OB", "OW", "OD", "OF", "OL", "OV", "SQ")
)
_FILES = 3  # of a series: its headers say the same of the patient
_LONGEST = 1000  # characters; our sentences quote no more
_MOST = 5000  # texts of a header


def header_texts(study: Study) -> set[str]:
    """The texts of the files that the images of a study lie in; none of those that are no DICOM or are gone."""
    found: set[str] = set()
    for image in study.images:
        for path in _files(image.path):
            try:
                if is_dicom(first_bytes(path)):
                    found |= _texts(read_header(path))
            except (InputError, OSError):  # whoever reads the study says so
                continue
    return found


def _files(path: Path | None) -> list[Path]:
    if path is None:
        return []
    if path.is_dir():
        return list(itertools.islice((file for file in sorted(path.rglob("*")) if file.is_file()), _FILES))
    return [path] if path.is_file() else []


def _texts(header: Dataset) -> set[str]:
    found: set[str] = set()
    with quiet_pydicom():
        elements = itertools.chain(getattr(header, "file_meta", Dataset()).iterall(), header.iterall())
        for element in itertools.islice(elements, _MOST):
            try:
                if element.VR in _WITHOUT_WORDS:
                    continue
                values = element.value if isinstance(element.value, MultiValue | list | tuple) else [element.value]
                found |= {_word(value)[:_LONGEST] for value in values}
            except Exception:  # pydicom raises anything on a damaged element, which nobody can quote then
                continue
    return found


def _word(value: object) -> str:
    """A value as text; private elements are bytes where nobody says what they hold."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
