"""What a file holds, told from its first bytes and not from its name."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..regular_file import cannot_read, open_regular
from .inflated import GZIP, Inflated
from .metaimage_file import is_metaimage
from .nifti_file import is_half_of_a_pair, is_nifti

FileKind = Literal["dicom", "png", "jpeg", "tiff", "nrrd", "nifti", "metaimage"]

SUPPORTED = "DICOM, PNG, JPEG, TIFF, NRRD, NIfTI or MetaImage"

_STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
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
    unpacked = _first_unpacked_bytes(path) if head.startswith(GZIP) else head
    if is_nifti(unpacked):
        return "nifti"
    if is_half_of_a_pair(unpacked):
        raise InputError(
            f"'{path.name}' is the header of an .hdr/.img pair, whose values lie in another file; save it as one file."
        )
    if is_metaimage(head):
        return "metaimage"
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


def _first_unpacked_bytes(path: Path) -> bytes:
    head = b""
    try:
        with open_regular(path) as file:
            unpacked = Inflated(file)
            while len(head) < _HEAD_BYTES and (part := unpacked.read(_HEAD_BYTES - len(head))):
                head += part
    except (OSError, EOFError, zlib.error):
        pass  # what came before the damage tells what it was meant to be
    return head
