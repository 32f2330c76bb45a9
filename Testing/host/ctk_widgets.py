"""Stand-ins for the CTK widgets that panels use: the members that `slicer_api.json` lists, in plain Qt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from .pythonqt import declared, standin
from .standins import State, checked, passed_on, stored

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


@standin
class ctkCollapsibleGroupBox(QGroupBox):
    """A group box that collapses; Slicer shows a check mark as an arrow."""

    _values: dict

    def __init__(self, title: Any = "", parent: QWidget | None = None) -> None:
        super().__init__(parent if isinstance(title, str) else title)
        self.setTitle(title if isinstance(title, str) else "")
        self.setCheckable(True)
        self.toggled.connect(self._show_contents)

    def _show_contents(self, shown: bool) -> None:
        for child in self.children():
            if child.isWidgetType():
                child.setVisible(shown)

    def _collapsed(self) -> bool:
        return not self.isChecked()

    def _set_collapsed(self, collapsed: bool) -> None:
        self.setChecked(not checked(bool, "collapsed", collapsed))

    collapsed = declared(bool, _collapsed, _set_collapsed)
    collapsedHeight = stored(int, "collapsedHeight", 14)


@standin
class ctkDoubleSpinBox(QWidget):
    """A spin box; in CTK a widget around one, so `QDoubleSpinBox`'s other members are not there."""

    valueChanged = Signal(float)
    decimalsChanged = Signal(int)
    editingFinished = Signal()
    _values: dict
    _box: QDoubleSpinBox

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QDoubleSpinBox(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._box)
        self._box.valueChanged.connect(self.valueChanged)
        self._box.editingFinished.connect(self.editingFinished)

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    setValueIfDifferent = setValue

    def setValueAlways(self, value: float) -> None:
        self._box.setValue(value)
        self.valueChanged.emit(self._box.value)

    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)
        self.decimalsChanged.emit(decimals)

    def setReadOnly(self, read_only: bool) -> None:
        self._box.setReadOnly(read_only)

    def stepUp(self) -> None:
        self._box.stepUp()

    def stepDown(self) -> None:
        self._box.stepDown()

    value = passed_on(float, "value", "_box")
    minimum = passed_on(float, "minimum", "_box")
    maximum = passed_on(float, "maximum", "_box")
    singleStep = passed_on(float, "singleStep", "_box")
    decimals = passed_on(int, "decimals", "_box")
    prefix = passed_on(str, "prefix", "_box")
    suffix = passed_on(str, "suffix", "_box")
    readOnly = passed_on(bool, "readOnly", "_box")
    frame = passed_on(bool, "frame", "_box")
    alignment = passed_on(None, "alignment", "_box")
    cleanText = passed_on(str, "cleanText", "_box")
    decimalsOption = stored(None, "decimalsOption")
    invertedControls = stored(bool, "invertedControls", False)
    setMode = stored(None, "setMode")
    sizeHintPolicy = stored(None, "sizeHintPolicy")


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

    def _limit(name: str) -> Property:  # type: ignore[misc]
        def put(widget: Any, value: float) -> None:
            # The box is the one that rounds and clamps; the slider follows it.
            setattr(widget._box, name, checked(float, name, value))
            setattr(widget._slider, name, float(value))
            widget._slider.setValue(widget._box.value)

        return declared(float, lambda widget: getattr(widget._box, name), put)

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
    del _limit


@standin
class ctkComboBox(QComboBox):
    """A combo box with a default text."""

    returnRelease = Signal()
    _values: dict

    def setCurrentUserDataAsString(self, text: str) -> None:
        self.setCurrentIndex(self.findData(text))

    def _user_data(self) -> str:
        return str(self.itemData(self.currentIndex) or "")

    def _show_default(self) -> None:
        self.setPlaceholderText(State.of(self).get("defaultText", ""))

    currentUserDataAsString = declared(str, _user_data, setCurrentUserDataAsString)
    defaultText = stored(str, "defaultText", "", after="_show_default")
    defaultIcon = stored(None, "defaultIcon", QIcon())
    elideMode = stored(None, "elideMode")
    forceDefault = stored(bool, "forceDefault", False)
    scrollWheelEffect = stored(None, "scrollWheelEffect")


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
class ctkSearchBox(QLineEdit):
    """A line edit with a magnifying glass."""

    _values: dict
    clearIcon = stored(None, "clearIcon", QIcon())
    searchIcon = stored(None, "searchIcon", QIcon())
    showSearchIcon = stored(bool, "showSearchIcon", False)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText("Search...")


@standin
class ctkFittedTextBrowser(QTextBrowser):
    """A text browser as high as its text."""

    _values: dict

    def setCollapsibleText(self, text: str) -> None:
        State.of(self)["text"] = text
        self.setText(text)

    def setCollapsibleHtml(self, text: str) -> None:
        State.of(self)["text"] = text
        self.setHtml(text)

    def setCollapsiblePlainText(self, text: str) -> None:
        State.of(self)["text"] = text
        self.setPlainText(text)

    def collapsibleText(self) -> str:
        return State.of(self).get("text", "")

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), int(self.document.size.height()) + 6)

    collapsed = stored(bool, "collapsed", False)
    disableMouseScroll = stored(bool, "disableMouseScroll", False)
    hideDetailsText = stored(str, "hideDetailsText", "Hide details...")
    showDetailsText = stored(str, "showDetailsText", "Show details...")


@standin
class ctkMessageBox(QMessageBox):
    """A message box that can be silenced for good."""

    _values: dict

    def setDontShowAgain(self, silent: bool) -> None:
        State.of(self)["dontShowAgain"] = silent

    def addDontShowAgainButtonRole(self, role: Any) -> None:
        State.of(self).setdefault("dontShowAgainButtonRoles", []).append(role)

    def onFinished(self, result: int) -> None:
        self.done(result)

    dontShowAgain = stored(bool, "dontShowAgain", False)
    dontShowAgainVisible = stored(bool, "dontShowAgainVisible", False)
    dontShowAgainSettingsKey = stored(str, "dontShowAgainSettingsKey", "")
    dontShowAgainButtonRoles = stored(list, "dontShowAgainButtonRoles", [])


@standin
class ctkExpandableWidget(QFrame):
    """A frame that the user makes larger."""

    _values: dict

    def updateSizeHint(self) -> None:
        self.updateGeometry()

    orientations = stored(None, "orientations")
    sizeGripInside = stored(bool, "sizeGripInside", True)
    sizeGripMargins = stored(None, "sizeGripMargins", QSize())


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


@standin
class ctkRangeWidget(QWidget):
    """Two spin boxes for the ends of a range."""

    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    minimumValueIsChanging = Signal(float)
    maximumValueIsChanging = Signal(float)
    rangeChanged = Signal(float, float)
    _values: dict
    _low: QDoubleSpinBox
    _high: QDoubleSpinBox

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = QDoubleSpinBox(self), QDoubleSpinBox(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for box in (self._low, self._high):
            box.setRange(0.0, 99.0)
            row.addWidget(box)
        self._high.setValue(99.0)
        self._low.valueChanged.connect(self._on_low)
        self._high.valueChanged.connect(self._on_high)

    def _on_low(self, value: float) -> None:
        if value > self._high.value:
            self._high.setValue(value)
        self.minimumValueChanged.emit(value)
        self.valuesChanged.emit(value, self._high.value)

    def _on_high(self, value: float) -> None:
        if value < self._low.value:
            self._low.setValue(value)
        self.maximumValueChanged.emit(value)
        self.valuesChanged.emit(self._low.value, value)

    def setMinimumValue(self, value: float) -> None:
        self._low.setValue(value)

    def setMaximumValue(self, value: float) -> None:
        self._high.setValue(value)

    def setValues(self, low: float, high: float) -> None:
        self._high.setValue(high)
        self._low.setValue(low)

    def setRange(self, low: float, high: float) -> None:
        for box in (self._low, self._high):
            box.setRange(low, high)
        self.rangeChanged.emit(low, high)

    def setDecimals(self, decimals: int) -> None:
        for box in (self._low, self._high):
            box.setDecimals(decimals)

    def reset(self) -> None:
        self.setValues(self._low.minimum, self._high.maximum)

    def _both(name: str, kind: type = float) -> Property:  # type: ignore[misc]
        def put(widget: Any, value: Any) -> None:
            for box in (widget._low, widget._high):
                setattr(box, name, checked(kind, name, value))

        return declared(kind, lambda widget: getattr(widget._low, name), put)

    minimumValue = passed_on(float, "value", "_low")
    maximumValue = passed_on(float, "value", "_high")
    minimum = _both("minimum")
    maximum = _both("maximum")
    singleStep = _both("singleStep")
    decimals = _both("decimals", int)
    prefix = _both("prefix", str)
    suffix = _both("suffix", str)
    tracking = stored(bool, "tracking", True)
    symmetricMoves = stored(bool, "symmetricMoves", False)
    autoSpinBoxWidth = stored(bool, "autoSpinBoxWidth", True)
    tickInterval = stored(float, "tickInterval", 0.0)
    spinBoxAlignment = stored(None, "spinBoxAlignment")
    spinBoxTextAlignment = stored(None, "spinBoxTextAlignment")
    del _both
