"""What went wrong, as one sentence in the panel: no window pops up, and details are there for those who want them."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from ...reading import Status
from .icons import status_label
from .labels import sentence


class MessageView:
    """A sentence with an optional button to act on it and optional details."""

    def __init__(self) -> None:
        self.widget = qt.QFrame()
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        column = qt.QVBoxLayout(self.widget)
        row = qt.QHBoxLayout()
        self._icons = {"warn": status_label("warn", _("Attention")), "pass": status_label("pass", _("Done"))}
        for icon in self._icons.values():
            row.addWidget(icon)
        self.sentence = sentence()
        row.addWidget(self.sentence, 1)
        column.addLayout(row)

        buttons = qt.QHBoxLayout()
        self.action = qt.QPushButton()
        self.details_button = qt.QToolButton()
        self.details_button.setText(_("Details"))
        self.details_button.setCheckable(True)
        buttons.addWidget(self.action)
        buttons.addStretch(1)
        buttons.addWidget(self.details_button)
        column.addLayout(buttons)

        self.details = qt.QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setMaximumHeight(160)
        self.details.setAccessibleName(_("Details of the message"))
        column.addWidget(self.details)

        self._on_action: Callable[[], None] | None = None
        self.action.clicked.connect(self._act)
        self.details_button.toggled.connect(lambda shown, *_args: self.details.setVisible(shown))
        self.hide()

    def show(
        self,
        text: str,
        details: str = "",
        action: str = "",
        on_action: Callable[[], None] | None = None,
        status: Status = "warn",
    ) -> None:
        """Say ``text``; ``action`` labels a button that calls ``on_action``; ``status`` picks the icon."""
        for name, icon in self._icons.items():
            icon.setVisible(name == status)
        self.sentence.setText(text)
        self.details.setPlainText(details)
        self.details_button.setVisible(bool(details))
        self.details_button.setChecked(False)
        self.details.setVisible(False)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self._on_action = on_action
        self.widget.setVisible(True)

    def hide(self) -> None:
        """Nothing to say."""
        self.widget.setVisible(False)

    def _act(self, *_args: object) -> None:
        if self._on_action is not None:
            self._on_action()
