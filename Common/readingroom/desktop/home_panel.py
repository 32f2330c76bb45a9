"""The panel of the module Reading Room: readers, features of segments, set-up, bundles and their downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _

import readingroom

from ..bundles import bundle, store
from ..bundles.store import Installed
from ..errors import BundleError, ReadingRoomError
from ..readers.base import Reader
from ..readers.registry import readers
from . import settings, setup
from .device_probe import DeviceProbe, device_sentence
from .downloads import BundleDownload, Offer, offers
from .features.section import FeaturesSection
from .job import Job
from .widgets.bundles import BundlesView
from .widgets.downloads import DownloadsView
from .widgets.labels import sentence
from .widgets.message import MessageView
from .widgets.readers import ReadersView
from .widgets.settings import SettingsView
from .widgets.setup import SetupView

_LOOK_MILLISECONDS = 100


class HomePanel:
    """Readers, features, set-up, bundles, downloads and settings.

    Features stand here because they need no reader: whoever has a segmentation can measure it. Modules that want the
    same section in their own panel ask for it (`panel.ReadingPanel`).

    Parameters
    ----------
    confirm : asked with a question before a bundle is removed or replaced
    client : measures features; None for a worker process of its own, which starts at the first measurement
    catalog : the file that lists what can be downloaded; None for the one that ships
    """

    def __init__(
        self, confirm: Callable[[str], bool] | None = None, client: Any = None, catalog: Path | None = None
    ) -> None:
        settings.apply()
        self._confirm = confirm or (lambda question: bool(slicer.util.confirmOkCancelDisplay(question)))
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(9, 4, 9, 4)  # the frame around it has none
        self.message = MessageView()
        self._catalog = catalog
        self.readers = ReadersView(lambda module: slicer.util.selectModule(module))
        self.setup = SetupView(self.set_up, self.set_up_compiler)
        self.bundles = BundlesView(self.install, self.verify, self.remove)
        self.downloads = DownloadsView(self.download, self.cancel_download)
        self.bundles.widget.layout().addWidget(self.downloads.widget)
        self.settings = SettingsView()
        self._column.addWidget(self.message.widget)
        self.readers_section = self._section(_("Readers"), self.readers.widget)
        self.features = FeaturesSection("ReadingRoomHome", client)
        self.features_section = self._section(_("Features"), self.features.widget)
        self.features_section.contentsCollapsed.connect(lambda folded, *_args: self.features.set_open(not folded))
        self.features_section.collapsed = True  # one line until it is wanted: most come here to set something up
        self._section(_("Set-up"), self.setup.widget)
        self._section(_("Bundles"), self.bundles.widget)
        self._section(_("Settings"), self.settings.widget)
        self._column.addWidget(sentence(readingroom.RESEARCH_USE))
        self._column.addStretch(1)

        self._probe = DeviceProbe()
        self._timer = qt.QTimer(self.widget)
        self._timer.setInterval(_LOOK_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: self.show_device())
        self._job = Job()
        self._download: BundleDownload | None = None
        self._download_timer = qt.QTimer(self.widget)
        self._download_timer.setInterval(_LOOK_MILLISECONDS)
        self._download_timer.timeout.connect(lambda *_args: self.poll_download())
        self.settings.folder.directoryChanged.connect(lambda *_args: self.refresh())

    def enter(self) -> None:
        """The module is opened: look at everything again."""
        self.refresh()
        self.features.enter()
        if self._probe.facts is None and not self._timer.isActive():
            self._probe.start()
            self._timer.start()
        self.show_device()

    def cleanup(self) -> None:
        """The module goes away."""
        self._timer.stop()
        self._download_timer.stop()
        self._job.cancel()
        self.features.cleanup()

    def refresh(self) -> None:
        """Look at modules, packages and bundles again."""
        loaded = loaded_readers()
        self.readers.show(loaded)
        self.readers_section.setVisible(bool(loaded))
        self.setup.show()
        self.bundles.show(store.installed())
        try:
            self.downloads.show(offers(self._catalog))
        except BundleError as error:
            self.downloads.show([])
            self.message.show(str(error), error.detail)

    def show_device(self) -> None:
        """Say what computes, once it is known."""
        self.setup.device.setText(device_sentence(self._probe.facts))
        if self._probe.facts is not None:
            self._timer.stop()

    def set_up(self) -> None:
        """Install what is missing."""
        self._try(setup.set_up, _("Set up. Restart Slicer if it asks for that."))

    def set_up_compiler(self) -> None:
        """Install what makes features faster."""
        self._try(setup.set_up_compiler, _("numba is installed. It compiles at its first use, for half a minute."))

    def install(self, path: Path) -> None:
        """Install a bundle from a zip or a folder."""
        self._try(lambda: store.install(path), _("'{name}' is installed.").format(name=path.name))

    def verify(self, entry: Installed) -> None:
        """Compare every file of a bundle with its hash."""
        self._try(lambda: bundle.load(entry.folder), _("'{name}' is whole and unchanged.").format(name=entry.name))

    def remove(self, entry: Installed) -> None:
        """Remove an installed bundle, if the person means it."""
        if self._confirm(_("Remove the bundle '{name}' from this computer?").format(name=entry.name)):
            self._try(lambda: store.remove(entry.name), _("'{name}' was removed.").format(name=entry.name))

    def download(self, offer: Offer) -> None:
        """Download and install a bundle of the catalog; the panel can be used meanwhile."""
        entry = offer.entry
        self.message.hide()
        if self._download is not None and self._download.is_running:
            self.message.show(_("The download before this one is still ending; try again in a moment."))
            return
        question = _("Replace version {old} of '{title}' by version {new}?")
        if offer.installed and not self._confirm(
            question.format(old=offer.installed, title=entry.title, new=entry.version)
        ):
            return
        self._download = begun = BundleDownload(entry, replace=bool(offer.installed))
        self._job.start([lambda: begun])
        self._download_timer.start()
        self.downloads.show_working(*self._job.progress)

    def cancel_download(self) -> None:
        """End the download; what has arrived is kept for the next try."""
        self._job.cancel()
        self._download_timer.stop()
        self.downloads.show_idle()

    def poll_download(self) -> None:
        """Show how far the download is, and how it ended."""
        self._job.poll()
        if self._job.state == "working":
            self.downloads.show_working(*self._job.progress)
            return
        self._download_timer.stop()
        self.downloads.show_idle()
        if self._job.error is not None:
            self.message.show(str(self._job.error), self._job.error.detail)
        else:
            self.message.show(_("'{name}' is installed.").format(name=self._job.values[0]), status="pass")
        self.refresh()

    def _try(self, work: Callable[[], Any], done: str) -> None:
        """Do something that takes a moment, and say how it went."""
        self.message.hide()
        try:
            with slicer.util.WaitCursor():
                work()
        except ReadingRoomError as error:
            self.message.show(str(error), details=error.detail or str(error.__cause__ or ""))
        else:
            self.message.show(done, status="pass")
        self.refresh()

    def _section(self, title: str, part: Any) -> Any:
        button = ctk.ctkCollapsibleButton()
        button.text = title
        qt.QVBoxLayout(button).addWidget(part)
        self._column.addWidget(button)
        return button


def loaded_readers() -> dict[str, Reader]:
    """The readers whose modules are loaded, by the names of these: ``chest-xray`` belongs to the module ChestXRay."""
    names = {name.lower(): name for name in slicer.app.moduleManager().modulesNames()}
    found = {reader.name.replace("-", ""): reader for reader in readers().values()}
    return {names[key]: reader for key, reader in found.items() if key in names}
