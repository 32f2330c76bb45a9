"""Where Slicer's Qt (5.15 through PythonQt) differs from PySide6's Qt 6, for the classes that panels use."""

METHODS_NOT_PROPERTIES: dict[str, tuple[str, ...]] = {
    "QLayout": ("contentsMargins",),
    "QBoxLayout": ("contentsMargins",),
    "QVBoxLayout": ("contentsMargins",),
    "QHBoxLayout": ("contentsMargins",),
    "QGridLayout": ("contentsMargins",),
    "QFormLayout": ("contentsMargins",),
}

ABSENT: dict[str, tuple[str, ...]] = {}
"""Members by class that Qt 6 added or PythonQt does not show: asking for one is an AttributeError, as in Slicer."""
