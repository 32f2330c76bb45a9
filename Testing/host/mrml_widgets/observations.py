"""Observers that end with the widget that needs them."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from ..pythonqt import is_deleted


class Observations:
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
