"""Stand-ins for Slicer's widgets that follow the scene."""

from .frames import qMRMLCollapsibleButton, qMRMLWidget, qSlicerWidget
from .node_combo_box import qMRMLColorTableComboBox, qMRMLNodeComboBox
from .numbers import qMRMLSliderWidget, qMRMLSpinBox
from .tables import qMRMLPlotView, qMRMLSegmentsTableView, qMRMLTableView

__all__ = [
    "qMRMLCollapsibleButton",
    "qMRMLColorTableComboBox",
    "qMRMLNodeComboBox",
    "qMRMLPlotView",
    "qMRMLSegmentsTableView",
    "qMRMLSliderWidget",
    "qMRMLSpinBox",
    "qMRMLTableView",
    "qMRMLWidget",
    "qSlicerWidget",
]
