"""Slice views that move together: by as much as one is moved, so are the others.

Slicer's own link brings views to one place in space, but a patient never lies in the same place twice. Here the
distance between both stays: whoever wants to line them up anew unlinks them, scrolls one, and links them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slicer
import vtk

_LEAST = 1e-6  # mm


class LinkedViews(slicer.util.VTKObservationMixin):
    """Pairs of slice nodes whose offsets change together while linked."""

    def __init__(self) -> None:
        super().__init__()
        self._partners: dict[Any, Any] = {}
        self._offsets: dict[Any, float] = {}
        self._moving = False

    def link(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Link these slice nodes, and no others, as they stand now."""
        self.unlink()
        for one, other in pairs:
            self._partners |= {one: other, other: one}
        for node in self._partners:
            self._offsets[node] = node.GetSliceOffset()
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._moved)

    def unlink(self) -> None:
        """Let each view go its own way."""
        self.removeObservers()
        self._partners.clear()
        self._offsets.clear()

    def _moved(self, node: Any, _event: Any = None) -> None:
        if self._moving:
            return
        way = node.GetSliceOffset() - self._offsets[node]
        if abs(way) < _LEAST:
            return
        other = self._partners[node]
        self._moving = True  # the other one must not move this one back
        try:
            if other.GetOrientation() == node.GetOrientation():
                other.SetSliceOffset(other.GetSliceOffset() + way)
        finally:
            self._moving = False
        self._offsets |= {one: one.GetSliceOffset() for one in (node, other)}


class MirroredViews(slicer.util.VTKObservationMixin):
    """Slice nodes of left and right breasts that are zoomed and moved together: to the nipple in one is so in all.

    Slicer's own link would give all views one place on their image, and take the chest walls apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self._signs: dict[Any, int] = {}
        self._places: dict[Any, tuple[float, float, float]] = {}
        self._moving = False

    def link(self, signs: Mapping[Any, int]) -> None:
        """Link these slice nodes as they stand now: 1 where the nipple is on the right of the view, else -1."""
        self.unlink()
        self._signs = dict(signs)
        for node in self._signs:
            self._places[node] = _place(node)
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._moved)

    def unlink(self) -> None:
        """Let each view go its own way."""
        self.removeObservers()
        self._signs.clear()
        self._places.clear()

    def _moved(self, node: Any, _event: Any = None) -> None:
        if self._moving:
            return
        (zoom, x, y), (new_zoom, new_x, new_y) = self._places[node], _place(node)
        ratio = new_zoom / zoom if zoom > 0 and new_zoom > 0 else 1.0
        if max(abs(new_x - x), abs(new_y - y), abs(ratio - 1)) < _LEAST:
            return
        self._moving = True  # the others must not move this one back
        try:
            for other, sign in self._signs.items():
                if other is not node:
                    _zoom, at_x, at_y = _place(other)
                    width, height, depth = other.GetFieldOfView()
                    other.SetFieldOfView(width * ratio, height * ratio, depth)
                    along = (new_x - x) * sign * self._signs[node]
                    other.SetXYZOrigin(at_x + along, at_y + new_y - y, other.GetXYZOrigin()[2])
        finally:
            self._moving = False
        self._places = {one: _place(one) for one in self._signs}


def _place(node: Any) -> tuple[float, float, float]:
    """Millimeters for each pixel of the view, and where in its image its middle lies."""
    x, y, _z = node.GetXYZOrigin()
    return node.GetFieldOfView()[0] / max(node.GetDimensions()[0], 1), x, y
