"""Slice views of two images that scroll together: by as much as one is moved, so is the other.

Slicer's own link brings views to one place in space, but a patient never lies in the same place twice. Here the
distance between both stays: whoever wants to line them up anew unlinks them, scrolls one, and links them again.
"""

from __future__ import annotations

from collections.abc import Sequence
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
