"""Gives every data node its place in the subject hierarchy, as Slicer's plugins do: directly below the scene."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

# What the plugins of a plain Slicer take on.
_TAKEN = (
    "vtkMRMLVolumeNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLMarkupsNode",
    "vtkMRMLModelNode",
    "vtkMRMLTransformNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLPlotSeriesNode",
    "vtkMRMLPlotChartNode",
)


class SubjectHierarchy:
    """Follows the scene."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def added(_scene: Any, _event: str, node: Any) -> None:
            if not scene.IsImporting():
                self._add(node)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def removed(_scene: Any, _event: str, node: Any) -> None:
            self._remove(node)

        self._tags = [
            scene.AddObserver(scene.NodeAddedEvent, added),
            scene.AddObserver(scene.NodeAboutToBeRemovedEvent, removed),
            scene.AddObserver(scene.EndImportEvent, self._on_import),
        ]

    def stop(self) -> None:
        """Follow the scene no longer."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)

    def _item(self, node: Any) -> int:
        hierarchy = self._scene.GetSubjectHierarchyNode()
        return hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0

    def _add(self, node: Any) -> None:
        if node.GetHideFromEditors() or not any(node.IsA(kind) for kind in _TAKEN) or self._item(node):
            return
        hierarchy = self._scene.GetSubjectHierarchyNode()
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    def _remove(self, node: Any) -> None:
        item = self._item(node)
        if item and not self._scene.IsClosing():
            with_data, with_children = False, False
            self._scene.GetSubjectHierarchyNode().RemoveItem(item, with_data, with_children)

    def _on_import(self, *_: Any) -> None:
        slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(self._scene)
        for i in range(self._scene.GetNumberOfNodes()):
            self._add(self._scene.GetNthNode(i))
