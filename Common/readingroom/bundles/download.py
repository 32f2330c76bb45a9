"""Fetching a bundle over the network: resumable, checked, through the system's proxy, and canceled at any moment."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from ..errors import DownloadError
from . import bundle, catalog, store
from .transfer import BrokenError, Head, OutdatedError, Transfer, host

# Called with a fraction 0 to 1 and a sentence, also while nothing arrives; it cancels by raising, and what was fetched
# is kept for the next try.
Progress = Callable[[float, str], None]

_TIMEOUT_SECONDS = 20.0  # of silence
_RECONNECTIONS = 5  # after broken connections, in one call
_LONGEST_VALIDATOR = 1000  # letters; it is sent back as a header
_LENGTH = re.compile(r"[0-9]{1,18}\Z")


def install(entry: catalog.CatalogEntry, progress: Progress | None = None, *, replace: bool = False) -> bundle.Bundle:
    """Download a bundle of the catalog and install it into the user's store.

    Raises
    ------
    DownloadError, BundleError, OutputError : as `fetch` and `store.install`
    """
    archive = fetch(entry, store.user_folder() / ".downloads", progress)
    try:
        return store.install(archive, replace=replace)
    finally:
        archive.unlink(missing_ok=True)


def fetch(
    entry: catalog.CatalogEntry,
    folder: Path,
    progress: Progress | None = None,
    *,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> Path:
    """The bundle's zip in ``folder``, with size and hash as the catalog says.

    It grows as ``<name>-<version>.zip.part``. A broken connection is taken up again, in this call or a later one, if
    the server still has the same file.

    Raises
    ------
    DownloadError : no network, refused by server or proxy, changed or damaged file, disk full; one sentence says which
    """
    say = progress or (lambda fraction, sentence: None)
    target = folder / f"{entry.name}-{entry.version}.zip"
    part = _Part(target)
    part.prepare(entry)
    for _ in range(1 + _RECONNECTIONS):
        if _receive(entry, part, say, timeout_seconds):
            break
    else:
        raise DownloadError(f"The connection to {host(entry.url)} broke off again and again; try again later.")
    say(1.0, f"Checking {entry.title}")
    with part.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
            part.discard()
            raise DownloadError(f"The downloaded {target.name} is not the file of the catalog; nothing was installed.")
    part.path.replace(target)
    part.discard()
    return target


class _Part:
    """What has arrived so far, and by which validator the server can tell whether it still has the same file."""

    def __init__(self, target: Path):
        self.path = target.with_name(f"{target.name}.part")
        self._validator_path = target.with_name(f"{target.name}.part.etag")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str:
        return self._validator_path.read_text(encoding="latin-1") if self._validator_path.exists() else ""

    def prepare(self, entry: catalog.CatalogEntry) -> None:
        """Make the folder, drop what cannot be continued, and see whether there is room."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self.validator or self.size > entry.size:
                self.discard()
            missing, free = entry.size - self.size, shutil.disk_usage(folder).free
        except OSError as error:
            raise _cannot_write(folder, error) from error
        if missing > free:
            raise DownloadError(
                f"The disk is full: {entry.title} needs {missing / 1e6:.1f} MB in {folder}, "
                f"where {free / 1e6:.1f} MB are free."
            )

    def begin(self, validator: str) -> None:
        """Start over with the file that the server has now."""
        self.discard()
        self._validator_path.write_text(validator, encoding="latin-1")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._validator_path.unlink(missing_ok=True)


def _receive(entry: catalog.CatalogEntry, part: _Part, say: Progress, timeout: float) -> bool:
    """One connection. True when the file is complete, False when the connection broke."""
    begin = part.size
    if begin == entry.size:
        return True

    def wait() -> None:
        say(begin / entry.size, f"Connecting to {host(entry.url)}")

    wait()
    headers = {"Range": f"bytes={begin}-", "If-Range": part.validator} if begin and part.validator else {}
    with Transfer(entry.url, headers, timeout) as transfer:
        try:
            head = transfer.head(wait)
        except OutdatedError:
            part.discard()
            return False
        _check_response(entry, part, head)
        try:
            with part.path.open("ab") as file:
                return _copy(entry, transfer, file, say)
        except BrokenError:
            return False
        except OSError as error:
            raise _cannot_write(part.path.parent, error) from error


def _copy(entry: catalog.CatalogEntry, transfer: Transfer, file: IO[bytes], say: Progress) -> bool:
    def tell() -> None:
        done = file.tell()
        say(done / entry.size, f"Downloading {entry.title}: {done / 1e6:.1f} of {entry.size / 1e6:.1f} MB")

    for chunk in transfer.chunks(tell):
        if file.tell() + len(chunk) > entry.size:
            raise DownloadError(f"{host(entry.url)} sends more than the {entry.size} bytes of the catalog.")
        file.write(chunk)
        if file.tell() == entry.size:
            return True
        tell()
    return False


def _check_response(entry: catalog.CatalogEntry, part: _Part, head: Head) -> None:
    """Continue the part when the server does so exactly where it ends, else start over; refuse a file of wrong size."""
    length = head.headers.get("Content-Length", "")
    start = 0
    if head.status == 206:
        start = part.size
        expected = f"bytes {start}-{entry.size - 1}/{entry.size}"
        if head.headers.get("Content-Range", "") != expected:
            part.discard()
            raise DownloadError(f"{host(entry.url)} sends another part of the file than was asked for; try again.")
    else:
        try:
            part.begin(_validator(head.headers))
        except OSError as error:
            raise _cannot_write(part.path.parent, error) from error
    if _LENGTH.match(length) and start + int(length) != entry.size:
        part.discard()
        raise DownloadError(
            f"{host(entry.url)} has a file of {start + int(length)} bytes where the catalog says {entry.size}; "
            "update ReadingRoom or try again later."
        )


def _validator(headers: Mapping[str, str]) -> str:
    """What If-Range may carry (RFC 9110, 13.1.5): a strong ETag, else the date of the last change, else nothing."""
    tag = headers.get("ETag", "")
    found = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    return found if found.isascii() and found.isprintable() and len(found) <= _LONGEST_VALIDATOR else ""


def _cannot_write(folder: Path, error: OSError) -> DownloadError:
    reason = (error.strerror or str(error)).lower()
    return DownloadError(f"The download cannot be written to {folder}: {reason}. Free some space or choose another.")
