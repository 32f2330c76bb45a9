"""What a file holds, told from its first bytes and not from its name."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..regular_file import cannot_read, open_regular

FileKind = Literal["dicom", "png", "jpeg", "tiff", "nrrd", "nifti"]

SUPPORTED = "DICOM, PNG, JPEG, TIFF, NRRD or NIfTI"

_STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"NRRD", "nrrd"),
)
_KNOWN_STRANGERS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"RIFF", "a WebP picture or a film"),
    (b"\x00\x00\x00\x0cjP  ", "a bare JPEG 2000 picture"),
)
_HEAD_BYTES = 400  # the DICOM mark ends at byte 132, NIfTI's at byte 348


def file_kind(path: Path) -> FileKind:
    """Tell what kind of image file this is.

    Raises
    ------
    InputError : as `first_bytes`, empty, or nothing that can be read
    """
    head = first_bytes(path)
    if not head:
        raise InputError(f"'{path.name}' is empty.")
    if is_dicom(head):
        return "dicom"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if _is_nifti(head) or (head.startswith(b"\x1f\x8b") and _is_nifti(_first_unzipped_bytes(path))):
        return "nifti"
    stranger = next((words for start, words in _KNOWN_STRANGERS if head.startswith(start)), "not an image file")
    raise InputError(f"'{path.name}' is {stranger}; the image must be a {SUPPORTED} file.")


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file.

    Raises
    ------
    InputError : missing, not readable, no possible path, or no regular file (a folder, a pipe, a device)
    """
    try:
        with open_regular(path) as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise cannot_read(path, error) from error


def is_dicom(head: bytes) -> bool:
    """True for DICOM with its preamble, and for older files that begin with their first element at once."""
    if head[128:132] == b"DICM":
        return True
    # Without a preamble: group 0002 or 0008, a low element number, and a plausible VR or length (little endian).
    group, element = head[0:2], int.from_bytes(head[2:4], "little")
    if group not in (b"\x02\x00", b"\x08\x00") or element > 0x0070:
        return False
    return head[4:6] in (b"UL", b"CS", b"UI", b"OB", b"DA", b"TM", b"SH") or head[6:8] == b"\x00\x00"


def _is_nifti(head: bytes) -> bool:
    return head[344:348] == b"n+1\x00" or head[4:12] == b"n+2\x00\r\n\x1a\n"


def _first_unzipped_bytes(path: Path) -> bytes:
    try:
        with open_regular(path) as file, gzip.open(file) as unzipped:
            return unzipped.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""  # a damaged archive is no NIfTI file, and the caller says so
