"""The selector of a segmentation and one of its segments."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from ..pythonqt import standin
from ..standins import stored
from .frames import qMRMLWidget
from .node_combo_box import qMRMLNodeComboBox
from .observations import Observations


@standin
class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """Chooses a segmentation node and a segment in it."""

    currentNodeChanged = Signal(object)
    currentSegmentChanged = Signal(str)
    cpp_signals: ClassVar[dict[str, str]] = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "currentSegmentChanged(QString)": "currentSegmentChanged",
    }
    _nodes: qMRMLNodeComboBox
    _segments: QComboBox
    _seen: Observations
    _values: dict

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes, self._segments, self._seen = qMRMLNodeComboBox(self), QComboBox(self), Observations(self)
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._nodes.addEnabled = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._nodes)
        row.addWidget(self._segments)
        self._nodes.currentNodeChanged.connect(self._on_node)
        self._segments.currentIndexChanged.connect(lambda *_: self.currentSegmentChanged.emit(self.currentSegmentID()))
        self.mrmlSceneChanged.connect(self._nodes.setMRMLScene)
        self._allow_none()

    def _allow_none(self) -> None:
        self._nodes.noneEnabled = self.noneEnabled

    def _on_node(self, node: Any) -> None:
        self._seen.clear()
        if node is not None:
            inner = node.GetSegmentation()
            for event in (inner.SegmentAdded, inner.SegmentRemoved, inner.SegmentModified):
                self._seen.add(inner, event, lambda _: self._fill())
        self._fill()
        self.currentNodeChanged.emit(node)

    def _fill(self) -> None:
        before = self.currentSegmentID()
        blocked = self._segments.blockSignals(True)
        self._segments.clear()
        for segment_id in self.segmentIDs():
            name = self._nodes.currentNode().GetSegmentation().GetSegment(segment_id).GetName()
            self._segments.addItem(name, segment_id)
        self._segments.setCurrentIndex(max(0, self._segments.findData(before)))
        self._segments.blockSignals(blocked)
        if self.currentSegmentID() != before:
            self.currentSegmentChanged.emit(self.currentSegmentID())

    def currentNode(self) -> Any:
        return self._nodes.currentNode()

    def currentNodeID(self) -> str:
        node = self.currentNode()
        return node.GetID() if node is not None else ""

    def setCurrentNode(self, node: Any) -> None:
        self._nodes.setCurrentNode(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        self._nodes.setCurrentNodeID(node_id)

    def segmentIDs(self) -> list[str]:
        node = self.currentNode()
        return list(node.GetSegmentation().GetSegmentIDs()) if node is not None else []

    def currentSegmentID(self) -> str:
        return str(self._segments.itemData(self._segments.currentIndex) or "")

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._segments.setCurrentIndex(self._segments.findData(segment_id))

    editEnabled = stored(bool, "editEnabled", False)
    noneEnabled = stored(bool, "noneEnabled", False, after="_allow_none")
