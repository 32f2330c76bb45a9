"""Fetching a bundle over the network: resumable, checked, through the system's proxy, and canceled at any moment."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit

from .. import __version__
from ..errors import DownloadError
from . import bundle, catalog, store

# Called with a fraction 0 to 1 and a sentence; it cancels by raising, and what was fetched is kept for the next try.
Progress = Callable[[float, str], None]

_CHUNK = 2**18
_TIMEOUT_SECONDS = 20.0  # of silence
_RECONNECTIONS = 5  # after broken connections, in one call


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
        raise DownloadError(f"The connection to {_host(entry.url)} broke off again and again; try again later.")
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
    if part.size == entry.size:
        return True
    say(part.size / entry.size, f"Connecting to {_host(entry.url)}")
    try:
        response = _open(entry.url, part, timeout)
    except _OutdatedError:
        part.discard()
        return False
    with response:
        _check_response(entry, part, response)
        try:
            with part.path.open("ab") as file:
                return _copy(entry, response, file, say)
        except OSError as error:
            raise _cannot_write(part.path.parent, error) from error


def _copy(entry: catalog.CatalogEntry, response: http.client.HTTPResponse, file: IO[bytes], say: Progress) -> bool:
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except TimeoutError as error:
            raise DownloadError(f"{_host(entry.url)} went silent; try again later.") from error
        except (OSError, http.client.HTTPException):
            return False
        if file.tell() + len(chunk) > entry.size:
            raise DownloadError(f"{_host(entry.url)} sends more than the {entry.size} bytes of the catalog.")
        file.write(chunk)
        done = file.tell()
        if done == entry.size or not chunk:
            return done == entry.size
        say(done / entry.size, f"Downloading {entry.title}: {done / 1e6:.1f} of {entry.size / 1e6:.1f} MB")


class _OutdatedError(Exception):
    """The server cannot continue the part that we have."""


def _open(url: str, part: _Part, timeout: float) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"ReadingRoom/{__version__}", "Accept-Encoding": "identity"}
    if part.size and part.validator:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    try:
        # No default opener: it also opens file: and ftp: addresses.
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),  # HTTP_PROXY, HTTPS_PROXY, NO_PROXY, or the system's settings
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _SafeRedirects(),
        ):
            opener.add_handler(handler)
        return opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and part.size:
            raise _OutdatedError from error
        _explain_status(url, error)
    except urllib.error.URLError as error:
        _explain_reason(url, error.reason)
    except (OSError, http.client.HTTPException) as error:
        _explain_reason(url, error)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        from_here = catalog.is_loopback(urlsplit(req.full_url))
        to_here = catalog.is_loopback(urlsplit(newurl))
        # A server elsewhere must not make us talk to services on this machine.
        if not catalog.is_trustworthy(newurl) or (to_here and not from_here):
            raise DownloadError(f"{_host(req.full_url)} sends us on to an address that is not safe: {newurl[:100]}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_response(entry: catalog.CatalogEntry, part: _Part, response: http.client.HTTPResponse) -> None:
    """Continue the part when the server does so exactly where it ends, else start over; refuse a file of wrong size."""
    length = response.headers.get("Content-Length", "")
    start = 0
    if response.status == 206:
        start = part.size
        expected = f"bytes {start}-{entry.size - 1}/{entry.size}"
        if response.headers.get("Content-Range", "") != expected:
            part.discard()
            raise DownloadError(f"{_host(entry.url)} sends another part of the file than was asked for; try again.")
    else:
        try:
            part.begin(_validator(response.headers))
        except OSError as error:
            raise _cannot_write(part.path.parent, error) from error
    if length.isdecimal() and start + int(length) != entry.size:
        part.discard()
        raise DownloadError(
            f"{_host(entry.url)} has a file of {start + int(length)} bytes where the catalog says {entry.size}; "
            "update ReadingRoom or try again later."
        )


def _validator(headers: http.client.HTTPMessage) -> str:
    """What If-Range may carry (RFC 9110, 13.1.5): a strong ETag, else the date of the last change, else nothing."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _explain_status(url: str, error: urllib.error.HTTPError) -> NoReturn:
    sentences = {
        403: f"{_host(url)} or a proxy on the way refuses the download.",
        404: f"{_host(url)} no longer has the file; update ReadingRoom or try again later.",
        407: "The network's proxy wants a user name and password; ask your IT department how to set HTTPS_PROXY.",
    }
    if 300 <= error.code < 400:  # a scheme that urllib does not follow, or a circle
        raise DownloadError(f"{_host(url)} sends us on to an address that is not safe.") from error
    sentence = sentences.get(error.code, f"{_host(url)} answered '{error.code} {error.reason}'; try again later.")
    raise DownloadError(sentence) from error


def _explain_reason(url: str, reason: BaseException | str) -> NoReturn:
    host, text = _host(url), str(reason)
    cause = reason if isinstance(reason, BaseException) else None
    if "Tunnel connection failed" in text:
        raise DownloadError(f"The network's proxy refuses the way to {host}: {text.rpartition(': ')[2]}.") from cause
    if isinstance(reason, ssl.SSLCertVerificationError):
        raise DownloadError(
            f"{host} could not prove who it is ({reason.verify_message}); a proxy may be reading along, "
            "ask your IT department."
        ) from cause
    if isinstance(reason, TimeoutError):
        raise DownloadError(f"{host} does not answer; check the network and the proxy.") from cause
    raise DownloadError(f"No connection to {host}: check the network and the proxy.") from cause


def _cannot_write(folder: Path, error: OSError) -> DownloadError:
    reason = (error.strerror or str(error)).lower()
    return DownloadError(f"The download cannot be written to {folder}: {reason}. Free some space or choose another.")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the server"
