"""What is installed and what is missing, and the one button that sets it up."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .. import setup
from .icons import status_label
from .labels import heading, sentence


class SetupView:
    """A list of packages, the button to install them, and what to do without a network.

    Parameters
    ----------
    on_set_up : called when a person wants everything installed
    """

    def __init__(self, on_set_up: Callable[[], None]) -> None:
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.state = heading()
        self._column.addWidget(self.state)
        self._list: qt.QWidget | None = None
        self.button = qt.QPushButton(_("Set up"))
        self.button.setToolTip(_("Install what is missing. Slicer asks before it installs anything."))
        self.offline_button = qt.QToolButton()
        self.offline_button.setText(_("Without a network"))
        self.offline_button.setCheckable(True)
        row = qt.QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.offline_button)
        self._column.addLayout(row)
        self.offline = qt.QPlainTextEdit()
        self.offline.setReadOnly(True)
        self.offline.setMinimumHeight(170)
        self.offline.setLineWrapMode(qt.QPlainTextEdit.NoWrap)
        self.offline.setAccessibleName(_("Setting up without a network"))
        self.offline.setVisible(False)
        self._column.addWidget(self.offline)
        self.button.clicked.connect(lambda *_args: on_set_up())
        self.offline_button.toggled.connect(lambda shown, *_args: self._show_offline(shown))

    def show(self) -> None:
        """Look again, and draw."""
        parts = setup.parts()
        absent = [part for part in parts if not part.fits]
        self.state.setText(setup.sentence(absent))
        self.button.setVisible(bool(absent))
        if self._list is not None:
            self._list.setParent(None)
            self._list.deleteLater()
        self._list = qt.QWidget()
        grid = qt.QGridLayout(self._list)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(2, 1)
        for row, part in enumerate(parts):
            said = part.version or _("missing")
            if part.version and not part.fits:
                said = _("{version}, but {wanted} is needed").format(version=part.version, wanted=part.wanted)
            name = sentence(part.name)
            name.setWordWrap(False)
            grid.addWidget(status_label("pass" if part.fits else "warn", said), row, 0)
            grid.addWidget(name, row, 1)
            grid.addWidget(sentence(f"{part.purpose}; {said}"), row, 2)
        self._column.insertWidget(1, self._list)

    def _show_offline(self, shown: bool) -> None:
        self.offline.setPlainText(setup.offline_instructions() if shown else "")
        self.offline.setVisible(shown)
