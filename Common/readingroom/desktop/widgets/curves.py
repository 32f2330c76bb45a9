"""The curves of a reading: drawn small, read with the keyboard or the mouse; opened in Slicer's plot view on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from slicer.i18n import tr as _

from ...formatting import axis_title, interval_text, number_text, percent, quantity_text
from ...reading import Curve, Interval, Line, Reading
from .curve_chart import CurveChart
from .labels import heading, sentence

if TYPE_CHECKING:
    from ..display import Display


class CurvesView:
    """One `CurveView` for each curve. ``display`` is told what a person looks at."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.views: dict[str, CurveView] = {}

    def show(self, reading: Reading) -> None:
        """Draw the curves of a reading."""
        if list(self.views) != [curve.name for curve in reading.curves]:
            for view in self.views.values():
                view.widget.setParent(None)
                view.widget.deleteLater()
            self.views = {curve.name: self._make(curve.name) for curve in reading.curves}
        for curve in reading.curves:
            self.views[curve.name].show(curve)

    def _make(self, name: str) -> CurveView:
        view = CurveView(lambda place: self._display.position(name, place), lambda: self._display.plot(name))
        self._column.addWidget(view.widget)
        return view


class CurveView:
    """Title, chart, a slider over the positions, and what the curve says at the chosen one.

    Parameters
    ----------
    on_position : called with the index of the position that a person chose
    on_plot : called when the curve is to be opened in Slicer's plot view
    """

    def __init__(self, on_position: Callable[[int], None], on_plot: Callable[[], None]) -> None:
        self._curve: Curve | None = None
        self._on_position = on_position
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        top = qt.QHBoxLayout()
        self.title = heading()
        self.plot = qt.QToolButton()
        self.plot.setText(_("Plot"))
        self.plot.setToolTip(_("Open this curve in Slicer's plot view."))
        top.addWidget(self.title, 1)
        top.addWidget(self.plot)
        column.addLayout(top)
        self.chart = CurveChart(self._touched)
        column.addWidget(self.chart)
        self.slider = qt.QSlider()
        self.slider.setOrientation(qt.Qt.Horizontal)
        column.addWidget(self.slider)
        self.value = sentence()
        column.addWidget(self.value)
        self.slider.valueChanged.connect(lambda place, *_args: self._moved(place))
        self.plot.clicked.connect(lambda *_args: on_plot())

    def show(self, curve: Curve) -> None:
        """Draw a curve; the place that a person looks at stays, also where other lines now stand beside the answer."""
        shown, self._curve = self._curve, curve
        is_new = shown is None or (curve.positions, curve.line) != (shown.positions, shown.line)
        self.title.setText(curve.title)
        self.slider.setAccessibleName(curve.title)
        self.slider.setToolTip(axis_title(curve.position_title, curve.position_unit))
        if is_new:
            blocked = self.slider.blockSignals(True)
            self.slider.setRange(0, len(curve.positions) - 1)
            self.slider.setValue(_first_place(curve))
            self.slider.blockSignals(blocked)
        self.chart.showCurve(curve, self.slider.value)
        self._say()

    def _touched(self, place: int) -> None:
        self.slider.setFocus()
        if self.slider.value == place:  # the views may show another slice meanwhile
            self._moved(place)
        self.slider.setValue(place)

    def _moved(self, place: int) -> None:
        if self._curve is not None:
            self.chart.showCurve(self._curve, place)
            self._say()
            self._on_position(place)

    def _say(self) -> None:
        curve, place = self._curve, self.slider.value
        if curve is None:
            return
        position = curve.positions[place]
        counted = curve.position_unit.startswith("{")  # "Slice 42", but "Time 6 months"
        text = number_text(position) if counted else quantity_text(position, curve.position_unit)
        where = f"{curve.position_title} {text}"
        lines = [_value(line, place, curve) for line in (curve.line, *curve.baselines)]
        self.value.setText("\n".join([f"{where}:", *lines]) if len(lines) > 1 else f"{where}: {lines[0]}")


def _first_place(curve: Curve) -> int:
    """Where a person looks first: the highest point of a profile, the end of a survival curve."""
    values = curve.line.values
    return max(range(len(values)), key=lambda place: values[place]) if curve.kind == "profile" else len(values) - 1


def _value(line: Line, place: int, curve: Curve) -> str:
    def show(value: float) -> str:
        return percent(value) if curve.kind == "survival" else quantity_text(value, curve.value_unit)

    text = f"{line.title}: {show(line.values[place])}"
    if line.low:
        text += f" ({interval_text(Interval(line.low[place], line.high[place], curve.level), show, _)})"
    return text
