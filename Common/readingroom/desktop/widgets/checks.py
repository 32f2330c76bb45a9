"""The reasons to trust or doubt a reading, each with its sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt
from slicer.i18n import tr as _

from ...reading import Check, Status
from .icons import status_label
from .labels import sentence

_ORDER = ("stop", "warn", "pass")


class ChecksView:
    """Checks, gravest first. ``on_read_anyway`` is called when a person overrules a ``stop``."""

    def __init__(self, on_read_anyway: Callable[[], None]) -> None:
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self._grid_widget = None
        self._column = column
        self.read_anyway = qt.QPushButton(_("Read anyway"))
        self.read_anyway.setToolTip(_("Read against this advice. The panel and the report will say so."))
        column.addWidget(self.read_anyway)
        self.read_anyway.clicked.connect(lambda *_args: on_read_anyway())
        self.show((), refused=False)

    def show(self, checks: Sequence[Check], refused: bool) -> None:
        """List the checks; ``refused`` says that one of them ended the read, so it may be overruled."""
        if self._grid_widget is not None:
            self._grid_widget.setParent(None)
            self._grid_widget.deleteLater()
        self._grid_widget = qt.QWidget()
        grid = qt.QGridLayout(self._grid_widget)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, check in enumerate(sorted(checks, key=lambda check: _ORDER.index(check.status))):
            spoken = _spoken(check.status)
            grid.addWidget(status_label(check.status, spoken), row, 0)
            text = sentence(check.sentence)
            text.setAccessibleName(f"{spoken}: {check.sentence}")
            grid.addWidget(text, row, 1)
        self._column.insertWidget(0, self._grid_widget)
        self.read_anyway.setVisible(refused)


def _spoken(status: Status) -> str:
    return {"pass": _("Passed"), "warn": _("Doubt"), "stop": _("Stop")}[status]
