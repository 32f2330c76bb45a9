"""Sliders of CTK over real numbers."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QSlider,
    QWidget,
)

from ..pythonqt import declared, standin
from ..standins import State, checked, passed_on, stored


@standin
class ctkDoubleSlider(QWidget):
    """A slider over real numbers."""

    valueChanged = Signal(float)
    sliderMoved = Signal(float)
    rangeChanged = Signal(float, float)
    sliderPressed = Signal()
    sliderReleased = Signal()
    _values: dict
    _slider: QSlider

    def __init__(self, orientation: Any = Qt.Orientation.Horizontal, parent: QWidget | None = None) -> None:
        is_parent = hasattr(orientation, "isWidgetType")
        super().__init__(orientation if is_parent else parent)
        self._slider = QSlider(Qt.Orientation.Horizontal if is_parent else orientation, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider)
        self._slider.valueChanged.connect(self._on_slider)
        self._slider.sliderPressed.connect(self.sliderPressed)
        self._slider.sliderReleased.connect(self.sliderReleased)
        self._rescale()

    def _rescale(self) -> None:
        values = State.of(self)
        low, high = values.get("minimum", 0.0), values.get("maximum", 99.0)
        step = values.get("singleStep", 1.0)
        blocked = self._slider.blockSignals(True)
        self._slider.setRange(0, max(1, round((high - low) / step)))
        self._slider.blockSignals(blocked)
        self.setValue(values.get("value", 0.0))
        self.rangeChanged.emit(low, high)

    def _on_slider(self, position: int) -> None:
        values = State.of(self)
        step = values.get("singleStep", 1.0)
        self._accept(min(values.get("minimum", 0.0) + position * step, values.get("maximum", 99.0)))

    def _accept(self, value: float) -> None:
        if value != State.of(self).get("value", 0.0):
            State.of(self)["value"] = value
            self.valueChanged.emit(value)

    def _value(self) -> float:
        return State.of(self).get("value", 0.0)

    def setValue(self, value: float) -> None:
        values = State.of(self)
        low, high = values.get("minimum", 0.0), values.get("maximum", 99.0)
        value = min(max(checked(float, "value", value), low), high)
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round((value - low) / values.get("singleStep", 1.0)))
        self._slider.blockSignals(blocked)
        self._accept(value)

    def setOrientation(self, orientation: Any) -> None:
        self._slider.setOrientation(orientation)

    value = declared(float, _value, setValue)
    sliderPosition = declared(float, _value, setValue)
    minimum = stored(float, "minimum", 0.0, after="_rescale")
    maximum = stored(float, "maximum", 99.0, after="_rescale")
    singleStep = stored(float, "singleStep", 1.0, after="_rescale")
    pageStep = stored(float, "pageStep", 10.0)
    tracking = passed_on(bool, "tracking", "_slider")
    orientation = passed_on(None, "orientation", "_slider")
    invertedAppearance = passed_on(bool, "invertedAppearance", "_slider")
    invertedControls = passed_on(bool, "invertedControls", "_slider")
    tickInterval = stored(float, "tickInterval", 0.0)
    tickPosition = passed_on(None, "tickPosition", "_slider")
    handleToolTip = stored(str, "handleToolTip", "")


def _limit(name: str) -> Property:
    """A limit of a `ctkSliderWidget`: the box is the one that rounds and clamps; the slider follows it."""

    def put(widget: Any, value: float) -> None:
        setattr(widget._box, name, checked(float, name, value))
        setattr(widget._slider, name, float(value))
        widget._slider.setValue(widget._box.value)

    return declared(float, lambda widget: getattr(widget._box, name), put)


@standin
class ctkSliderWidget(QWidget):
    """Slider and spin box over the same real number."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    decimalsChanged = Signal(int)
    _values: dict
    _slider: ctkDoubleSlider
    _box: QDoubleSpinBox

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = ctkDoubleSlider(self)
        self._box = QDoubleSpinBox(self)
        self._box.setRange(0.0, 99.0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._box)
        self._slider.valueChanged.connect(self._on_slider)
        self._box.valueChanged.connect(self._on_box)

    def _on_slider(self, value: float) -> None:
        if value != self._box.value:
            self._box.setValue(value)

    def _on_box(self, value: float) -> None:
        self._slider.setValue(value)
        self.valueChanged.emit(value)

    def _value(self) -> float:
        return self._box.value

    def setValue(self, value: float) -> None:
        self._box.setValue(checked(float, "value", value))

    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)
        self.decimalsChanged.emit(decimals)

    def _decimals(self) -> int:
        return self._box.decimals

    def setSpinBoxVisible(self, visible: bool) -> None:
        self._box.setVisible(visible)

    def _spin_box_visible(self) -> bool:
        return not self._box.isHidden()

    def reset(self) -> None:
        self.setValue(min(max(0.0, self._box.minimum), self._box.maximum))

    minimum = _limit("minimum")
    maximum = _limit("maximum")
    singleStep = _limit("singleStep")
    value = declared(float, _value, setValue)
    decimals = declared(int, _decimals, setDecimals)
    spinBoxVisible = declared(bool, _spin_box_visible, setSpinBoxVisible)
    prefix = passed_on(str, "prefix", "_box")
    suffix = passed_on(str, "suffix", "_box")
    pageStep = passed_on(float, "pageStep", "_slider")
    tracking = passed_on(bool, "tracking", "_slider")
    tickInterval = passed_on(float, "tickInterval", "_slider")
    tickPosition = passed_on(None, "tickPosition", "_slider")
    invertedAppearance = passed_on(bool, "invertedAppearance", "_slider")
    invertedControls = passed_on(bool, "invertedControls", "_slider")
    popupSlider = stored(bool, "popupSlider", False)
    spinBoxAlignment = stored(None, "spinBoxAlignment")
    synchronizeSiblings = stored(None, "synchronizeSiblings")
