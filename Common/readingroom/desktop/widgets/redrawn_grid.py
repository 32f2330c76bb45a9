"""A grid of widgets that is drawn anew as a whole."""

from __future__ import annotations

from typing import Any

import qt


class RedrawnGrid:
    """A place in a panel's column.

    Parameters
    ----------
    stretched : the column of the grid that takes what is left of the width
    """

    def __init__(self, column: Any, stretched: int) -> None:
        self._stretched = stretched
        self.widget = qt.QWidget()
        self._place = qt.QVBoxLayout(self.widget)
        self._place.setContentsMargins(0, 0, 0, 0)
        self._content: Any = None
        column.addWidget(self.widget)

    def redraw(self) -> Any:
        """Remove what is shown; gives the empty ``QGridLayout`` that takes its place."""
        if self._content is not None:
            self._content.setParent(None)
            self._content.deleteLater()
        self._content = qt.QWidget()
        grid = qt.QGridLayout(self._content)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(self._stretched, 1)
        self._place.addWidget(self._content)
        return grid
