"""The bundles of the catalog: what each answers, how large it is, its license, and a button to download it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from ..downloads import Offer
from .icons import status_label
from .labels import heading, sentence
from .redrawn_grid import RedrawnGrid


class DownloadsView:
    """A row for each bundle, and the progress of the download that is going on. Hidden while nothing is offered.

    Parameters
    ----------
    on_download : called with the offer that a person wants
    on_cancel : called when a person wants the download to end
    """

    def __init__(self, on_download: Callable[[Offer], None], on_cancel: Callable[[], None]) -> None:
        self._on_download = on_download
        self.buttons: dict[str, Any] = {}  # by name of the bundle, those that can be pressed
        self.texts: dict[str, Any] = {}
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(heading(_("To download")))
        self._rows = RedrawnGrid(column, stretched=0)
        self.working = qt.QWidget()
        row = qt.QHBoxLayout(self.working)
        row.setContentsMargins(0, 0, 0, 0)
        self.progress = qt.QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(8)
        self.progress.setAccessibleName(_("Progress of the download"))
        self.cancel = qt.QPushButton(_("Cancel"))
        self.cancel.setToolTip(_("End the download; what has arrived is kept for the next try."))
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        column.addWidget(self.working)
        self.sentence = sentence()
        column.addWidget(self.sentence)
        self.cancel.clicked.connect(lambda *_args: on_cancel())
        self.show_idle()
        self.widget.setVisible(False)

    def show(self, offers: list[Offer]) -> None:
        """List what can be had."""
        grid = self._rows.redraw()
        grid.setVerticalSpacing(6)
        self.buttons.clear()
        self.texts.clear()
        self.widget.setVisible(bool(offers))
        for row, offer in enumerate(offers):
            self.texts[offer.entry.name] = text = sentence(described(offer))
            grid.addWidget(heading(offer.entry.title), 2 * row, 0)
            grid.addWidget(text, 2 * row + 1, 0)
            if offer.is_installed:
                grid.addWidget(status_label("pass", _("Installed")), 2 * row, 1)
                continue
            button = qt.QPushButton(_("Update") if offer.installed else _("Download"))
            button.clicked.connect(lambda *_args, offer=offer: self._on_download(offer))
            grid.addWidget(button, 2 * row, 1, 2, 1)
            self.buttons[offer.entry.name] = button

    def show_working(self, fraction: float, text: str) -> None:
        """Say how far the download has come; another can begin when it is over."""
        for button in self.buttons.values():
            button.setEnabled(False)
        self.working.setVisible(True)
        self.sentence.setVisible(True)
        self.progress.setValue(round(1000 * fraction))
        self.sentence.setText(text or _("Starting …"))

    def show_idle(self) -> None:
        """Nothing is being downloaded."""
        for button in self.buttons.values():
            button.setEnabled(True)
        self.working.setVisible(False)
        self.sentence.setVisible(False)


def described(offer: Offer) -> str:
    """The question that a bundle answers; then its version, size and license, and what is installed of it."""
    entry = offer.entry
    facts = [_("version {version}").format(version=entry.version), f"{entry.size / 1e6:.1f} MB", entry.license]
    if offer.is_installed:
        facts.append(_("installed"))
    elif offer.installed:
        facts.append(_("version {version} is installed").format(version=offer.installed))
    return "\n".join(line for line in (offer.question, ", ".join(facts)) if line)
