"""Where Slicer's Qt (5.15 through PythonQt) differs from PySide6's Qt 6, for the classes that panels use."""

METHODS_NOT_PROPERTIES: dict[str, tuple[str, ...]] = {
    "QLayout": ("contentsMargins",),
    "QBoxLayout": ("contentsMargins",),
    "QVBoxLayout": ("contentsMargins",),
    "QHBoxLayout": ("contentsMargins",),
    "QGridLayout": ("contentsMargins",),
    "QFormLayout": ("contentsMargins",),
}

ABSENT: dict[str, tuple[str, ...]] = {
    "QObject": ("emit", "receivers"),
    "QWidget": ("accessibleIdentifier", "setAccessibleIdentifier", "isTopLevel", "topLevelWidget", "updateMicroFocus"),
    "QComboBox": ("labelDrawingMode", "setLabelDrawingMode"),
    "QCheckBox": ("checkStateChanged",),
    "QAbstractSpinBox": ("returnPressed",),
    "QAbstractItemView": ("keyboardSearchFlags", "setKeyboardSearchFlags", "updateThreshold", "setUpdateThreshold"),
    "QMessageBox": ("options", "setOption", "setOptions", "testOption", "buttonText", "setButtonText"),
    "QTimer": ("id", "intervalAsDuration", "remainingTimeAsDuration"),
    "QProcess": ("startCommand", "unixProcessParameters", "setUnixProcessParameters", "failChildProcessModifier"),
    "QAction": ("associatedObjects", "checkableChanged", "enabledChanged", "visibleChanged", "resetEnabled"),
    "QShortcut": ("keys", "setKeys"),
    "QLayout": ("unsetContentsMargins",),
    "QFormLayout": ("setRowVisible", "isRowVisible"),
    "QPixmap": ("deviceIndependentSize",),
    "QImage": ("deviceIndependentSize", "convertedTo", "flip", "flipped", "mirror"),
    "QColor": ("fromString", "isValidColorName", "getRgb", "getRgbF", "getHsv", "getHsvF", "toTuple"),
    "QFont": ("setFeature", "featureValue", "setVariableAxis", "legacyWeight", "setLegacyWeight"),
    "QSize": ("toTuple", "toSizeF"),
}
"""Members by class that Qt 6 added or PythonQt does not show: asking for one is an AttributeError, as in Slicer."""
