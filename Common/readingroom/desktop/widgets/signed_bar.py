"""A number as a bar from a middle line: to the right where it is above 0, to the left where it is below."""

from __future__ import annotations

from typing import Any

import qt

_TRACK = (128, 128, 128, 60)
_ABOVE, _BELOW = (222, 126, 38), (74, 134, 196)
_MARGIN = 4  # pixels above and below the bar


class SignedBar(qt.QWidget):
    """Paints one number. What it says stands in words beside it, for those who cannot see it."""

    def __init__(self, value: float, largest: float, parent: Any = None) -> None:
        super().__init__(parent)
        self._share = value / largest if largest else 0.0
        self.setMinimumWidth(70)

    def paintEvent(self, event: Any) -> None:
        """Called by Qt."""
        width, height = self.width, self.height
        painter = qt.QPainter(self)
        middle, thick = width // 2, max(height - 2 * _MARGIN, 4)
        top = (height - thick) // 2
        painter.fillRect(2, top, width - 4, thick, qt.QColor(*_TRACK))
        length = round(abs(self._share) * (middle - 3))
        color = qt.QColor(*(_ABOVE if self._share >= 0 else _BELOW))
        painter.fillRect(middle if self._share >= 0 else middle - length, top, max(length, 1), thick, color)
        painter.fillRect(middle, top - 2, 1, thick + 4, self.palette.color(qt.QPalette.WindowText))
        painter.end()
