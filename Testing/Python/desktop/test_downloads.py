"""Bundles of a catalog in the panel Reading Room, downloaded from a server on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import slicer

import host
from readingroom.bundles import store
from readingroom.desktop.home_panel import HomePanel

SHIPPED = store.shipped_folder() / "cxr-nih-pneumonia"


class Server(ThreadingHTTPServer):
    """Serves one file; while ``paused`` is set it stops after the first half."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.status = 200
        self.go_on = threading.Event()
        self.go_on.set()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.content if self.server.status == 200 else b""
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.server.go_on.wait(30)
        with contextlib.suppress(ConnectionError):  # a download that was canceled has hung up
            self.wfile.write(content[len(content) // 2 :])

    def log_message(self, *_: object) -> None:
        pass


def as_zip(path, name: str, title: str, version: str = "2.0.0") -> bytes:
    """The bundle that ships under another name and version."""
    files = {file.relative_to(SHIPPED).as_posix(): file.read_bytes() for file in SHIPPED.rglob("*") if file.is_file()}
    metadata = json.loads(files["configs/metadata.json"])
    metadata["version"] = version
    metadata["readingroom"].update(name=name, title=title, version=version)
    files["configs/metadata.json"] = json.dumps(metadata).encode()
    del files["SHA256SUMS"]
    sums = [f"{hashlib.sha256(content).hexdigest()}  {file}\n" for file, content in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(f"{name}/{file}", content)
    return path.read_bytes()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A running server with a bundle, reached without a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    running = Server(as_zip(tmp_path / "bundle.zip", "cxr-another", "Another bundle"))
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.go_on.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def open_home(modules, tmp_path, server, one_bundle_ships):
    """Opens the panel with a catalog of one bundle, which the server has: ``open_home(reader="...")``."""
    opened = []

    def make(**changed):
        entry = {
            "name": "cxr-another",
            "version": "2.0.0",
            "title": "Another bundle",
            "reader": "chest-xray",
            "license": "CC-BY-4.0",
            "size": len(server.content),
            "sha256": hashlib.sha256(server.content).hexdigest(),
            "url": f"http://127.0.0.1:{server.server_port}/bundle.zip",
        }
        catalog = tmp_path / "catalog.json"
        catalog.write_text(json.dumps({"format": 1, "bundles": [{**entry, **changed}]}), "utf-8")
        panel = HomePanel(confirm=lambda question: asked.append(question) or True, catalog=catalog)
        panel.asked = asked
        opened.append(panel)
        panel.widget.show()
        panel.enter()
        return panel

    asked: list[str] = []
    yield make
    for panel in opened:
        panel.cleanup()
        panel.widget.close()


def press(home) -> None:
    slicer.app.processEvents()  # a row that was just drawn is shown when Qt comes to it
    host.click(home.downloads.buttons["cxr-another"])


def wait(home) -> None:
    host.wait_until(lambda: not home.downloads.working.visible, 30)


def names() -> list[str]:
    return [entry.name for entry in store.installed() if not entry.shipped]


def test_the_catalog_that_ships_offers_nothing_and_takes_no_room(modules):
    assert not host.open_module("ReadingRoomHome").panel.downloads.widget.visible


def test_an_offer_says_question_size_and_license(open_home):
    text = open_home(size=21_340_000).downloads.texts["cxr-another"].text
    assert text == "What does this frontal chest radiograph show?\nversion 2.0.0, 21.3 MB, CC-BY-4.0"


def test_an_offer_for_a_reader_that_is_not_known_has_no_question(open_home):
    assert open_home(reader="liver-of-tomorrow").downloads.texts["cxr-another"].text.startswith("version 2.0.0")


def test_a_bundle_is_downloaded_installed_and_marked(open_home):
    home = open_home()
    press(home)
    wait(home)
    assert home.message.sentence.text == "'cxr-another' is installed."
    assert names() == ["cxr-another"]
    assert home.downloads.buttons == {}
    assert home.downloads.texts["cxr-another"].text.endswith("installed")
    assert home.bundles.table.rowCount == 2


def test_progress_is_shown_and_no_other_download_can_begin(open_home, server):
    server.go_on.clear()
    home = open_home()
    press(home)
    host.wait_until(lambda: home.downloads.progress.value >= 400, 30)
    assert home.downloads.sentence.text.startswith("Downloading Another bundle: ")
    assert not home.downloads.buttons["cxr-another"].enabled
    server.go_on.set()
    wait(home)
    assert names() == ["cxr-another"]


def test_a_canceled_download_installs_nothing_and_can_be_taken_up_again(open_home, server):
    server.go_on.clear()
    home = open_home()
    press(home)
    host.wait_until(lambda: home.downloads.progress.value >= 400, 30)
    host.click(home.downloads.cancel)
    assert not home.downloads.working.visible
    assert not home.message.widget.visible
    press(home)
    assert home.message.sentence.text == "The download before this one is still ending; try again in a moment."
    server.go_on.set()
    host.wait_until(lambda: not home._download.is_running, 30)
    assert names() == []
    press(home)
    wait(home)
    assert names() == ["cxr-another"]


def test_an_older_version_is_replaced_after_a_question(open_home, tmp_path):
    as_zip(tmp_path / "old.zip", "cxr-another", "Another bundle", "1.0.0")
    store.install(tmp_path / "old.zip")
    home = open_home()
    assert home.downloads.texts["cxr-another"].text.endswith("version 1.0.0 is installed")
    home._confirm = lambda question: False
    press(home)
    assert store.find("cxr-another").metadata.version == "1.0.0"
    home._confirm = lambda question: home.asked.append(question) or True
    press(home)
    wait(home)
    assert home.asked == ["Replace version 1.0.0 of 'Another bundle' by version 2.0.0?"]
    assert store.find("cxr-another").metadata.version == "2.0.0"


def test_without_a_network_one_sentence_says_so(open_home):
    home = open_home(url="http://127.0.0.1:9/bundle.zip")  # nothing listens there
    press(home)
    wait(home)
    assert home.message.sentence.text == "No connection to 127.0.0.1: check the network and the proxy."
    assert home.downloads.buttons["cxr-another"].enabled


def test_a_file_that_is_not_the_catalogs_is_not_installed(open_home):
    home = open_home(sha256="0" * 64)
    press(home)
    wait(home)
    assert "is not the file of the catalog; nothing was installed" in home.message.sentence.text
    assert names() == []


def test_a_damaged_catalog_is_told_and_the_rest_of_the_panel_works(open_home, tmp_path):
    home = open_home()
    (tmp_path / "catalog.json").write_text("{", "utf-8")
    home.enter()
    assert home.message.sentence.text.startswith("The catalog catalog.json cannot be used")
    assert home.bundles.table.rowCount == 1
    assert not home.downloads.widget.visible


def test_closing_the_panel_ends_the_download(open_home, server):
    server.go_on.clear()
    home = open_home()
    press(home)
    host.wait_until(lambda: home.downloads.progress.value >= 400, 30)
    home.cleanup()
    server.go_on.set()
    host.wait_until(lambda: not home._download.is_running, 30)
    assert names() == []
