"""The reasons to trust or doubt a reading, each with its sentence. What passed folds away: doubts are to be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from ...formatting import check_text
from ...reading import Check, Status
from .icons import status_label
from .labels import sentence


class ChecksView:
    """Checks, gravest first. ``on_read_anyway`` is called when a person overrules a ``stop``."""

    def __init__(self, on_read_anyway: Callable[[], None]) -> None:
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.read_anyway = qt.QPushButton(_("Read anyway"))
        self.read_anyway.setToolTip(_("Read against this advice. The panel and the report will say so."))
        self.passed_button = qt.QToolButton()
        self.passed_button.setCheckable(True)
        self.passed_button.setToolButtonStyle(qt.Qt.ToolButtonTextBesideIcon)
        self.passed_button.setAutoRaise(True)
        self._column.addWidget(self.read_anyway)
        self._column.addWidget(self.passed_button)
        self.notes = sentence()
        self._column.addWidget(self.notes)
        self._doubts = self._passed = qt.QWidget()
        self._shown: tuple[Check, ...] | None = None
        self.read_anyway.clicked.connect(lambda *_args: on_read_anyway())
        self.passed_button.toggled.connect(lambda shown, *_args: self._unfold(shown))
        self.show((), (), refused=False)

    def show(self, checks: Sequence[Check], notes: Sequence[str], refused: bool) -> None:
        """List the checks, and below them what was done differently than usual.

        ``refused`` says that one of the checks ended the read, so a person may overrule it.
        """
        self.read_anyway.setVisible(refused)
        self.notes.setText("\n".join(_("Note: {note}").format(note=note) for note in notes))
        self.notes.setVisible(bool(notes))
        if self._shown == tuple(checks):
            return
        self._shown = tuple(checks)
        for old in (self._doubts, self._passed):
            old.setParent(None)
            old.deleteLater()
        passed = [check for check in checks if check.status == "pass"]
        doubts = sorted((check for check in checks if check.status != "pass"), key=lambda check: check.status)
        self._doubts, self._passed = _grid(doubts), _grid(passed)
        self._column.insertWidget(0, self._doubts)
        self._column.insertWidget(3, self._passed)
        self._doubts.setVisible(bool(doubts))
        self.passed_button.setText(_("Passed checks: {n}").format(n=len(passed)))
        self.passed_button.setVisible(bool(passed))
        self._unfold(self.passed_button.isChecked())

    def _unfold(self, shown: bool) -> None:
        self._passed.setVisible(shown)
        self.passed_button.setArrowType(qt.Qt.DownArrow if shown else qt.Qt.RightArrow)


def _grid(checks: Sequence[Check]) -> Any:
    widget = qt.QWidget()
    grid = qt.QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, check in enumerate(checks):
        spoken = _spoken(check.status)
        grid.addWidget(status_label(check.status, spoken), row, 0)
        said = check_text(check, _)
        text = sentence(said)
        text.setAccessibleName(f"{spoken}: {said}")
        grid.addWidget(text, row, 1)
    return widget


def _spoken(status: Status) -> str:
    return {"pass": _("Passed"), "warn": _("Doubt"), "stop": _("Stop")}[status]
