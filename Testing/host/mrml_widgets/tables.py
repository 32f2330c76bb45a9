"""Tables, plots and lists of segments."""

from __future__ import annotations

from typing import Any, ClassVar

import slicer
import vtk
from PySide6.QtCore import QAbstractItemModel, QItemSelection, Qt, Signal
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..pythonqt import declared, standin
from ..standins import stored
from .frames import qMRMLWidget
from .observations import Observations


@standin
class qMRMLTableView(QTableView):
    """Shows a table node."""

    mrmlSceneChanged = Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _scene: Any = None
    _node: Any = None
    _seen: Any = None
    _values: dict

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        self._seen = self._seen or Observations(self)
        self._seen.clear()
        self._node = node
        if node is not None:
            self._seen.add(node, vtk.vtkCommand.ModifiedEvent, lambda _: self._fill())
        self._fill()

    def _fill(self) -> None:
        model = QStandardItemModel(self)
        table = self._node.GetTable() if self._node is not None else None
        if table is not None:
            columns, rows = table.GetNumberOfColumns(), table.GetNumberOfRows()
            model.setHorizontalHeaderLabels([table.GetColumnName(c) for c in range(columns)])
            for r in range(rows):
                model.appendRow([QStandardItem(table.GetValue(r, c).ToString()) for c in range(columns)])
        self.setModel(model)

    def tableModel(self) -> QAbstractItemModel:
        return self.model()

    transposed = stored(bool, "transposed", False)
    firstRowLocked = stored(bool, "firstRowLocked", False)
    firstColumnLocked = stored(bool, "firstColumnLocked", False)


@standin
class qMRMLPlotView(QWidget):
    """A chart's place; the host does not draw charts."""

    mrmlSceneChanged = Signal(object)
    dataSelected = Signal(object, object)
    cpp_signals: ClassVar[dict[str, str]] = {
        "mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged",
        "dataSelected(vtkStringArray*,vtkCollection*)": "dataSelected",
    }
    _node: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        self.mrmlSceneChanged.emit(scene)

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._node = node

    def fitToContent(self) -> None:
        """The host does not draw charts."""


@standin
class qMRMLSegmentsTableView(qMRMLWidget):
    """The segments of a segmentation: visibility, color and name."""

    selectionChanged = Signal(QItemSelection, QItemSelection)
    segmentAboutToBeModified = Signal(str)
    _node: Any
    _table: QTableWidget
    _seen: Observations
    _values: dict

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node, self._seen = None, Observations(self)
        self._table = QTableWidget(0, 3, self)
        self._table.setHorizontalHeaderLabels(["Visible", "Color", "Name"])
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)
        self._table.itemChanged.connect(self._on_item)
        self._table.selectionModel().selectionChanged.connect(self.selectionChanged)

    def segmentationNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        self._seen.clear()
        self._node = node
        if node is not None:
            for event in (slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentRemoved):
                self._seen.add(node.GetSegmentation(), event, lambda _: self._fill())
            self._seen.add(node.GetSegmentation(), slicer.vtkSegmentation.SegmentModified, lambda _: self._fill())
        self._fill()

    def _ids(self) -> list[str]:
        return list(self._node.GetSegmentation().GetSegmentIDs()) if self._node is not None else []

    def _fill(self) -> None:
        blocked = self._table.blockSignals(True)
        ids = self._ids()
        self._table.setRowCount(len(ids))
        display = self._node.GetDisplayNode() if self._node is not None else None
        for row, segment_id in enumerate(ids):
            segment = self._node.GetSegmentation().GetSegment(segment_id)
            shown = QTableWidgetItem()
            visible = display is None or display.GetSegmentVisibility(segment_id)
            shown.setCheckState(Qt.CheckState.Checked if visible else Qt.CheckState.Unchecked)
            color = QTableWidgetItem()
            color.setBackground(QColor.fromRgbF(*segment.GetColor()))
            for c, item in enumerate((shown, color, QTableWidgetItem(segment.GetName()))):
                self._table.setItem(row, c, item)
        self._table.blockSignals(blocked)

    def _on_item(self, item: QTableWidgetItem) -> None:
        segment_id = self._ids()[item.row()]
        if item.column() == 0 and self._node.GetDisplayNode() is not None:
            visible = item.checkState() == Qt.CheckState.Checked
            self._node.GetDisplayNode().SetSegmentVisibility(segment_id, visible)
        elif item.column() == 2:
            self.segmentAboutToBeModified.emit(segment_id)
            self._node.GetSegmentation().GetSegment(segment_id).SetName(item.text())

    def selectedSegmentIDs(self) -> list[str]:
        rows = sorted({index.row() for index in self._table.selectedIndexes()})
        return [self._ids()[row] for row in rows]

    def setSelectedSegmentIDs(self, ids: list[str]) -> None:
        self._table.clearSelection()
        for row, segment_id in enumerate(self._ids()):
            if segment_id in ids:
                self._table.selectRow(row)

    def clearSelection(self) -> None:
        self._table.clearSelection()

    def rowForSegmentID(self, segment_id: str) -> int:
        return self._ids().index(segment_id) if segment_id in self._ids() else -1

    def segmentIDForRow(self, row: int) -> str:
        return self._ids()[row]

    def tableWidget(self) -> QTableWidget:
        return self._table

    def setSelectionMode(self, mode: Any) -> None:
        self._table.setSelectionMode(QAbstractItemView.SelectionMode(mode))

    segmentCount = declared(int, lambda w: len(w._ids()))
    headerVisible = stored(bool, "headerVisible", True)
    visibilityColumnVisible = stored(bool, "visibilityColumnVisible", True)
    colorColumnVisible = stored(bool, "colorColumnVisible", True)
    opacityColumnVisible = stored(bool, "opacityColumnVisible", True)
    statusColumnVisible = stored(bool, "statusColumnVisible", False)
    layerColumnVisible = stored(bool, "layerColumnVisible", False)
    filterBarVisible = stored(bool, "filterBarVisible", False)
    readOnly = stored(bool, "readOnly", False)
    selectionMode = stored(int, "selectionMode", 3)
    jumpToSelectedSegmentEnabled = stored(bool, "jumpToSelectedSegmentEnabled", False)
    textFilter = stored(str, "textFilter", "")
