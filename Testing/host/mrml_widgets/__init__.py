"""Stand-ins for Slicer's widgets that follow the scene."""

from .frames import qMRMLWidget
from .node_combo_box import qMRMLNodeComboBox, qMRMLSortFilterProxyModel
from .segment_selector import qMRMLSegmentSelectorWidget

__all__ = ["qMRMLNodeComboBox", "qMRMLSegmentSelectorWidget", "qMRMLSortFilterProxyModel", "qMRMLWidget"]
