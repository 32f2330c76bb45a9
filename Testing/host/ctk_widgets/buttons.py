"""Buttons and boxes of CTK that differ from Qt's in looks."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QPushButton,
    QSizePolicy,
)

from ..pythonqt import declared, standin
from ..standins import State, stored

_WIDE = QSizePolicy.Policy.Expanding


@standin
class ctkCheckBox(QCheckBox):
    """A check box with an icon of its own."""

    _values: dict
    indicatorIcon = stored(None, "indicatorIcon", QIcon())
    indicatorIconSize = stored(None, "indicatorIconSize", QSize())


@standin
class ctkPushButton(QPushButton):
    """A push button that aligns its text."""

    _values: dict
    buttonTextAlignment = stored(None, "buttonTextAlignment")
    elideMode = stored(None, "elideMode")
    iconAlignment = stored(None, "iconAlignment")


@standin
class ctkMenuButton(QPushButton):
    """A push button with a menu arrow beside it."""


@standin
class ctkColorPickerButton(QPushButton):
    """A button that shows and chooses a color."""

    colorChanged = Signal(QColor)
    colorNameChanged = Signal(str)
    _values: dict

    def _color(self) -> QColor:
        return State.of(self).get("color", QColor("black"))

    def setColor(self, color: QColor) -> None:
        if color != self._color():
            State.of(self)["color"] = QColor(color)
            self.setText(color.name())
            self.colorChanged.emit(color)

    def setDisplayColorName(self, shown: bool) -> None:
        State.of(self)["displayColorName"] = shown

    def changeColor(self) -> None:
        color = QColorDialog.getColor(self._color(), self)
        if color.isValid():
            self.setColor(color)

    color = declared("QVariant", _color, setColor)
    colorName = stored(str, "colorName", "")
    dialogOptions = stored(None, "dialogOptions")
    displayColorName = stored(bool, "displayColorName", True)
