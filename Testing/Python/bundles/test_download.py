"""Downloads from a real server on this machine that breaks off, ignores ranges, changes its mind or stays silent."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from readingroom.bundles import download, store
from readingroom.bundles.catalog import CatalogEntry
from readingroom.errors import CancelledError, DownloadError

CONTENT = random.Random(1).randbytes(1_500_000)


class _Server(ThreadingHTTPServer):
    """Serves ``content`` at any path; the other attributes make it misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.etag = '"one"'
        self.last_modified = ""
        self.break_after: list[int] = []  # bytes to send before the connection breaks, one per request
        self.ranges = True
        self.range_shift = 0  # how far from the right place a range begins
        self.status = 200
        self.redirect = ""
        self.announce_length = True
        self.silent = threading.Event()  # set: answers begin and never end
        self.stop_waiting = threading.Event()
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/cxr-test.zip"

    @property
    def asked_ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        server.requests.append((self.path, dict(self.headers)))
        if server.redirect and "redirected" not in self.path:
            self._answer(302, {"Location": server.redirect})
        elif server.status != 200:
            self._answer(server.status, {})
        else:
            self._send_content()

    def do_CONNECT(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        self._answer(self.server.status, {})

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_content(self) -> None:
        server, total = self.server, len(self.server.content)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        same = self.headers.get("If-Range") in (server.etag, server.last_modified)
        partial = "Range" in self.headers and same and server.ranges
        if partial and start >= total:
            self._answer(416, {})
            return
        start = start + server.range_shift if partial else 0
        body = server.content[start:]
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.last_modified:
            self.send_header("Last-Modified", server.last_modified)
        if server.announce_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.silent.is_set():
            self.wfile.write(body[:1000])
            server.stop_waiting.wait(30)
            body = b""
        self.wfile.write(body[: server.break_after.pop(0)] if server.break_after else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    """A running server, reached without a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    running = _Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.stop_waiting.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def entry(server) -> CatalogEntry:
    """The catalog's entry for what the server has."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    return CatalogEntry("cxr-test", "1.2.0", "Test", "chest-xray", "Apache-2.0", len(CONTENT), digest, server.url)


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _refusal(entry: CatalogEntry, folder: Path, **arguments) -> str:
    with pytest.raises(DownloadError) as refused:
        download.fetch(entry, folder, **arguments)
    assert not (folder / "cxr-test-1.2.0.zip").exists()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_file_arrives_whole_with_progress_from_0_to_1(entry, tmp_path):
    steps: list[tuple[float, str]] = []
    path = download.fetch(entry, tmp_path, lambda fraction, sentence: steps.append((fraction, sentence)))
    assert path.read_bytes() == CONTENT
    assert _left(tmp_path) == ["cxr-test-1.2.0.zip"]
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert steps[0][1] == "Connecting to 127.0.0.1"


def test_a_broken_connection_is_taken_up_where_it_broke(entry, server, tmp_path):
    server.break_after = [400_000, 300_000]
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges == [None, "bytes=400000-", "bytes=700000-"]
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_a_download_without_announced_length_is_taken_up_too(entry, server, tmp_path):
    server.announce_length = False
    server.break_after = [400_000]
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges == [None, "bytes=400000-"]


def test_a_connection_that_always_breaks_ends_with_a_sentence_and_a_later_call_goes_on(entry, server, tmp_path):
    server.break_after = [1000] * 6
    assert "broke off again and again" in _refusal(entry, tmp_path)
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges[-1] == "bytes=6000-"


def test_a_canceled_download_goes_on_where_it_stopped(entry, server, tmp_path):
    def cancel_halfway(fraction: float, _: str) -> None:
        if fraction > 0.4:
            raise CancelledError("Canceled.")

    with pytest.raises(CancelledError):
        download.fetch(entry, tmp_path, cancel_halfway)
    part = tmp_path / "cxr-test-1.2.0.zip.part"
    stopped = part.stat().st_size
    assert 0 < stopped < len(CONTENT)
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges[-1] == f"bytes={stopped}-"


def test_a_server_that_ignores_ranges_is_read_from_the_start(entry, server, tmp_path):
    server.break_after = [400_000]
    server.ranges = False
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges == [None, "bytes=400000-"]


@pytest.mark.parametrize(("etag", "asked"), [("", None), ('W/"weak"', None)])
def test_without_a_strong_validator_the_download_starts_over(entry, server, tmp_path, etag, asked):
    server.etag = etag
    server.break_after = [400_000]
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges == [None, asked]


def test_a_date_of_last_change_serves_where_there_is_no_etag(entry, server, tmp_path):
    server.etag, server.last_modified = "", "Mon, 02 Feb 2026 10:00:00 GMT"
    server.break_after = [400_000]
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == server.last_modified


def test_content_that_changed_on_the_server_is_not_glued_to_the_old_part(entry, server, tmp_path):
    server.content, server.etag = bytes(len(CONTENT)), '"zero"'
    server.break_after = [400_000] + [0] * 5
    assert "again and again" in _refusal(entry, tmp_path)
    server.content, server.etag = CONTENT, '"one"'
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_nothing_is_kept(entry, server, tmp_path):
    server.content = bytes(len(CONTENT))
    assert "not the file of the catalog" in _refusal(entry, tmp_path)
    assert _left(tmp_path) == []


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x", b""])
def test_a_wrong_size_is_refused_before_the_download(entry, server, tmp_path, content):
    server.content = content
    assert f"a file of {len(content)} bytes where the catalog says {len(CONTENT)}" in _refusal(entry, tmp_path)
    assert _left(tmp_path) == []


def test_more_bytes_than_the_catalog_says_are_not_taken(entry, server, tmp_path):
    server.announce_length = False
    server.content = CONTENT + bytes(10_000_000)
    assert "sends more than" in _refusal(entry, tmp_path)
    assert all(path.stat().st_size <= len(CONTENT) for path in tmp_path.iterdir())


def test_a_range_that_begins_elsewhere_is_refused(entry, server, tmp_path):
    server.break_after = [400_000]
    server.range_shift = -5
    assert "another part of the file" in _refusal(entry, tmp_path)
    assert _left(tmp_path) == []


def test_a_part_that_the_server_cannot_continue_is_fetched_anew(entry, server, tmp_path):
    server.break_after = [400_000]
    shorter = server.content[:300_000]

    def swap(fraction: float, _: str) -> None:
        server.content = CONTENT if server.asked_ranges[1:] else (shorter if fraction > 0.26 else CONTENT)

    assert download.fetch(entry, tmp_path, swap).read_bytes() == CONTENT
    assert server.asked_ranges == [None, "bytes=400000-", None]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(404, "no longer has the file"), (403, "refuses the download"), (503, "answered '503"), (407, "user name")],
)
def test_refusals_of_the_server_are_told(entry, server, tmp_path, status, sentence):
    server.status = status
    assert sentence in _refusal(entry, tmp_path)


def test_a_silent_server_is_given_up(entry, server, tmp_path):
    server.silent.set()
    assert "went silent" in _refusal(entry, tmp_path, timeout_seconds=0.2)


class _Raw:
    """Accepts one connection after another and hands each to ``behave``, until that returns or the client leaves."""

    def __init__(self, behave: Callable[[socket.socket], None]):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/x.zip"
        self.left = threading.Event()  # a client went away while it was served
        self._behave = behave
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._behave(connection)
            except OSError:
                self.left.set()


def _for_ever(begin: bytes, again: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(begin)
        while True:
            connection.sendall(again)
            time.sleep(pause)

    return behave


def _silent(connection: socket.socket) -> None:
    while connection.recv(10_000):
        pass
    raise OSError  # the client left


ENDLESS = {
    "silent": _silent,
    "drips headers": _for_ever(b"HTTP/1.1 200 OK\r\n", b"X", 0.05),
    "never stops to say continue": _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "drips its answer": _for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"X", 0.05),
    "drips pieces": _for_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nX\r\n", 0.05),
}


@pytest.fixture(params=ENDLESS)
def endless(request, server) -> Iterator[_Raw]:
    """A server that answers for ever."""
    raw = _Raw(ENDLESS[request.param])
    yield raw
    raw.listening.close()


def test_waiting_for_a_server_can_be_canceled_at_any_moment(entry, endless, tmp_path):
    looks = 0

    def cancel(fraction: float, _: str) -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise CancelledError("Canceled.")

    with pytest.raises(CancelledError):  # while the server is given an hour to answer
        download.fetch(dataclasses.replace(entry, url=endless.url), tmp_path, cancel, timeout_seconds=3600)
    assert endless.left.wait(20)  # the connection is ended, too


def test_a_server_that_answers_for_ever_is_given_up(entry, endless, tmp_path):
    sentence = _refusal(dataclasses.replace(entry, url=endless.url), tmp_path, timeout_seconds=0.3)
    assert re.search("does not answer|sends next to nothing", sentence)
    assert endless.left.wait(20)


def test_the_body_of_a_redirect_is_not_read(entry, server, tmp_path):
    head = f"HTTP/1.1 302 Found\r\nLocation: {server.url}\r\n\r\n".encode()
    raw = _Raw(_for_ever(head, bytes(100_000)))
    assert download.fetch(dataclasses.replace(entry, url=raw.url), tmp_path).read_bytes() == CONTENT
    raw.listening.close()


@pytest.mark.parametrize("length", ["9" * 5000, "-5", "x", "\u0663"])
def test_a_length_that_is_none_does_not_matter(entry, server, tmp_path, length):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()

    def behave(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(head + CONTENT)

    raw = _Raw(behave)
    assert download.fetch(dataclasses.replace(entry, url=raw.url), tmp_path).read_bytes() == CONTENT
    raw.listening.close()


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nETag: "a\r\n b"\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nETag: "' + b"x" * 60_000 + b'"\r\n\r\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcdefgh\r\n",
        b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n",
        b"HTTP/1.1 503 \x1b[2J\x9b31m" + b"x" * 500 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://exa\x1bmple.org/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\n\r\n",
        b"\0" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_one_plain_sentence(entry, server, tmp_path, answer):
    def behave(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(answer)

    raw = _Raw(behave)
    sentence = _refusal(dataclasses.replace(entry, url=raw.url), tmp_path)
    assert sentence.isprintable()
    assert len(sentence) < 250
    raw.listening.close()


def test_no_server_is_told(entry, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = dataclasses.replace(entry, url=f"http://127.0.0.1:{unused.getsockname()[1]}/x.zip")
    assert "No connection to 127.0.0.1: check the network and the proxy." in _refusal(nobody, tmp_path)


def test_no_network_is_told(entry, tmp_path):
    unknown = dataclasses.replace(entry, url="https://nowhere.invalid/x.zip")
    assert "No connection to nowhere.invalid" in _refusal(unknown, tmp_path)


def test_a_redirect_on_this_machine_is_followed_with_its_range(entry, server, tmp_path):
    server.redirect = "/redirected.zip"
    server.break_after = [400_000]
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT
    assert server.asked_ranges == [None, None, "bytes=400000-", "bytes=400000-"]


@pytest.mark.parametrize("address", ["http://example.org/x.zip", "file:///etc/passwd", "ftp://127.0.0.1/x.zip"])
def test_redirects_to_unsafe_addresses_are_refused(entry, server, tmp_path, address):
    server.redirect = address
    assert "not safe" in _refusal(entry, tmp_path)


def test_a_proxy_from_the_environment_is_used(entry, server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    behind = dataclasses.replace(entry, url="http://localhost:9/cxr-test.zip")  # port 9: nobody answers there
    assert download.fetch(behind, tmp_path).read_bytes() == CONTENT
    assert server.requests[0][0] == "http://localhost:9/cxr-test.zip"


def test_an_exception_from_the_proxy_is_respected(entry, server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert download.fetch(entry, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses_is_told(entry, server, tmp_path, monkeypatch, status):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_port}")
    server.status = status
    behind = dataclasses.replace(entry, url="https://example.org/x.zip")
    assert f"proxy refuses the way to example.org: {status}" in _refusal(behind, tmp_path)
    assert server.requests[0][0] == "example.org:443"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
def test_a_server_with_a_certificate_of_its_own_making_is_refused(entry, server, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    secured = dataclasses.replace(entry, url=f"https://localhost:{server.server_port}/x.zip")
    assert "could not prove who it is" in _refusal(secured, tmp_path / "downloads")


def test_a_disk_without_room_is_told_before_the_download(entry, server, tmp_path):
    giant = dataclasses.replace(entry, size=4 * 2**30)
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk can be made by the administrator only")
    try:
        assert "The disk is full: Test needs 4295.0 MB" in _refusal(giant, small)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert server.requests == []


def test_a_disk_that_fills_up_meanwhile_is_told(entry, tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk can be made by the administrator only")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)  # as if another program took the room afterwards
    try:
        assert "no space left on device" in _refusal(entry, small)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_file_in_place_of_the_folder_is_told(entry, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="cannot be written"):
        download.fetch(entry, tmp_path / "file")


def test_a_bundle_of_the_catalog_is_downloaded_and_installed(server, a_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in sorted(a_bundle.folder.rglob("*")):
            archive.write(path, f"cxr-test/{path.relative_to(a_bundle.folder).as_posix()}")
    server.content = (tmp_path / "x.zip").read_bytes()
    digest = hashlib.sha256(server.content).hexdigest()
    entry = CatalogEntry(
        "cxr-test", "1.2.0", "Test", "chest-xray", "Apache-2.0", len(server.content), digest, server.url
    )
    assert download.install(entry).sha256 == a_bundle.sha256
    assert store.find("cxr-test").sha256 == a_bundle.sha256
    assert _left(store.user_folder() / ".downloads") == []
