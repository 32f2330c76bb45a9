"""Holding the files of a bundle against its ``SHA256SUMS``: what is used later are the bytes that were hashed."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from ..errors import BundleError
from ..regular_file import open_regular
from . import tensor_file
from .paths import (
    CARD,
    INFERENCE,
    LARGEST_BUNDLE,
    LICENSE,
    METADATA,
    SUMS,
    WEIGHTS,
    is_allowed,
    is_safe_path,
    twin,
)

_REQUIRED = (METADATA, INFERENCE, WEIGHTS, CARD, LICENSE)

_MOST_FILES = 256
_DEEPEST = 8
_JUNCTION = 0xA0000003  # Windows: a link that looks like a folder (IO_REPARSE_TAG_MOUNT_POINT)
_LARGEST_TEXT = 8 * 2**20
_LARGEST_TENSORS = 2 * 2**30

# Two writes within one tick of the file system's clock look alike, so young files are examined each time.
_SETTLED_NS = 2 * 10**9

_SUMS_LINE = re.compile(r"([0-9a-f]{64})  (.+)\Z")


def verify(folder: Path) -> tuple[bytes, dict[str, str], dict[str, bytes]]:
    """The bytes of ``SHA256SUMS``, the hash of each file that it lists, and the bytes of the two JSON files.

    Raises
    ------
    BundleError : something is missing, added, changed, too large or unsafe
    OSError : a file cannot be read
    """
    found = _find_files(folder)
    sums = read_file(folder, SUMS)
    listed = _understood_sums(folder, sums)
    _compare_names(folder, found, listed)
    return sums, listed, _compare_contents(folder, listed)


def _find_files(folder: Path) -> dict[str, os.stat_result]:
    """Every file under ``folder`` by its path with ``/``; the walk ends early in a folder that is clearly no bundle."""
    if not (folder / SUMS).is_file():
        refuse(folder, f"it has no {SUMS}")
    found = dict(itertools.islice(_walk(folder), _MOST_FILES + 1))
    if len(found) > _MOST_FILES:
        refuse(folder, f"it has more than {_MOST_FILES} files")
    return found


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    if below.count("/") > _DEEPEST:
        refuse(folder, f"its folders are nested more than {_DEEPEST} deep")
    with os.scandir(folder / below) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            path = f"{below}{entry.name}"
            facts = (folder / path).lstat()  # scandir's own facts lack the inode on Windows
            if stat.S_ISDIR(facts.st_mode) and getattr(facts, "st_reparse_tag", 0) != _JUNCTION:
                yield from _walk(folder, f"{path}/")
            elif stat.S_ISREG(facts.st_mode):
                yield path, facts
            else:
                refuse(folder, f"{path} is a link or a device, which may lead out of the bundle")


def _understood_sums(folder: Path, data: bytes) -> dict[str, str]:
    """The hash of each file that ``SHA256SUMS`` lists."""
    listed: dict[str, str] = {}
    for line in data.decode("utf-8", errors="replace").splitlines():
        match = _SUMS_LINE.match(line)
        if not match:
            refuse(folder, f"{SUMS} has a line that is not 'hash  path': {line[:40]!r}")
        path = match[2]
        if not is_safe_path(path):
            refuse(folder, f"{SUMS} lists {path[:80]!r}, which leaves the bundle or is no name on every system")
        if path in listed:
            refuse(folder, f"{SUMS} lists {path} twice")
        listed[path] = match[1]
        if len(listed) > _MOST_FILES:
            refuse(folder, f"{SUMS} lists more than {_MOST_FILES} files")
    if path := twin(listed):
        refuse(folder, f"{SUMS} lists {path} beside a file that some systems take for the same")
    return listed


def _compare_names(folder: Path, found: Mapping[str, os.stat_result], listed: Mapping[str, str]) -> None:
    """Hold the files that are there against the list: names first, then kinds and sizes."""
    if missing := sorted({*listed, *_REQUIRED} - set(found)):
        refuse(folder, f"{missing[0]} is missing")
    if unlisted := sorted({*found, *_REQUIRED} - {*listed, SUMS}):
        refuse(folder, f"{unlisted[0][:80]} is not listed in {SUMS}")
    for path, facts in found.items():
        if not is_allowed(path):
            refuse(folder, f"{path} is of a kind that has no place in a bundle")
        _check_size(folder, path, facts.st_size)
    if sum(facts.st_size for facts in found.values()) > LARGEST_BUNDLE:
        refuse(folder, f"its files together are larger than {LARGEST_BUNDLE // 2**30} GB")


def _compare_contents(folder: Path, listed: Mapping[str, str]) -> dict[str, bytes]:
    """Hold every file against its hash; the bytes of the two that say what the bundle is, as they were hashed."""
    texts = {}
    for path, expected in listed.items():
        if path.endswith(".safetensors"):
            found = _examined(folder, path)
        else:
            data = read_file(folder, path)
            found = hashlib.sha256(data).hexdigest()
            if path in (METADATA, INFERENCE):
                texts[path] = data
        if found != expected:
            refuse(folder, f"{path} does not have the content that {SUMS} promises")
    return texts


def _check_size(folder: Path, path: str, size: int) -> None:
    limit = _LARGEST_TENSORS if path.endswith(".safetensors") else _LARGEST_TEXT
    if size > limit:
        refuse(folder, f"{path} has {size / 2**20:.0f} MB, more than the {limit // 2**20} MB allowed")


def read_file(folder: Path, path: str) -> bytes:
    """The bytes of a file; no more than it may have, should it grow meanwhile."""
    with open_file(folder, path) as (file, facts):
        _check_size(folder, path, facts.st_size)
        data = file.read(facts.st_size + 1)
    if len(data) != facts.st_size:
        refuse(folder, f"{path} changed while it was read")
    return data


@contextmanager
def open_file(folder: Path, path: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """A regular file and its facts; a link or a pipe that took its place is neither followed nor waited for."""
    with open_regular(folder / path, follow=False) as file:
        yield file, os.fstat(file.fileno())


# Tensor files that were examined, by all that changes with their content; the last thing, the time of the last change
# of the file's entry, is the system's own and cannot be put back.
_KNOWN: dict[tuple[int, ...], str] = {}
_MOST_KNOWN = 4096


def _examined(folder: Path, path: str) -> str:
    """SHA-256 of a tensor file that is in order; one that has not changed is examined once per process."""
    with open_file(folder, path) as (file, facts):
        state = _state(facts)
        if state in _KNOWN:
            return _KNOWN[state]
        _check_size(folder, path, facts.st_size)
        try:
            found = tensor_file.examine(file, facts.st_size)
        except ValueError as error:
            refuse(folder, f"{path} is not a safetensors file that can be used: {error}")
        settled = time.time_ns() - facts.st_ctime_ns > _SETTLED_NS and _state(os.fstat(file.fileno())) == state
    if settled and sys.platform != "win32":  # which does not tell that time
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[state] = found
    return found


def _state(facts: os.stat_result) -> tuple[int, ...]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def refuse(folder: Path, reason: str) -> NoReturn:
    """Say why the bundle in this folder cannot be used."""
    raise BundleError(f"The bundle '{folder.absolute().name}' cannot be used: {reason}.")
