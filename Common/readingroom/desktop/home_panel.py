"""The panel of the module Reading Room: features of segments, is all there, what computes, which bundles."""

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
from ..errors import ReadingRoomError
from . import settings, setup
from .device_probe import DeviceProbe, device_sentence
from .features.section import FeaturesSection
from .widgets.bundles import BundlesView
from .widgets.labels import sentence
from .widgets.message import MessageView
from .widgets.settings import SettingsView
from .widgets.setup import SetupView

_LOOK_MILLISECONDS = 100


class HomePanel:
    """Features, set-up, device, bundles and settings.

    Features stand here because they need no reader: whoever has a segmentation can measure it. Modules that want the
    same section in their own panel ask for it (`module.ReadingModule.features`).

    Parameters
    ----------
    confirm : asked with a question before a bundle is removed
    client : measures features; None for a worker process of its own, which starts at the first measurement
    """

    def __init__(self, confirm: Callable[[str], bool] | None = None, client: Any = None) -> None:
        settings.apply()
        self._confirm = confirm or (lambda question: bool(slicer.util.confirmOkCancelDisplay(question)))
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.message = MessageView()
        self.setup = SetupView(self.set_up)
        self.device = sentence()
        self.bundles = BundlesView(self.install, self.verify, self.remove)
        self.settings = SettingsView()
        self._column.addWidget(self.message.widget)
        self.features = FeaturesSection("ReadingRoomHome", client)
        self.features_section = self._section(_("Features"), self.features.widget)
        self.features_section.contentsCollapsed.connect(lambda folded, *_args: self.features.set_open(not folded))
        self.features_section.collapsed = True  # one line until it is wanted: most come here to set something up
        self._section(_("Set-up"), self.setup.widget)
        self._section(_("This computer"), self.device)
        self._section(_("Bundles"), self.bundles.widget)
        self._section(_("Settings"), self.settings.widget)
        self._column.addWidget(sentence(readingroom.RESEARCH_USE))
        self._column.addStretch(1)

        self._probe = DeviceProbe()
        self._timer = qt.QTimer(self.widget)
        self._timer.setInterval(_LOOK_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: self.show_device())
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
        self.features.cleanup()

    def refresh(self) -> None:
        """Look at packages and bundles again."""
        self.setup.show()
        self.bundles.show(store.installed())

    def show_device(self) -> None:
        """Say what computes, once it is known."""
        self.device.setText(device_sentence(self._probe.facts))
        if self._probe.facts is not None:
            self._timer.stop()

    def set_up(self) -> None:
        """Install what is missing."""
        self._try(setup.set_up, _("Set up. Restart Slicer if it asks for that."))

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
