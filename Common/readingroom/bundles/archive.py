"""Unpacking a zipped bundle from a stranger."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path
from typing import NoReturn

from ..errors import BundleError
from . import bundle

_MOST_MEMBERS = 512
# Text compresses to a tenth and weights hardly at all; a bomb reaches a thousandth.
_HIGHEST_RATIO = 100
_SMALL = 2**20  # below this size a high ratio does no harm
_CHUNK = 2**20


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a zip with the bundle's files at its top or in one top folder, and return the bundle's folder.

    Sizes are checked before anything is written, and again while it is, since a zip can lie about them.

    Raises
    ------
    BundleError : it is no zip, damaged, too large, or a member would leave the folder
    OSError : ``into`` cannot be written
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check(archive, members, listed=len(opened.infolist()))
            for member in members:
                _extract(archive, opened, member, into / member.filename)
            names = [member.filename for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeError) as error:
        # RuntimeError: encrypted
        raise BundleError(f"{archive.name} is not a zip file that can be read, or it is damaged.") from error
    if bundle.SUMS in names:
        return into
    return into / names[0].split("/")[0]


def _check(archive: Path, members: list[zipfile.ZipInfo], listed: int) -> None:
    if not members:
        _refuse(archive, "it is empty")
    if listed > _MOST_MEMBERS:
        _refuse(archive, f"it has {listed} members, more than {_MOST_MEMBERS}")
    for member in members:
        _check_member(archive, member)
    names = [member.filename for member in members]
    if len({name.casefold() for name in names}) < len(names):
        _refuse(archive, "two members have the same name")
    if bundle.SUMS not in names and len({name.split("/")[0] for name in names}) > 1:
        _refuse(archive, "it has more than one folder at its top")
    if sum(member.file_size for member in members) > bundle.LARGEST_BUNDLE:
        _refuse(archive, f"it unpacks to more than {bundle.LARGEST_BUNDLE // 2**30} GB")


def _check_member(archive: Path, member: zipfile.ZipInfo) -> None:
    # zipfile turns backslashes and cuts at NUL on its own; what the archive really says is in orig_filename.
    name = member.orig_filename
    if not bundle.is_safe_path(name) or name != member.filename:
        _refuse(archive, f"its member {name[:80]!r} leaves the folder")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        _refuse(archive, f"its member {name[:80]!r} is a link or a device")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse(archive, f"its member {name[:80]!r} is compressed in an unusual way")
    if not bundle.is_allowed(name):
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
