"""Names of files in a bundle: where what lies, and which names are safe and mean one file on every system."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

SUMS = "SHA256SUMS"
LICENSE = "LICENSE"
METADATA = "configs/metadata.json"
INFERENCE = "configs/inference.json"
WEIGHTS = "models/model.safetensors"
CARD = "docs/README.md"

LARGEST_BUNDLE = 4 * 2**30  # bytes of all files together

# What can hold no code. Pickles (.pt, .pth, .ckpt, .npy), scripts and libraries have no place in a bundle.
_ENDINGS = {".json", ".md", ".txt", ".safetensors", ".csv", ".png"}
_BARE_NAMES = {LICENSE, SUMS}

_LONGEST = 160  # bytes of a path; Windows allows 260 with the folder's own
# Windows keeps these names for devices, with any ending and in small letters too; it takes superscripts for digits.
_PORTS = (f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3")
_DEVICE_NAMES = {"con", "prn", "aux", "nul", "conin$", "conout$", *_PORTS}


def is_safe_path(path: str) -> bool:
    """Whether this relative path names a file inside its folder on every system.

    No drive, root or backslash, no empty part or ``..``, no name of a device, nothing that cannot be seen.
    """
    # A format or control character, half a surrogate pair, a strange blank: none of them is printable.
    if not path.isprintable() or len(path.encode("utf-8")) > _LONGEST or any(letter in '\\:*?"<>|' for letter in path):
        return False
    return not any(part in ("", ".", "..") or part != part.strip() or _is_reserved(part) for part in path.split("/"))


def _is_reserved(name: str) -> bool:
    return name.endswith(".") or is_device(name)


def is_device(name: str) -> bool:
    """Whether Windows takes this name for a device, whatever its ending."""
    return name.partition(".")[0].rstrip().casefold() in _DEVICE_NAMES


def twin(paths: Iterable[str]) -> str:
    """The first path that another system may take for one before it, or that uses a file as a folder; else empty.

    Systems differ in the case of letters and in the Unicode form of names that they tell apart.
    """
    files: set[str] = set()
    parents: set[str] = set()
    for path in paths:
        name = _folded(path)
        above = {str(parent) for parent in PurePosixPath(name).parents} - {"."}
        if name in files or name in parents or above & files:
            return path
        files.add(name)
        parents |= above
    return ""


def is_allowed(path: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    pure = PurePosixPath(path)
    return pure.suffix in _ENDINGS or pure.name in _BARE_NAMES


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
