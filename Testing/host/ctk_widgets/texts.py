"""Choices, texts and paths of CTK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from ..pythonqt import declared, standin
from ..standins import State, checked, passed_on, stored

_WIDE = QSizePolicy.Policy.Expanding


@standin
class ctkComboBox(QComboBox):
    """A drop-down list that can shorten a text which does not fit into it."""

    _values: dict

    def paintEvent(self, event: Any) -> None:
        painter, look = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(look)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, look, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        look.currentText = self.fontMetrics().elidedText(look.currentText, self.elideMode, room.width())
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, look)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, look)

    elideMode = stored(None, "elideMode", Qt.TextElideMode.ElideNone, after="update")


@standin
class ctkPathLineEdit(QWidget):
    """A path with a history and a browse button."""

    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    _values: dict
    _combo: QComboBox
    _button: QToolButton

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo = QComboBox(self)
        self._combo.setEditable(True)
        self._combo.setSizePolicy(_WIDE, QSizePolicy.Policy.Fixed)
        self._button = QToolButton(self)
        self._button.setText("...")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._combo)
        row.addWidget(self._button)
        self._combo.editTextChanged.connect(self._on_text)
        self._button.clicked.connect(self.browse)

    def _on_text(self, text: str) -> None:
        self.currentPathChanged.emit(text)

    def _path(self) -> str:
        return self._combo.currentText

    def setCurrentPath(self, path: str) -> None:
        self._combo.setEditText(checked(str, "currentPath", path))

    def comboBox(self) -> QComboBox:
        return self._combo

    def browse(self, *_: Any) -> None:
        filters = ";;".join(State.of(self).get("nameFilters", []))
        path = QFileDialog.getOpenFileName(self, "Select a file to open", self._path(), filters)
        path = path[0] if isinstance(path, tuple) else path
        if path:
            self.setCurrentPath(path)

    def _history_key(self) -> str:
        return "ctkPathLineEdit/" + State.of(self).get("settingKey", "")

    def addCurrentPathToHistory(self) -> None:
        if self._combo.findText(self._path()) < 0:
            self._combo.addItem(self._path())
        paths = [self._combo.itemText(i) for i in range(self._combo.count)]
        QSettings().setValue(self._history_key(), paths)

    def retrieveHistory(self) -> None:
        path = self._path()
        paths = QSettings().value(self._history_key(), [])
        self._combo.clear()
        self._combo.addItems([paths] if isinstance(paths, str) else paths)
        self.setCurrentPath(path)

    def _set_browse(self, shown: bool) -> None:
        self._button.setVisible(checked(bool, "showBrowseButton", shown))

    def _browse_shown(self) -> bool:
        return not self._button.isHidden()

    currentPath = declared(str, _path, setCurrentPath)
    showBrowseButton = declared(bool, _browse_shown, _set_browse)
    showHistoryButton = stored(bool, "showHistoryButton", True)
    filters = stored(None, "filters", 0)
    options = stored(None, "options", 0)
    label = stored(str, "label", "")
    nameFilters = stored(list, "nameFilters", [])
    settingKey = stored(str, "settingKey", "", after="retrieveHistory")
    minimumContentsLength = stored(int, "minimumContentsLength", 0)
    sizeAdjustPolicy = stored(None, "sizeAdjustPolicy")


@standin
class ctkDirectoryButton(QWidget):
    """A button that shows and chooses a folder."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)
    _values: dict
    _button: QPushButton

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button)
        self._button.clicked.connect(self.browse)
        self._set_directory(".")

    def _directory(self) -> str:
        return State.of(self)["directory"]

    def _set_directory(self, folder: str) -> None:
        # CTK keeps absolute paths.
        folder = str(Path(checked(str, "directory", folder)).absolute())
        if folder != State.of(self).get("directory"):
            State.of(self)["directory"] = folder
            self._button.setText(State.of(self).get("text") or folder)
            self.directoryChanged.emit(folder)

    def browse(self, *_: Any) -> None:
        folder = QFileDialog.getExistingDirectory(self, State.of(self).get("caption", ""), self._directory())
        if folder:
            self._set_directory(folder)
            self.directorySelected.emit(folder)

    def _retitle(self) -> None:
        self._button.setText(State.of(self).get("text") or self._directory())

    directory = declared(str, _directory, _set_directory)
    caption = stored(str, "caption", "")
    text = stored(str, "text", "", after="_retitle")
    icon = passed_on(None, "icon", "_button")
    acceptMode = stored(None, "acceptMode")
    elideMode = stored(None, "elideMode")
    options = stored(None, "options")
