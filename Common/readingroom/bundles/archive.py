"""Unpacking a zipped bundle from a stranger."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, NoReturn

from ..errors import BundleError
from ..regular_file import open_regular
from . import paths

_MOST_MEMBERS = 512
# Text compresses to a tenth and weights hardly at all; a bomb reaches a thousandth.
_HIGHEST_RATIO = 100
_SMALL = 2**20  # below this size a high ratio does no harm
_CHUNK = 2**20
_LARGEST_DIRECTORY = 2**20  # bytes; zipfile makes an object of every entry before anybody can count them
_END = struct.Struct("<4s4H2LH")  # the record at the end of a zip (APPNOTE 4.3.16)


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a zip with the bundle's files at its top or in one top folder, and return the bundle's folder.

    Sizes are checked before anything is written, and again while it is, since a zip can lie about them.

    Raises
    ------
    BundleError : it is no zip, damaged, too large, or a member would leave the folder
    OSError : ``into`` cannot be written
    """
    try:
        file = open_regular(archive)
    except OSError as error:
        raise BundleError(f"{archive.name} cannot be opened: {(error.strerror or str(error)).lower()}.") from error
    try:
        _check_directory(archive, file)
        with file, zipfile.ZipFile(file) as opened:
            members = [member for member in opened.infolist() if not member.filename.endswith("/")]
            _check(archive, members, listed=len(opened.infolist()))
            for member in members:
                _extract(archive, opened, member, into / member.filename)
            names = [member.filename for member in members]
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError) as error:
        # RuntimeError: encrypted; ValueError: names in another code, extra fields cut short
        raise BundleError(f"{archive.name} is not a zip file that can be read, or it is damaged.") from error
    if paths.SUMS in names:
        return into
    return into / names[0].split("/")[0]


def _check_directory(archive: Path, file: BinaryIO) -> None:
    """Look at the list of members before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 2**16 - 20))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise zipfile.BadZipFile("it has no end")
    if size > paths.LARGEST_BUNDLE or b"PK\6\7" in tail[max(0, at - 20) : at]:
        _refuse(archive, f"it is made for more than {paths.LARGEST_BUNDLE // 2**30} GB")
    _, _, _, _, listed, length, _, _ = _END.unpack_from(tail, at)
    if listed > _MOST_MEMBERS:
        _refuse(archive, f"it has {listed} members, more than {_MOST_MEMBERS}")
    if length > _LARGEST_DIRECTORY:
        _refuse(archive, f"the list of its members is longer than {_LARGEST_DIRECTORY // 2**20} MB")


def _check(archive: Path, members: list[zipfile.ZipInfo], listed: int) -> None:
    if not members:
        _refuse(archive, "it is empty")
    if listed > _MOST_MEMBERS:
        _refuse(archive, f"it has {listed} members, more than {_MOST_MEMBERS}")
    for member in members:
        _check_member(archive, member)
    names = [member.filename for member in members]
    if name := paths.twin(names):
        _refuse(archive, f"two members have the same name on some systems, {name[:80]!r} is the second")
    if paths.SUMS not in names and len({name.split("/")[0] for name in names}) > 1:
        _refuse(archive, "it has more than one folder at its top")
    together = sum(member.file_size for member in members)
    if together > paths.LARGEST_BUNDLE:
        _refuse(archive, f"it unpacks to more than {paths.LARGEST_BUNDLE // 2**30} GB")
    if together > max(_SMALL, _HIGHEST_RATIO * archive.stat().st_size):
        _refuse(archive, f"it unpacks to more than {_HIGHEST_RATIO} times its size")


def _check_member(archive: Path, member: zipfile.ZipInfo) -> None:
    # zipfile turns backslashes and cuts at NUL on its own; what the archive really says is in orig_filename.
    name = member.orig_filename
    if not paths.is_safe_path(name) or name != member.filename:
        _refuse(archive, f"its member {name[:80]!r} leaves the folder, or is no name on every system")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        _refuse(archive, f"its member {name[:80]!r} is a link or a device")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse(archive, f"its member {name[:80]!r} is compressed in an unusual way")
    if not paths.is_allowed(name):
        _refuse(archive, f"its member {name[:80]!r} is of a kind that has no place in a bundle")
    if member.file_size > _SMALL and member.file_size > _HIGHEST_RATIO * max(member.compress_size, 1):
        _refuse(archive, f"its member {name[:80]!r} unpacks to more than {_HIGHEST_RATIO} times its size")


def _extract(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with opened.open(member) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                _refuse(archive, f"its member {member.filename[:80]!r} is larger than it says")
            target.write(chunk)


def _refuse(archive: Path, reason: str) -> NoReturn:
    raise BundleError(f"{archive.name} cannot be installed: {reason}.")
