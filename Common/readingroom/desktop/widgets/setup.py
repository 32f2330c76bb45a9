"""What is installed, what is missing, what computes, and the one button that sets it up."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .. import setup
from .icons import status_label
from .labels import heading, sentence
from .redrawn_grid import RedrawnGrid


class SetupView:
    """The state in a sentence, the list of packages, the button to install them, and what to do without a network.

    The list is folded while nothing is missing.

    Parameters
    ----------
    on_set_up : called when a person wants everything installed
    on_compiler : called when a person wants what makes features faster
    """

    def __init__(self, on_set_up: Callable[[], None], on_compiler: Callable[[], None]) -> None:
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.state = heading()
        column.addWidget(self.state)
        self.device = sentence()
        column.addWidget(self.device)
        self.button = qt.QPushButton(_("Set up"))
        self.button.setToolTip(_("Install what is missing. Slicer asks before it installs anything."))
        self.compiler_button = qt.QToolButton()
        self.compiler_button.setText(_("Faster features"))
        self.compiler_button.setToolTip(
            _(
                "Install numba (210 MB), which makes maps of features many times faster and changes no number. "
                "Slicer asks before it installs anything."
            )
        )
        self.packages_button = qt.QToolButton()
        self.packages_button.setText(_("Packages"))
        self.packages_button.setToolTip(_("What is installed, and what it is for."))
        self.packages_button.setCheckable(True)
        self.offline_button = qt.QToolButton()
        self.offline_button.setText(_("Without a network"))
        self.offline_button.setToolTip(_("The commands that set up a computer without a network."))
        self.offline_button.setCheckable(True)
        row = qt.QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.compiler_button)
        row.addWidget(self.packages_button)
        row.addWidget(self.offline_button)
        row.addStretch(0)
        column.addLayout(row)
        self._packages = RedrawnGrid(column, stretched=2)
        self.packages = self._packages.widget
        self.packages.setVisible(False)
        self.offline = qt.QPlainTextEdit()
        self.offline.setReadOnly(True)
        self.offline.setMinimumHeight(170)
        self.offline.setLineWrapMode(qt.QPlainTextEdit.NoWrap)
        self.offline.setAccessibleName(_("Setting up without a network"))
        self.offline.setVisible(False)
        column.addWidget(self.offline)
        self.button.clicked.connect(lambda *_args: on_set_up())
        self.compiler_button.clicked.connect(lambda *_args: on_compiler())
        self.packages_button.toggled.connect(lambda shown, *_args: self.packages.setVisible(shown))
        self.offline_button.toggled.connect(lambda shown, *_args: self._show_offline(shown))

    def show(self) -> None:
        """Look again, and draw."""
        parts = setup.parts()
        absent = [part for part in parts if not part.fits]
        self.state.setText(setup.sentence(absent))
        self.button.setVisible(bool(absent))
        if absent:
            self.packages_button.setChecked(True)
        compiler = setup.compiler()
        self.compiler_button.setVisible(not compiler.fits)
        if compiler.version:
            parts.append(compiler)
        grid = self._packages.redraw()
        for row, part in enumerate(parts):
            said = part.version or _("missing")
            if part.version and not part.fits:
                said = _("{version}, but {wanted} is needed").format(version=part.version, wanted=part.needed)
            name = sentence(part.name)
            name.setWordWrap(False)
            grid.addWidget(status_label("pass" if part.fits else "warn", said), row, 0)
            grid.addWidget(name, row, 1)
            grid.addWidget(sentence(f"{part.purpose}; {said}"), row, 2)

    def _show_offline(self, shown: bool) -> None:
        self.offline.setPlainText(setup.offline_instructions() if shown else "")
        self.offline.setVisible(shown)
