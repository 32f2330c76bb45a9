"""Stand-ins for Slicer's widgets that follow the scene."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6.QtCore import QAbstractItemModel, QItemSelection, Qt, Signal
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .ctk_widgets import ctkCollapsibleButton, ctkDoubleSpinBox, ctkSliderWidget
from .pythonqt import declared, is_deleted, standin
from .standins import State, stored


@standin
class qMRMLWidget(QWidget):
    """A widget that knows the scene and tells its children of it."""

    mrmlSceneChanged = Signal(object)
    cpp_signals = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@standin
class qSlicerWidget(QWidget):
    """Slicer's other widget with a scene."""

    mrmlSceneChanged = Signal(object)
    cpp_signals = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _scene: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@standin
class qMRMLCollapsibleButton(ctkCollapsibleButton):
    """A collapsible section that passes the scene on."""

    mrmlSceneChanged = Signal(object)
    cpp_signals = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _scene: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class _Observations:
    """Observers of one widget; they end with the widget."""

    def __init__(self, widget: Any) -> None:
        self._widget, self._entries = widget, []

    def add(self, caller: Any, event: Any, function: Any) -> None:
        tag: list[int] = []

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def with_data(_caller: Any, _event: str, data: Any) -> None:
            call(data)

        def without_data(*_: Any) -> None:
            call(None)

        def call(data: Any) -> None:
            if is_deleted(self._widget):
                caller.RemoveObserver(tag[0])
            else:
                function(data)

        carries_node = event in (slicer.vtkMRMLScene.NodeAddedEvent, slicer.vtkMRMLScene.NodeRemovedEvent)
        tag.append(caller.AddObserver(event, with_data if carries_node else without_data))
        self._entries.append((caller, tag[0]))

    def clear(self) -> None:
        for caller, tag in self._entries:
            caller.RemoveObserver(tag)
        self._entries = []


@standin
class qMRMLNodeComboBox(QWidget):
    """Chooses a node of the scene."""

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    currentNodeRenamed = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    nodeAboutToBeEdited = Signal(object)
    cpp_signals = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "currentNodeIDChanged(QString)": "currentNodeIDChanged",
        "nodeActivated(vtkMRMLNode*)": "nodeActivated",
        "nodeAdded(vtkMRMLNode*)": "nodeAdded",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "nodeAboutToBeRemoved",
        "nodeAboutToBeEdited(vtkMRMLNode*)": "nodeAboutToBeEdited",
    }
    _scene: Any
    _combo: QComboBox
    _current: Any
    _seen: _Observations
    _renames: _Observations
    _attributes: list
    _labels: dict
    _values: dict
    _filling: bool

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene, self._current, self._filling = None, None, False
        self._attributes, self._labels = [], {}
        self._seen, self._renames = _Observations(self), _Observations(self)
        self._combo = QComboBox(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._combo)
        self._combo.currentIndexChanged.connect(self._on_index)
        self._combo.activated.connect(lambda *_: self.nodeActivated.emit(self._current))

    # The scene

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._seen.clear()
        self._scene = scene
        if scene is not None:
            events = slicer.vtkMRMLScene
            self._seen.add(scene, events.NodeAddedEvent, self._on_node_added)
            self._seen.add(scene, events.NodeRemovedEvent, self._on_node_removed)
            self._seen.add(scene, events.EndBatchProcessEvent, lambda _: self._fill())
        self._fill()

    def _on_node_added(self, node: Any) -> None:
        if not self._scene.IsBatchProcessing() and self._offers(node):
            self._fill()
            self.nodeAdded.emit(node)

    def _on_node_removed(self, node: Any) -> None:
        if node is self._current:
            self.nodeAboutToBeRemoved.emit(node)
        if not self._scene.IsBatchProcessing():
            self._fill(without=node)

    def _offers(self, node: Any) -> bool:
        values = State.of(self)
        if node is None or (node.GetHideFromEditors() and not values.get("showHidden", False)):
            return False
        types = values.get("nodeTypes", [])
        children = values.get("showChildNodeTypes", True)
        if not any(node.IsA(t) if children else node.GetClassName() == t for t in types):
            return False
        if any(node.IsA(t) for t in values.get("hideChildNodeTypes", [])):
            return False
        return all(
            node.GetAttribute(key) is not None and (value is None or node.GetAttribute(key) == str(value))
            for kind, key, value in self._attributes
            if node.IsA(kind)
        )

    def _nodes(self, without: Any = None) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes())]
        return [node for node in nodes if node is not without and self._offers(node)]

    def _fill(self, without: Any = None) -> None:
        values = State.of(self)
        nodes = self._nodes(without)
        self._filling = True
        self._combo.clear()
        if values.get("noneEnabled", False):
            self._combo.addItem(values.get("noneDisplay", "None"), None)
        self._renames.clear()
        for node in nodes:
            self._combo.addItem(node.GetName(), node.GetID())
            self._renames.add(node, vtk.vtkCommand.ModifiedEvent, lambda _, n=node: self._on_node_modified(n))
        self._filling = False
        keeps = any(node is self._current for node in nodes)
        default = None if values.get("noneEnabled", False) or not nodes else nodes[0]
        self._choose(self._current if keeps else default)

    def _on_node_modified(self, node: Any) -> None:
        index = self._combo.findData(node.GetID())
        if index >= 0 and self._combo.itemText(index) != node.GetName():
            self._combo.setItemText(index, node.GetName())
            if node is self._current:
                self.currentNodeRenamed.emit(node.GetName())

    # The current node

    def _on_index(self, index: int) -> None:
        if not self._filling:
            node_id = self._combo.itemData(index) if index >= 0 else None
            self._choose(self._scene.GetNodeByID(node_id) if node_id and self._scene else None)

    def _choose(self, node: Any) -> None:
        self._filling = True
        wanted = node.GetID() if node is not None else None
        none_row = 0 if State.of(self).get("noneEnabled", False) else -1
        self._combo.setCurrentIndex(self._combo.findData(wanted) if wanted else none_row)
        self._filling = False
        if node is not self._current:
            self._current = node
            self.currentNodeChanged.emit(node)
            self.currentNodeIDChanged.emit(wanted or "")

    def currentNode(self) -> Any:
        return self._current

    def setCurrentNode(self, node: Any) -> None:
        if isinstance(node, str):
            node = self._scene.GetNodeByID(node) if self._scene else None
        self._choose(node if node is not None and any(n is node for n in self._nodes()) else None)

    def setCurrentNodeID(self, node_id: str) -> None:
        self.setCurrentNode(node_id or None)

    def _current_id(self) -> str:
        return self._current.GetID() if self._current is not None else ""

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int) -> Any:
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def setCurrentNodeIndex(self, index: int) -> None:
        self.setCurrentNode(self.nodeFromIndex(index))

    def addNode(self, kind: str = "") -> Any:
        values = State.of(self)
        kind = kind or values["nodeTypes"][0]
        name = self._scene.GenerateUniqueName(values.get("baseName", "") or self._scene.GetTagByClassName(kind))
        node = self._scene.AddNewNodeByClass(kind, name)
        for node_kind, key, value in self._attributes:
            if node.IsA(node_kind):
                node.SetAttribute(key, str(value or ""))
        if values.get("selectNodeUponCreation", True):
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        if self._current is not None:
            self._scene.RemoveNode(self._current)

    def addAttribute(self, kind: str, name: str, value: Any = None) -> None:
        self._attributes.append((kind, name, value))
        self._fill()

    def removeAttribute(self, kind: str, name: str) -> None:
        self._attributes = [a for a in self._attributes if a[:2] != (kind, name)]
        self._fill()

    def nodeTypeLabel(self, kind: str) -> str:
        return self._labels.get(kind, "")

    def setNodeTypeLabel(self, label: str, kind: str) -> None:
        self._labels[kind] = label

    currentNodeID = declared(str, _current_id, setCurrentNodeID)
    currentNodeId = declared(str, _current_id, setCurrentNodeID)
    nodeTypes = stored(list, "nodeTypes", [], after="_fill")
    hideChildNodeTypes = stored(list, "hideChildNodeTypes", [], after="_fill")
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True, after="_fill")
    showHidden = stored(bool, "showHidden", False, after="_fill")
    noneEnabled = stored(bool, "noneEnabled", False, after="_fill")
    noneDisplay = stored(str, "noneDisplay", "None", after="_fill")
    addEnabled = stored(bool, "addEnabled", True)
    removeEnabled = stored(bool, "removeEnabled", True)
    renameEnabled = stored(bool, "renameEnabled", False)
    editEnabled = stored(bool, "editEnabled", False)
    baseName = stored(str, "baseName", "")
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)
    interactionNodeSingletonTag = stored(str, "interactionNodeSingletonTag", "")
    sizeAdjustPolicy = stored(None, "sizeAdjustPolicy")


@standin
class qMRMLColorTableComboBox(qMRMLNodeComboBox):
    """Chooses a color table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        State.of(self).update(nodeTypes=["vtkMRMLColorNode"], showHidden=True, addEnabled=False, removeEnabled=False)


@standin
class qMRMLSliderWidget(ctkSliderWidget):
    """A slider that may show a unit of the scene."""

    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def setQuantity(self, quantity: str) -> None:
        State.of(self)["quantity"] = quantity

    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(None, "unitAwareProperties")


@standin
class qMRMLSpinBox(ctkDoubleSpinBox):
    """A spin box that may show a unit of the scene."""

    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def setQuantity(self, quantity: str) -> None:
        State.of(self)["quantity"] = quantity

    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(None, "unitAwareProperties")


@standin
class qMRMLTableView(QTableView):
    """Shows a table node."""

    mrmlSceneChanged = Signal(object)
    cpp_signals = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
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
        self._seen = self._seen or _Observations(self)
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
    cpp_signals = {
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
    _seen: _Observations
    _values: dict

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node, self._seen = None, _Observations(self)
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
