"""The bundles that can be downloaded: a list in ``catalog.json``, described by ``schemas/catalog.schema.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from .. import records, strict_json
from ..errors import BundleError
from ..regular_file import read_regular
from . import paths
from .metadata import require_name

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class CatalogEntry:
    """One downloadable bundle: a zip of ``size`` bytes at ``url`` with this ``sha256``.

    Raises
    ------
    ValueError : no hash, an implausible size, or a URL that is neither https nor on this machine
    """

    name: str
    version: str
    title: str
    reader: str
    license: str
    size: int
    sha256: str
    url: str

    def __post_init__(self) -> None:
        require_name(self.name)
        if not _SHA256.match(self.sha256):
            raise ValueError(f"The catalog's hash of '{self.name}' is not a SHA-256.")
        if not 0 < self.size <= paths.LARGEST_BUNDLE:
            raise ValueError(f"The catalog's size of '{self.name}' is {self.size} bytes.")
        if not is_trustworthy(self.url):
            raise ValueError(f"The catalog's address of '{self.name}' is not https: {self.url}")


@dataclass(frozen=True)
class _Catalog:
    bundles: tuple[CatalogEntry, ...]


def entries(path: Path | None = None) -> tuple[CatalogEntry, ...]:
    """What the catalog (ours, when no other file is given) offers.

    Raises
    ------
    BundleError : the file is not a catalog that this version understands
    """
    path = path or Path(__file__).with_name("catalog.json")
    try:
        data = strict_json.loads(read_regular(path))
        if not isinstance(data, dict) or data.pop("format", None) != 1:
            raise ValueError("It is not of format 1.")
        found = records.from_json(_Catalog, data).bundles
    except (OSError, ValueError) as error:
        raise BundleError(f"The catalog {path.name} cannot be used: {str(error).removesuffix('.')}.") from error
    if len({entry.name for entry in found}) < len(found):
        raise BundleError(f"The catalog {path.name} names a bundle twice.")
    return found


def find(name: str, path: Path | None = None) -> CatalogEntry:
    """The entry of that name.

    Raises
    ------
    BundleError : the catalog has none, or is damaged
    """
    for entry in entries(path):
        if entry.name == name:
            return entry
    raise BundleError(f"The catalog offers no bundle named '{name}' for download.")


def is_trustworthy(url: str) -> bool:
    """Whether nobody on the way can listen in: https without a password in the address, or http on this machine."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    return named and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts)))


def is_loopback(parts: SplitResult) -> bool:
    """Whether the address is on this machine."""
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
