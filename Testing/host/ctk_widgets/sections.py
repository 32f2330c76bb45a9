"""Sections, frames and message boxes of CTK."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from ..pythonqt import declared, standin
from ..standins import checked, stored

_WIDE = QSizePolicy.Policy.Expanding


@standin
class ctkCollapsibleButton(QAbstractButton):
    """A titled section; collapsing hides its children, which `.ui` files lay out inside it."""

    contentsCollapsed = Signal(bool)
    _values: dict
    _hidden: list

    def __init__(self, text: Any = "", parent: QWidget | None = None) -> None:
        super().__init__(parent if isinstance(text, str) else text)
        self._hidden = []
        self.setText(text if isinstance(text, str) else "")
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, self._title_height(), 0, 0)
        self.toggled.connect(self._show_contents)

    def _title_height(self) -> int:
        return self.fontMetrics().height() + 10

    def _show_contents(self, shown: bool) -> None:
        if shown:
            for child in self._hidden:
                child.show()
            self._hidden = []
        else:
            self._hidden = [c for c in self.children() if c.isWidgetType() and not c.isHidden()]
            for child in self._hidden:
                child.hide()
        self.setMaximumHeight(16777215 if shown else self._title_height())
        self.updateGeometry()
        self.contentsCollapsed.emit(not shown)

    def _collapsed(self) -> bool:
        return not self.isChecked()

    def _set_collapsed(self, collapsed: bool) -> None:
        self.setChecked(not checked(bool, "collapsed", collapsed))

    def sizeHint(self) -> QSize:
        title = QSize(self.fontMetrics().horizontalAdvance(self.property("text")) + 40, self._title_height())
        layout = self.layout()
        return title if layout is None or self._collapsed() else title.expandedTo(layout.totalSizeHint())

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        least = QSize(40, self._title_height())
        return least if layout is None or self._collapsed() else least.expandedTo(layout.totalMinimumSize())

    def paintEvent(self, event: Any) -> None:
        painter = QStylePainter(self)
        title = QStyleOptionButton()
        title.initFrom(self)
        title.rect = self.property("rect").adjusted(0, 0, 0, self._title_height() - self.property("height"))
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, title)
        mark = QStyleOptionButton(title)
        mark.rect = title.rect.adjusted(6, 0, 24 - title.rect.width(), 0).adjusted(0, 7, 0, -7)
        arrow = QStyle.PrimitiveElement
        painter.drawPrimitive(arrow.PE_IndicatorArrowRight if self._collapsed() else arrow.PE_IndicatorArrowDown, mark)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(title.rect.adjusted(28, 0, 0, 0), int(left), self.property("text"))

    def hitButton(self, position: Any) -> bool:
        return position.y() < self._title_height()

    collapsed = declared(bool, _collapsed, _set_collapsed)
    collapsedHeight = stored(int, "collapsedHeight", 14)
    flat = stored(bool, "flat", False)
    buttonTextAlignment = stored(None, "buttonTextAlignment")
    indicatorAlignment = stored(None, "indicatorAlignment")
    contentsFrameShape = stored(None, "contentsFrameShape")
    contentsFrameShadow = stored(None, "contentsFrameShadow")
    contentsLineWidth = stored(int, "contentsLineWidth", 1)
    contentsMidLineWidth = stored(int, "contentsMidLineWidth", 0)
