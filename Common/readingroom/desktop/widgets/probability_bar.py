"""A probability from 0 to 100 % as a bar, with its interval as a whisker and the threshold as a tick."""

from __future__ import annotations

from typing import Any

import qt

from ...reading import Finding

_TRACK = (128, 128, 128, 70)
_BELOW = (74, 134, 196)
_ABOVE = (222, 126, 38)
_HEIGHT = 20


class ProbabilityBar(qt.QWidget):
    """Paints one finding. The numbers are also in the accessible name, which the row around it sets."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._finding: Finding | None = None
        self.setMinimumHeight(_HEIGHT)
        self.setMaximumHeight(_HEIGHT)

    def showFinding(self, finding: Finding) -> None:
        """Draw this finding from now on."""
        self._finding = finding
        self.update()

    def paintEvent(self, event: Any) -> None:
        """Called by Qt."""
        if self._finding is None:
            return
        painter = qt.QPainter(self)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        self._paintBar(painter, self._finding)
        if self._finding.interval is not None:
            self._paintInterval(painter, self._finding.interval.low, self._finding.interval.high)
        if self._finding.operating_point is not None:
            self._paintThreshold(painter, self._finding.operating_point.threshold)
        painter.end()

    def _paintBar(self, painter: Any, finding: Finding) -> None:
        color = _ABOVE if finding.positive else _BELOW
        painter.fillRect(0, 5, self.width, _HEIGHT - 10, qt.QColor(*_TRACK))
        painter.fillRect(0, 5, max(2, self._x(finding.probability)), _HEIGHT - 10, qt.QColor(*color))

    def _paintInterval(self, painter: Any, low: float, high: float) -> None:
        middle, left, right = _HEIGHT // 2, self._x(low), self._x(high)
        for width, color in ((4, qt.QColor(255, 255, 255)), (2, qt.QColor(20, 20, 20))):  # seen on any background
            painter.setPen(_pen(color, width))
            painter.drawLine(left, middle, right, middle)
            painter.drawLine(left, middle - 4, left, middle + 4)
            painter.drawLine(right, middle - 4, right, middle + 4)

    def _paintThreshold(self, painter: Any, threshold: float) -> None:
        x = self._x(threshold)
        for width, color in ((4, qt.QColor(255, 255, 255)), (2, qt.QColor(190, 30, 30))):
            painter.setPen(_pen(color, width))
            painter.drawLine(x, 1, x, _HEIGHT - 1)

    def _x(self, share: float) -> int:
        """The pixel column of a share of 0 to 1; two pixels stay free at each end, so no tick is cut off."""
        return round(2 + share * (self.width - 4))


def _pen(color: Any, width: int) -> Any:
    pen = qt.QPen()
    pen.setColor(color)
    pen.setWidth(width)
    return pen
