"""A trained model on disk, verified: every file listed with its hash, none that could run code."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from .. import records
from ..errors import BundleError, SetupError
from ..reading import BundleFacts
from . import tensor_file
from .metadata import BundleMetadata, NetworkMetadata, from_json

if TYPE_CHECKING:
    import numpy
    import torch

Kind = TypeVar("Kind", bound=BundleMetadata)

SUMS = "SHA256SUMS"
METADATA = "configs/metadata.json"
INFERENCE = "configs/inference.json"
WEIGHTS = "models/model.safetensors"
CARD = "docs/README.md"
LICENSE = "LICENSE"

_REQUIRED = (METADATA, INFERENCE, WEIGHTS, CARD, LICENSE)
# What can hold no code. Pickles (.pt, .pth, .ckpt, .npy), scripts and libraries have no place in a bundle.
_ENDINGS = {".json", ".md", ".txt", ".safetensors", ".csv", ".png"}
_BARE_NAMES = {LICENSE, SUMS}

_MOST_FILES = 256
_DEEPEST = 8
_JUNCTION = 0xA0000003  # Windows: a link that looks like a folder (IO_REPARSE_TAG_MOUNT_POINT)
_LARGEST_TEXT = 8 * 2**20
_LARGEST_TENSORS = 2 * 2**30
LARGEST_BUNDLE = 4 * 2**30  # bytes of all files together

# Two writes within one tick of the file system's clock look alike, so young files are not cached.
_SETTLED_NS = 2 * 10**9

_SUMS_LINE = re.compile(r"([0-9a-f]{64})  (.+)\Z")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. Made by `load`; nothing of it has been executed.

    Parameters
    ----------
    folder : where it lies
    metadata : what it says of itself
    sha256 : its identity, the SHA-256 of its ``SHA256SUMS``
    files : SHA-256 of each file by its path in the folder (``/`` between parts)
    """

    folder: Path
    metadata: BundleMetadata
    sha256: str
    files: Mapping[str, str]

    def require(self, reader: str) -> Bundle:
        """This bundle, if it was made for this reader.

        Raises
        ------
        BundleError : it was made for another
        """
        if self.metadata.reader != reader:
            raise BundleError(
                f"The bundle '{self.metadata.name}' was made for the reader '{self.metadata.reader}' "
                f"and cannot be used by '{reader}'."
            )
        return self

    def of_kind(self, kind: type[Kind]) -> Kind:
        """The metadata, if this bundle is of this kind.

        Raises
        ------
        BundleError : it is of another
        """
        if not isinstance(self.metadata, kind):
            raise BundleError(
                f"The bundle '{self.metadata.name}' is a {self.metadata.kind}, where a {kind.kind} is needed."
            )
        return self.metadata

    @property
    def facts(self) -> BundleFacts:
        """What a reading says of this bundle."""
        return self.metadata.facts(self.sha256)

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._bytes(CARD).decode("utf-8", errors="replace")

    def weights(self) -> dict[str, torch.Tensor]:
        """The network's state by layer name, on the CPU, in the stored precision (kernels in half precision).

        The file is hashed again as it is read, so these are the verified bytes.

        Raises
        ------
        BundleError : the file changed since the bundle was loaded
        SetupError : torch or safetensors is not installed
        """
        try:
            import safetensors.torch
        except ImportError as error:
            raise SetupError("Reading needs the Python packages torch and safetensors; install them first.") from error
        return safetensors.torch.load(self._bytes(WEIGHTS))

    def arrays(self, name: str) -> dict[str, numpy.ndarray]:
        """The arrays of ``models/<name>.safetensors``, such as the feature statistics; read like `weights`.

        Raises
        ------
        BundleError : the bundle has no such file, it changed since the bundle was loaded, or numpy lacks its numbers
        """
        path = array_path(name)
        if path not in self.files:
            raise BundleError(f"The bundle '{self.metadata.name}' has no {path}.")
        try:
            return tensor_file.arrays(self._bytes(path))
        except ValueError as error:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' cannot be read: {error}.") from error

    def _bytes(self, path: str) -> bytes:
        try:
            data = (self.folder / path).read_bytes()
        except OSError as error:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' cannot be read: {_why(error)}.") from error
        if hashlib.sha256(data).hexdigest() != self.files[path]:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' was changed; install the bundle again.")
        return data


def array_path(name: str) -> str:
    """Where `Bundle.arrays` of that name lie in the bundle."""
    return f"models/{name}.safetensors"


def load(folder: Path | str) -> Bundle:
    """The bundle in this folder, after verification. Never unpickles, imports or evaluates anything from it.

    Raises
    ------
    BundleError : something is missing, added, changed, too large, unsafe or not understood; one sentence says what
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BundleError(f"There is no bundle folder {folder}.")
    try:
        found = _find_files(folder)
        sums, listed = _read_sums(folder, found)
        _compare(folder, found, listed)
        metadata = _understood(folder, sums, tuple(listed))
    except OSError as error:
        raise BundleError(f"The bundle '{folder.name}' cannot be read: {_why(error)}.") from error
    return Bundle(
        folder=folder,
        metadata=metadata,
        sha256=hashlib.sha256(sums).hexdigest(),
        files=records.frozen(listed),
    )


def _find_files(folder: Path) -> dict[str, os.stat_result]:
    """Every file under ``folder`` by its path with ``/``; the walk ends early in a folder that is clearly no bundle."""
    if not (folder / SUMS).is_file():
        _refuse(folder, f"it has no {SUMS}")
    found = dict(itertools.islice(_walk(folder), _MOST_FILES + 1))
    if len(found) > _MOST_FILES:
        _refuse(folder, f"it has more than {_MOST_FILES} files")
    return found


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    if below.count("/") > _DEEPEST:
        _refuse(folder, f"its folders are nested more than {_DEEPEST} deep")
    with os.scandir(folder / below) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            path = f"{below}{entry.name}"
            facts = (folder / path).lstat()  # scandir's own facts lack the inode on Windows
            if stat.S_ISDIR(facts.st_mode) and getattr(facts, "st_reparse_tag", 0) != _JUNCTION:
                yield from _walk(folder, f"{path}/")
            elif stat.S_ISREG(facts.st_mode):
                yield path, facts
            else:
                _refuse(folder, f"{path} is a link or a device, which may lead out of the bundle")


def _read_sums(folder: Path, found: Mapping[str, os.stat_result]) -> tuple[bytes, dict[str, str]]:
    """The bytes of ``SHA256SUMS`` and the hash of each listed file."""
    _check_size(folder, SUMS, found[SUMS].st_size)
    data = (folder / SUMS).read_bytes()
    listed: dict[str, str] = {}
    for line in data.decode("utf-8", errors="replace").splitlines():
        match = _SUMS_LINE.match(line)
        if not match:
            _refuse(folder, f"{SUMS} has a line that is not 'hash  path': {line[:40]!r}")
        path = match[2]
        if not is_safe_path(path):
            _refuse(folder, f"{SUMS} lists {path!r}, which leaves the bundle")
        if path in listed:
            _refuse(folder, f"{SUMS} lists {path} twice")
        listed[path] = match[1]
    return data, listed


def is_safe_path(path: str) -> bool:
    """Whether this relative path stays inside its folder on every system (no drive, no backslash, no ``..``)."""
    parts = path.split("/")
    return not (
        any(part in ("", ".", "..") or part != part.rstrip(". ") for part in parts)
        or any(letter in '\\:*?"<>|' or ord(letter) < 32 for letter in path)
    )


def _compare(folder: Path, found: Mapping[str, os.stat_result], listed: Mapping[str, str]) -> None:
    """Hold the files that are there against the list: names first, then kinds and sizes, then contents."""
    if missing := sorted({*listed, *_REQUIRED} - set(found)):
        _refuse(folder, f"{missing[0]} is missing")
    if unlisted := sorted(set(found) - set(listed) - {SUMS}):
        _refuse(folder, f"{unlisted[0]} is not listed in {SUMS}")
    for path, facts in found.items():
        if not is_allowed(path):
            _refuse(folder, f"{path} is of a kind that has no place in a bundle")
        _check_size(folder, path, facts.st_size)
    if sum(facts.st_size for facts in found.values()) > LARGEST_BUNDLE:
        _refuse(folder, f"its files together are larger than {LARGEST_BUNDLE // 2**30} GB")
    for path, expected in listed.items():
        if _sha256(folder / path, found[path]) != expected:
            _refuse(folder, f"{path} does not have the content that {SUMS} promises")


def is_allowed(path: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    pure = PurePosixPath(path)
    return pure.suffix in _ENDINGS or pure.name in _BARE_NAMES


def _check_size(folder: Path, path: str, size: int) -> None:
    limit = _LARGEST_TENSORS if path.endswith(".safetensors") else _LARGEST_TEXT
    if size > limit:
        _refuse(folder, f"{path} has {size / 2**20:.0f} MB, more than the {limit // 2**20} MB allowed")


def _sha256(path: Path, facts: os.stat_result) -> str:
    """Hash of the file; one that has not changed is hashed once per process."""
    if time.time_ns() - facts.st_mtime_ns < _SETTLED_NS:
        return _hash(path)
    return _settled_hash(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@functools.lru_cache(maxsize=4096)
def _settled_hash(path: Path, mtime_ns: int, size: int, inode: int) -> str:
    return _hash(path)  # the numbers only tell one state of the file from another


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=16)
def _understood(folder: Path, sums: bytes, listed: tuple[str, ...]) -> BundleMetadata:
    """What the files say, once for each ``sums``, which they were just held against."""
    metadata = _read_metadata(folder)
    _check_tensor_files(folder, listed, metadata)
    return metadata


def _read_metadata(folder: Path) -> BundleMetadata:
    data = _read_json(folder, METADATA)
    _read_json(folder, INFERENCE)  # must be JSON; it is for MONAI's tools and nothing in it is ever followed here
    try:
        metadata = from_json(data.get("readingroom"))
    except ValueError as error:
        _refuse(folder, f"{METADATA} is not right: {str(error).removesuffix('.')}")
    if data.get("version") != metadata.version:
        _refuse(folder, f"{METADATA} gives two versions, {data.get('version')!r} and {metadata.version!r}")
    return metadata


def _read_json(folder: Path, path: str) -> dict[str, Any]:
    try:
        data = json.loads((folder / path).read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        _refuse(folder, f"{path} is not a JSON object")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_tensor_files(folder: Path, listed: Iterable[str], metadata: BundleMetadata) -> None:
    for path in listed:
        if path.endswith(".safetensors"):
            try:
                tensor_file.read_header(folder / path)
            except ValueError as error:
                _refuse(folder, f"{path} is not a safetensors file: {error}")
    statistics = metadata.feature_statistics if isinstance(metadata, NetworkMetadata) else None
    if statistics is not None and array_path(statistics.file) not in listed:
        _refuse(folder, f"its feature statistics {array_path(statistics.file)} are missing")


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _refuse(folder: Path, reason: str) -> NoReturn:
    raise BundleError(f"The bundle '{folder.name}' cannot be used: {reason}.")
