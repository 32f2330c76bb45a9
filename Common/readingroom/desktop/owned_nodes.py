"""Nodes in the scene that one module owns. A second reading updates them in place; nodes of the user are never touched.

Ownership is an attribute of the node, so it survives saving and loading the scene, and a node that the user removed is
simply not there any more.
"""

from __future__ import annotations

from typing import Any

import slicer

from ..reading import MapShows

OWNER = "ReadingRoom.owner"
ROLE = "ReadingRoom.role"
KEY = "ReadingRoom.key"
STUDY = "ReadingRoomStudy"  # node reference role: the volume that a heat map, box or segmentation belongs to


class OwnedNodes:
    """The nodes of one module.

    Parameters
    ----------
    owner : name of the module, such as ``ChestXRay``
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def all(self, role: str | None = None) -> list[Any]:
        """All of them, or those of one role (``heat map``, ``segmentation``, ``box`` ...)."""
        owned = [n for n in slicer.util.getNodesByClass("vtkMRMLNode") if n.GetAttribute(OWNER) == self.owner]
        return [node for node in owned if role is None or node.GetAttribute(ROLE) == role]

    def find(self, role: str, key: str = "") -> Any:
        """The node of that role and key, or None."""
        return next((node for node in self.all(role) if (node.GetAttribute(KEY) or "") == key), None)

    def get_or_add(self, kind: str, role: str, key: str, name: str) -> Any:
        """The node of that role and key, made when there is none; it bears ``name`` from now on.

        Undo does not reach it: it is what a reader found, not what a person did.
        """
        node = self.find(role, key)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
            self.own(node, role, key)
        elif node.GetName() != name:
            node.SetName(name)
        return node

    def own(self, node: Any, role: str, key: str = "") -> None:
        """Mark a node as the module's, such as the display node of one of its nodes."""
        node.SetAttribute(OWNER, self.owner)
        node.SetAttribute(ROLE, role)
        if key:
            node.SetAttribute(KEY, key)
        node.SetUndoEnabled(False)

    def remove(self, nodes: list[Any]) -> None:
        """Take nodes out of the scene, with their display and storage nodes."""
        for node in nodes:
            own = []
            if node.IsA("vtkMRMLStorableNode"):
                own += [node.GetNthStorageNode(i) for i in range(node.GetNumberOfStorageNodes())]
            if node.IsA("vtkMRMLDisplayableNode"):
                own += [node.GetNthDisplayNode(i) for i in range(node.GetNumberOfDisplayNodes())]
            for part in (node, *own):
                if part is not None and part.GetScene() is not None:
                    slicer.mrmlScene.RemoveNode(part)


def image_key(image: str, finding: str, shows: MapShows = "evidence", feature: str = "") -> str:
    """The key of what belongs to a finding on an image, and of its map that ``shows`` something else."""
    return f"{image}/{finding}" if shows == "evidence" else f"{image}/{finding}/{feature or shows}"


def tie_to(node: Any, volume: Any) -> None:
    """Make the node move with ``volume`` and lie under its study, as exports to DICOM need."""
    node.SetNodeReferenceID(STUDY, volume.GetID())
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    place_beside(node, volume)


def place_beside(node: Any, volume: Any) -> None:
    """Put the node under the study of ``volume`` in the subject hierarchy."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None:
        return
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(volume))
    item = hierarchy.GetItemByDataNode(node)
    if parent and item:
        hierarchy.SetItemParent(item, parent)


def is_owned(node: Any) -> bool:
    """Whether any module of ReadingRoom made this node."""
    return node.GetAttribute(OWNER) is not None
