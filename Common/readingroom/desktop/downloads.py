"""Bundles that can be downloaded, and one download beside the application, which goes on while a person works."""

from __future__ import annotations

import queue
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

from slicer.i18n import tr as _

from ..bundles import catalog, download, store
from ..bundles.catalog import CatalogEntry
from ..engine.events import Advanced, Event, Failed, Finished
from ..errors import EngineError, ReadingRoomError
from ..progress import Progress
from ..readers.registry import readers


@dataclass(frozen=True)
class Offer:
    """A bundle of the catalog, the question that it answers (empty when no reader here asks it), and what is installed.

    ``installed`` is the version of the bundle that is there; empty when there is none.
    """

    entry: CatalogEntry
    question: str
    installed: str

    @property
    def is_installed(self) -> bool:
        """Whether this very version is there."""
        return self.installed == self.entry.version


def offers(path: Path | None = None) -> list[Offer]:
    """What the catalog (ours, when no other file is given) offers.

    Raises
    ------
    BundleError : the catalog cannot be used
    """
    entries = catalog.entries(path)
    known = readers()
    versions = {there.metadata.name: there.metadata.version for there in store.installed() if there.metadata}
    return [
        Offer(entry, known[entry.reader].question if entry.reader in known else "", versions.get(entry.name, ""))
        for entry in entries
    ]


class BundleDownload:
    """Downloads and installs a bundle in a thread that touches neither Qt nor the scene. A `Job` follows it.

    Parameters
    ----------
    replace : take the place of another version of the bundle
    """

    def __init__(self, entry: CatalogEntry, replace: bool = False) -> None:
        self._entry = entry
        self._replace = replace
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._canceled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread still works; after `cancel` for a moment."""
        return self._thread.is_alive()

    def poll(self) -> list[Event]:
        """What happened since the last time. Never waits."""
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found

    def cancel(self) -> None:
        """End it; what has arrived is kept for the next try."""
        self._canceled.set()

    def _run(self) -> None:
        progress = Progress(lambda fraction, text: self._events.put(Advanced(fraction, text)), self._canceled.is_set)
        try:
            bundle = download.install(self._entry, progress, replace=self._replace)
        except ReadingRoomError as error:
            self._events.put(Failed(error))
        except Exception:
            sentence = _("Something unforeseen went wrong during the download; the details tell what.")
            self._events.put(Failed(EngineError(sentence, traceback.format_exc())))
        else:
            self._events.put(Finished(bundle.metadata.name))
