"""What a server sends, received by a thread: whoever waits for it looks up ten times a second and can leave at once."""

from __future__ import annotations

import contextlib
import functools
import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

from .. import __version__
from ..errors import DownloadError
from . import catalog

_LOOK_SECONDS = 0.1
_CHUNK = 2**18
_CHUNKS = 8  # that wait to be written at most
_PATIENCE = 3  # times the seconds of silence: how long the way to the answer, and each look at the speed, may take
_SLOWEST = 1024  # bytes a second; who sends less is given up, and what has arrived is kept

Wait = Callable[[], None]  # called while nothing arrives; it leaves by raising


class OutdatedError(Exception):
    """The server cannot continue the part that was asked for."""


class BrokenError(Exception):
    """The connection broke; what had arrived is good."""


@dataclass(frozen=True)
class Head:
    """The begin of an answer."""

    status: int
    headers: Mapping[str, str]


class Transfer:
    """One request and its answer; leaving the block ends the connection.

    Parameters
    ----------
    headers : of the request
    timeout : seconds of silence until the server is given up
    """

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float):
        self._url, self._headers, self._timeout = url, headers, timeout
        self._items: queue.Queue[Head | bytes | Exception] = queue.Queue(_CHUNKS)
        self._left = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._receive, name="download", daemon=True).start()

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closes it

    def head(self, wait: Wait) -> Head:
        """Status and headers of the answer, behind any redirects.

        Raises
        ------
        DownloadError : no network, or refused by the server or a proxy; one sentence says which
        OutdatedError : a range was asked for that the server does not have
        """
        latest = time.monotonic() + _PATIENCE * self._timeout
        while (item := self._next(wait)) is None:
            if time.monotonic() > latest:
                raise DownloadError(f"{host(self._url)} does not answer; check the network and the proxy.")
        assert isinstance(item, Head)
        return item

    def chunks(self, wait: Wait) -> Iterator[bytes]:
        """The body, as it arrives.

        Raises
        ------
        DownloadError : the server went silent, or is so slow that it would never end
        BrokenError : the connection broke
        """
        begin, received = time.monotonic(), 0
        while (item := self._next(wait)) != b"":
            if item is not None:
                assert isinstance(item, bytes)
                received += len(item)
                yield item
            seconds = time.monotonic() - begin
            if seconds > _PATIENCE * self._timeout:
                if received < _SLOWEST * seconds:
                    raise DownloadError(f"{host(self._url)} sends next to nothing; try again later.")
                begin, received = time.monotonic(), 0

    def _next(self, wait: Wait) -> Head | bytes | None:
        """The next item; None when there was none for a moment."""
        try:
            item = self._items.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            wait()
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def _receive(self) -> None:
        """Runs in the thread. It touches nothing but the queue, so that it may be left behind at any moment."""
        try:
            with self._open() as response:
                self._put(Head(response.status, response.headers))  # type: ignore[arg-type]  # a message is a mapping
                while chunk := self._read(response):
                    self._put(chunk)
            self._put(b"")
        except Exception as error:  # raised again where somebody waits
            self._put(error)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read1(_CHUNK)
        except TimeoutError as error:
            raise DownloadError(f"{host(self._url)} went silent; try again later.") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise BrokenError from error

    def _put(self, item: Head | bytes | Exception) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(item, timeout=_LOOK_SECONDS)
                return

    def _open(self) -> http.client.HTTPResponse:
        # No default opener: it also opens file: and ftp: addresses.
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),  # HTTP_PROXY, HTTPS_PROXY, NO_PROXY, or the system's settings
            _Http(self._sockets),
            _Https(self._sockets),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _SafeRedirects(),
        ):
            opener.add_handler(handler)
        headers = {"User-Agent": f"ReadingRoom/{__version__}", "Accept-Encoding": "identity", **self._headers}
        try:
            response: http.client.HTTPResponse = opener.open(
                urllib.request.Request(self._url, headers=headers), timeout=self._timeout
            )
            return response
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and "Range" in headers:
                raise OutdatedError from error
            _explain_status(self._url, error)
        except urllib.error.URLError as error:
            _explain_reason(self._url, error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:
            _explain_reason(self._url, error)


def host(url: str) -> str:
    """The server's name, for sentences."""
    return plain(urlsplit(url).hostname or "the server")


def plain(text: str) -> str:
    """What a server said, without what could steer a terminal, and not too much of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:100]


class _Http(urllib.request.HTTPHandler):
    """Keeps the sockets, so that a connection can be ended from outside, and closes nothing itself."""

    def __init__(self, sockets: list[socket.socket]):
        super().__init__()
        self._sockets = sockets

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(functools.partial(_connection, http.client.HTTPConnection, self._sockets), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, sockets: list[socket.socket]):
        super().__init__()
        self._sockets = sockets

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(functools.partial(_connection, http.client.HTTPSConnection, self._sockets), req)


def _connection(
    kind: type[http.client.HTTPConnection], sockets: list[socket.socket], *arguments: Any, **options: Any
) -> http.client.HTTPConnection:
    class Kept(kind):  # type: ignore[misc, valid-type]  # either of two classes
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    return Kept(*arguments, **options)


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
        fp.close()  # its body would be read to the end, however long it is
        from_here = catalog.is_loopback(urlsplit(req.full_url))
        to_here = catalog.is_loopback(urlsplit(newurl))
        # A server elsewhere must not make us talk to services on this machine.
        if not catalog.is_trustworthy(newurl) or (to_here and not from_here):
            raise DownloadError(f"{host(req.full_url)} sends us on to an address that is not safe: {plain(newurl)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _explain_status(url: str, error: urllib.error.HTTPError) -> NoReturn:
    sentences = {
        403: f"{host(url)} or a proxy on the way refuses the download.",
        404: f"{host(url)} no longer has the file; update ReadingRoom or try again later.",
        407: "The network's proxy wants a user name and password; ask your IT department how to set HTTPS_PROXY.",
    }
    if 300 <= error.code < 400:  # a scheme that urllib does not follow, or a circle
        raise DownloadError(f"{host(url)} sends us on to an address that is not safe.") from error
    said = f"{error.code} {plain(error.reason)}".strip()
    raise DownloadError(sentences.get(error.code, f"{host(url)} answered '{said}'; try again later.")) from error


def _explain_reason(url: str, reason: BaseException | str) -> NoReturn:
    name, text = host(url), str(reason)
    cause = reason if isinstance(reason, BaseException) else None
    if "Tunnel connection failed" in text:
        said = plain(text.rpartition(": ")[2])
        raise DownloadError(f"The network's proxy refuses the way to {name}: {said}.") from cause
    if isinstance(reason, ssl.SSLCertVerificationError):
        raise DownloadError(
            f"{name} could not prove who it is ({reason.verify_message}); a proxy may be reading along, "
            "ask your IT department."
        ) from cause
    if isinstance(reason, TimeoutError):
        raise DownloadError(f"{name} does not answer; check the network and the proxy.") from cause
    raise DownloadError(f"No connection to {name}: check the network and the proxy.") from cause
