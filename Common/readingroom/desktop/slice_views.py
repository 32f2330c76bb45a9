"""The slice views: a heat map over the study in the views that show the study, and what was there before back again."""

from __future__ import annotations

from typing import Any

import slicer

STUDY = "ReadingRoomStudy"  # node reference role: the volume that a heat map, box or segmentation belongs to
_EARLIER_FOREGROUND = "ReadingRoomEarlier"  # node reference role and attribute name, followed by the view's name


def show_study(volume: Any) -> None:
    """Put the study behind everything else in all slice views, as a person does who loads it."""
    slicer.util.setSliceViewerLayers(background=volume, fit=True)


def show_over(volume: Any, heat_map: Any, opacity: float) -> None:
    """Lay ``heat_map`` over ``volume`` in the views that show it; remember what lay there.

    Views that show something else stay as they are.
    """
    for view in _views():
        if view.GetBackgroundVolumeID() != volume.GetID():
            continue
        if view.GetForegroundVolumeID() != heat_map.GetID():
            _remember(heat_map, view)
            view.SetForegroundVolumeID(heat_map.GetID())
        view.SetForegroundOpacity(opacity)


def release(heat_map: Any) -> None:
    """Give the views that show the map their earlier foreground and opacity back."""
    for view in _views():
        if view.GetForegroundVolumeID() == heat_map.GetID():
            _give_back(heat_map, view)


def release_from_others(heat_map: Any) -> None:
    """The same, only where the map lies over another image than its own: one was loaded, or its own removed."""
    own = heat_map.GetNodeReferenceID(STUDY)
    for view in _views():
        if view.GetForegroundVolumeID() == heat_map.GetID() and view.GetBackgroundVolumeID() != own:
            _give_back(heat_map, view)


def confine(node: Any) -> None:
    """Draw a box or segmentation only in slice views that show its study, and in 3D views."""
    own = node.GetNodeReferenceID(STUDY)
    names = {view.GetLayoutName() for view in _views() if view.GetBackgroundVolumeID() == own}
    slices = slicer.util.getNodesByClass("vtkMRMLSliceNode")
    allowed = [view.GetID() for view in slices if view.GetLayoutName() in names]
    allowed += [view.GetID() for view in slicer.util.getNodesByClass("vtkMRMLViewNode")]
    display = node.GetDisplayNode()
    if list(display.GetViewNodeIDs()) == allowed:
        return
    display.RemoveAllViewNodeIDs()  # none would mean all, but a scene has a 3D view
    for view_id in allowed:
        display.AddViewNodeID(view_id)


def _give_back(heat_map: Any, view: Any) -> None:
    key = _EARLIER_FOREGROUND + view.GetLayoutName()
    earlier = heat_map.GetNodeReference(key)
    opacity = heat_map.GetAttribute(key)
    view.SetForegroundVolumeID(earlier.GetID() if earlier is not None else None)
    if opacity is not None:
        view.SetForegroundOpacity(float(opacity))


def _remember(heat_map: Any, view: Any) -> None:
    key = _EARLIER_FOREGROUND + view.GetLayoutName()
    heat_map.SetNodeReferenceID(key, view.GetForegroundVolumeID())
    heat_map.SetAttribute(key, f"{view.GetForegroundOpacity():.6g}")


def _views() -> list[Any]:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
