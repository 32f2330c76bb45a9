"""The slice views: a heat map over the study in the views that show the study, and what was there before back again."""

from __future__ import annotations

from typing import Any

import slicer

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


def set_opacity(heat_map: Any, opacity: float) -> None:
    """Change the opacity in the views that show the map."""
    for view in _views():
        if view.GetForegroundVolumeID() == heat_map.GetID():
            view.SetForegroundOpacity(opacity)


def release(heat_map: Any) -> None:
    """Give the views that show the map their earlier foreground and opacity back."""
    for view in _views():
        if view.GetForegroundVolumeID() != heat_map.GetID():
            continue
        key = _EARLIER_FOREGROUND + view.GetLayoutName()
        earlier = heat_map.GetNodeReference(key)
        view.SetForegroundVolumeID(earlier.GetID() if earlier is not None else None)
        opacity = heat_map.GetAttribute(key)
        if opacity is not None:
            view.SetForegroundOpacity(float(opacity))


def _remember(heat_map: Any, view: Any) -> None:
    key = _EARLIER_FOREGROUND + view.GetLayoutName()
    heat_map.SetNodeReferenceID(key, view.GetForegroundVolumeID())
    heat_map.SetAttribute(key, f"{view.GetForegroundOpacity():.6g}")


def _views() -> list[Any]:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
