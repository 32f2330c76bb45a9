"""The slice views: a heat map over the study in the views that show the study, and what was there before back again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer
import vtk

from .owned_nodes import STUDY

STRIP = "ReadingRoomStrip"  # names of the small views of a strip of slices begin so
_LEGEND_PIXELS = 130  # height of a color legend
_LEGEND_WIDTH = 0.05  # of the width of a view
_BESIDE_BAR = 10  # pixels that VTK keeps free between the bar and text on its right; on its left it keeps none
_EARLIER_FOREGROUND = "ReadingRoomEarlier"  # node reference role and attribute name, followed by the view's name


def show_image(volume: Any) -> None:
    """Put an image behind everything else in all slice views, as a person does who loads it."""
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
    allowed = [view.GetID() for view in _slice_nodes(lambda view: view.GetBackgroundVolumeID() == own)]
    allowed += [view.GetID() for view in slicer.util.getNodesByClass("vtkMRMLViewNode")]
    _restrict(node.GetDisplayNode(), allowed)


def confine_to_map(legend: Any, heat_map: Any) -> None:
    """Draw a color legend only in slice views where the map lies and is seen, and that have room for it.

    A picture shows its edge in some views; those of a strip are small.
    """
    views = _slice_nodes(lambda view: view.GetForegroundVolumeID() == heat_map.GetID())
    views = [view for view in views if not view.GetLayoutName().startswith(STRIP)]
    if heat_map.GetImageData() is not None and heat_map.GetImageData().GetDimensions()[2] == 1:
        views = [view for view in views if _looks_along(view, heat_map, 2)]
    if views:
        width, height = (max(max(view.GetDimensions()[axis] for view in views), 1) for axis in (0, 1))
        beside = _BESIDE_BAR / width if legend.GetPosition()[0] < 0.5 else 0.0
        # The text grows with the bar: so many pixels are readable in a small view and no bother in a large one.
        legend.SetSize(_LEGEND_WIDTH + beside, min(max(_LEGEND_PIXELS / height, 0.12), 0.3))
        _restrict(legend, [view.GetID() for view in views])
    else:
        legend.SetVisibility(False)


def show_slice(volume: Any, index: int) -> None:
    """Move the slice views that look along the body's axis of ``volume`` to a slice; not those of a strip.

    Parameters
    ----------
    index : along the third array axis (k) of the image as readers see it, in LPS: from the lowest slice upward
    """
    views = _slice_nodes(lambda view: view.GetBackgroundVolumeID() == volume.GetID())
    _jump([view for view in views if not view.GetLayoutName().startswith(STRIP)], volume, index)


def show_strip(volume: Any, slices: Sequence[float] = ()) -> None:
    """Let the views of a strip that show ``volume`` run evenly, from the head down, over these slices of it, or all."""
    axis, _upward = _axis_toward_head(volume)
    last = volume.GetImageData().GetDimensions()[axis] - 1
    low, high = (min(slices), max(slices)) if len(slices) else (0, last)
    views = _slice_nodes(lambda view: view.GetBackgroundVolumeID() == volume.GetID())
    strip = sorted((view for view in views if view.GetLayoutName().startswith(STRIP)), key=lambda v: v.GetLayoutName())
    for place, view in enumerate(strip):
        _jump([view], volume, round(high - (high - low) * (place + 0.5) / len(strip)))


def _jump(views: Sequence[Any], volume: Any, index: int) -> None:
    axis, upward = _axis_toward_head(volume)
    lengths = volume.GetImageData().GetDimensions()
    if not 0 <= index < lengths[axis] or lengths[axis] == 1:
        return
    place = [(length - 1) / 2 for length in lengths]
    place[axis] = index if upward else lengths[axis] - 1 - index
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    point = to_ras.MultiplyPoint([*place, 1.0])[:3]
    parent = volume.GetParentTransformNode()
    if parent is not None:
        to_world = vtk.vtkGeneralTransform()
        parent.GetTransformToWorld(to_world)
        point = to_world.TransformPoint(point)
    for view in views:
        if _looks_along(view, volume, axis):
            view.JumpSliceByOffsetting(*point)


def _axis_toward_head(volume: Any) -> tuple[int, bool]:
    """The array axis (0 for i) of a volume node that runs along the body, and whether it runs toward the head."""
    directions = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    along = [directions.GetElement(2, axis) for axis in range(3)]
    axis = max(range(3), key=lambda one: abs(along[one]))
    return axis, along[axis] > 0


def _looks_along(view: Any, volume: Any, axis: int) -> bool:
    """Whether a slice view lies within about 45 degrees across an axis of a volume node."""
    directions = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    to_ras = view.GetSliceToRAS()
    return abs(sum(to_ras.GetElement(row, 2) * directions.GetElement(row, axis) for row in range(3))) > 0.7


def _slice_nodes(fits: Callable[[Any], bool]) -> list[Any]:
    """The slice nodes of the views whose composite node fits."""
    names = {view.GetLayoutName() for view in _views() if fits(view)}
    return [view for view in slicer.util.getNodesByClass("vtkMRMLSliceNode") if view.GetLayoutName() in names]


def _restrict(display: Any, allowed: list[str]) -> None:
    """Draw only in these views."""
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
