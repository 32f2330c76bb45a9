"""The readers whose modules are loaded: the question of each, and a button that opens its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
from slicer.i18n import tr as _

from ...readers.base import Reader
from .labels import heading, sentence
from .redrawn_grid import RedrawnGrid


class ReadersView:
    """A row for each reader.

    Parameters
    ----------
    on_open : called with the name of the module that a person wants to open
    """

    def __init__(self, on_open: Callable[[str], None]) -> None:
        self._on_open = on_open
        self.buttons: dict[str, Any] = {}  # by name of the module
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self._rows = RedrawnGrid(column, stretched=1)

    def show(self, loaded: Mapping[str, Reader]) -> None:
        """List the readers, given by the names of their modules."""
        grid = self._rows.redraw()
        self.buttons.clear()
        for row, (module, reader) in enumerate(loaded.items()):
            title = heading(reader.title)
            title.setWordWrap(False)
            button = qt.QPushButton(_("Open"))
            button.setToolTip(_("Open the module {title}.").format(title=reader.title))
            button.clicked.connect(lambda *_args, module=module: self._on_open(module))
            grid.addWidget(title, row, 0)
            grid.addWidget(sentence(reader.question), row, 1)
            grid.addWidget(button, row, 2)
            self.buttons[module] = button
