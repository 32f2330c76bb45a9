"""A curve as a small chart: its lines, the band around the first, and the place that a person looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

from ...formatting import number_text, percent, quantity_text
from ...reading import Curve, Line

_HEIGHT = 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22  # room for the numbers at the axes, pixels
_ANSWER = (222, 126, 38)
_BASELINES = ((74, 134, 196), (120, 120, 120), (90, 160, 90))


class CurveChart(qt.QWidget):
    """Paints one curve; ``on_position`` is called with the index of the position that is clicked or dragged to.

    The same can be done with the slider below it, which takes the keyboard.
    """

    def __init__(self, on_position: Callable[[int], None]) -> None:
        super().__init__()
        self._on_position = on_position
        self._curve: Curve | None = None
        self._place = 0
        self.setMinimumHeight(_HEIGHT)
        self.setMaximumHeight(_HEIGHT)

    def showCurve(self, curve: Curve, place: int) -> None:
        """Draw this curve and mark one of its positions."""
        self._curve, self._place = curve, place
        self.update()

    def mousePressEvent(self, event: Any) -> None:
        """Called by Qt."""
        self._touch(event.pos().x())

    def mouseMoveEvent(self, event: Any) -> None:
        """Called by Qt while a button is held."""
        self._touch(event.pos().x())

    def paintEvent(self, event: Any) -> None:
        """Called by Qt."""
        if self._curve is None:
            return
        painter = qt.QPainter(self)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        self._paintAxes(painter, self._curve)
        if self._curve.line.low:
            self._paintBand(painter, self._curve.line)
        for number, line in reversed(list(enumerate((self._curve.line, *self._curve.baselines)))):
            color = _ANSWER if number == 0 else _BASELINES[min(number - 1, len(_BASELINES) - 1)]
            self._paintLine(painter, line, color)
        x = self._x(self._curve.positions[self._place])
        painter.setPen(_pen((190, 30, 30), 1))
        painter.drawLine(x, _TOP, x, _HEIGHT - _BOTTOM)
        painter.end()

    def _touch(self, x: int) -> None:
        if self._curve is not None:
            places = range(len(self._curve.positions))
            positions = self._curve.positions
            self._on_position(min(places, key=lambda place: abs(self._x(positions[place]) - x)))

    def _paintAxes(self, painter: Any, curve: Curve) -> None:
        low, high = self._range(curve)
        painter.setPen(_pen((128, 128, 128), 1))
        painter.drawLine(_LEFT, _HEIGHT - _BOTTOM, self.width - _RIGHT, _HEIGHT - _BOTTOM)
        painter.drawLine(_LEFT, _TOP, _LEFT, _HEIGHT - _BOTTOM)
        show = percent if curve.kind == "survival" else (lambda value: number_text(value, 3))
        for value in (low, high):
            painter.drawText(2, self._y(value) + (4 if value == low else 8), show(value))
        first, last = curve.positions[0], curve.positions[-1]
        painter.drawText(_LEFT, _HEIGHT - 6, number_text(first))
        end = quantity_text(last, curve.position_unit)
        painter.drawText(self.width - _RIGHT - painter.fontMetrics().horizontalAdvance(end), _HEIGHT - 6, end)

    def _paintBand(self, painter: Any, line: Line) -> None:
        path = self._path(line.high)
        for x, y in reversed(self._points(line.low)):
            path.lineTo(x, y)
        path.closeSubpath()
        painter.fillPath(path, qt.QBrush(qt.QColor(*_ANSWER, 60)))

    def _paintLine(self, painter: Any, line: Line, color: tuple[int, int, int]) -> None:
        painter.setPen(_pen(color, 2))
        painter.drawPath(self._path(line.values))

    def _path(self, values: tuple[float, ...]) -> Any:
        path = qt.QPainterPath()
        points = self._points(values)
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        return path

    def _points(self, values: tuple[float, ...]) -> list[tuple[int, int]]:
        """Where a line goes, in pixels; a survival curve holds each value until the next position."""
        assert self._curve is not None
        xs = [self._x(position) for position in self._curve.positions]
        ys = [self._y(value) for value in values]
        points = [(xs[0], ys[0])]
        for before, x, y in zip(ys, xs[1:], ys[1:], strict=False):
            points += [(x, before), (x, y)] if self._curve.kind == "survival" else [(x, y)]
        return points

    def _range(self, curve: Curve) -> tuple[float, float]:
        if curve.kind == "survival":
            return 0.0, 1.0
        values = [v for line in (curve.line, *curve.baselines) for v in (*line.values, *line.low, *line.high)]
        return min(0.0, *values), max(values)

    def _x(self, position: float) -> int:
        assert self._curve is not None
        first, last = self._curve.positions[0], self._curve.positions[-1]
        share = (position - first) / (last - first) if last > first else 0.5
        return round(_LEFT + share * (self.width - _LEFT - _RIGHT))

    def _y(self, value: float) -> int:
        assert self._curve is not None
        low, high = self._range(self._curve)
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM))


def _pen(color: tuple[int, int, int], width: int) -> Any:
    pen = qt.QPen()
    pen.setColor(qt.QColor(*color))
    pen.setWidth(width)
    return pen
