"""The node selectors."""

from __future__ import annotations

from typing import Any, ClassVar

import slicer
import vtk
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QWidget,
)

from ..pythonqt import declared, standin
from ..standins import State, stored
from .observations import Observations


@standin
class qMRMLSortFilterProxyModel(QObject):
    """What a node selector leaves out."""

    _values: dict
    _selector: Any

    def __init__(self, selector: Any) -> None:
        super().__init__(selector)
        self._selector = selector

    def _changed(self) -> None:
        self._selector._fill()

    hiddenNodeIDs = stored(list, "hiddenNodeIDs", [], after="_changed")


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
    cpp_signals: ClassVar[dict[str, str]] = {
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
    _seen: Observations
    _renames: Observations
    _filter: qMRMLSortFilterProxyModel
    _attributes: list
    _labels: dict
    _values: dict
    _filling: bool

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene, self._current, self._filling = None, None, False
        self._attributes, self._labels = [], {}
        self._seen, self._renames = Observations(self), Observations(self)
        self._filter = qMRMLSortFilterProxyModel(self)
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
        if node.GetID() in self._filter.hiddenNodeIDs:
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

    def sortFilterProxyModel(self) -> qMRMLSortFilterProxyModel:
        return self._filter

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
