"""Slice views that move together: by as much as one is moved, so are the others.

Slicer's own link brings views to one place in space, but a patient never lies in the same place twice. Here the
distance between both stays: whoever wants to line them up anew unlinks them, scrolls one, and links them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import qt
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


@dataclass(frozen=True)
class Hung:
    """An image in its view: on which side the nipple lies (1 for the right, -1 for the left), and its size in mm."""

    nipple: int
    width: float
    height: float


@dataclass(frozen=True)
class _Place:
    """How a slice node stands: the pixels of its view, mm for each of them, and where in its image the middle lies."""

    columns: int
    rows: int
    zoom: float
    x: float
    y: float

    @classmethod
    def of(cls, node: Any) -> _Place:
        columns, rows, _depth = (max(size, 1) for size in node.GetDimensions())
        x, y, _z = node.GetXYZOrigin()
        return cls(columns, rows, node.GetFieldOfView()[0] / columns, x, y)

    def give(self, node: Any) -> None:
        """Put a slice node there."""
        node.SetFieldOfView(self.zoom * self.columns, self.zoom * self.rows, node.GetFieldOfView()[2])
        node.SetXYZOrigin(self.x, self.y, node.GetXYZOrigin()[2])


class HungViews(slicer.util.VTKObservationMixin):
    """Slice nodes of left and right breasts that hang with one zoom, chest walls inside, however large their views.

    While linked they are zoomed and moved together: toward the nipple in one is so in all. Slicer's own link would give
    all views one place on their image, and take the chest walls apart.

    Parameters
    ----------
    on_resized : called after the views were given another size and followed it
    """

    def __init__(self, on_resized: Callable[[], None]) -> None:
        super().__init__()
        self.linked = True
        self._on_resized = on_resized
        self._hung: dict[Any, Hung] = {}
        self._places: dict[Any, _Place] = {}
        self._placing = False
        self._late = qt.QTimer()  # once all views have their size; Slicer draws a view before what is done meanwhile
        self._late.setSingleShot(True)
        self._late.setInterval(0)
        self._late.timeout.connect(lambda *_args: self._resized())

    def hang(self, images: Mapping[Any, Hung]) -> None:
        """Show each image whole in its slice node, and follow these nodes from now on."""
        self.release()
        self._hung = dict(images)
        places = {node: _Place.of(node) for node in self._hung}
        zoom = self._least_zoom(places)
        for node, hung in self._hung.items():
            beside = (zoom * places[node].columns - hung.width) / 2  # mm between image and edge of the view
            places[node] = replace(places[node], zoom=zoom, x=hung.nipple * beside, y=0.0)
        self._give(places)
        for node in self._hung:
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._changed)

    def release(self) -> None:
        """Let each view go its own way."""
        self._late.stop()
        self.removeObservers()
        self._hung.clear()
        self._places.clear()

    def _least_zoom(self, places: Mapping[Any, _Place]) -> float:
        """At which every image is shown whole."""
        needed = (
            max(hung.width / places[node].columns, hung.height / places[node].rows) for node, hung in self._hung.items()
        )
        return max(needed, default=1.0)

    def _changed(self, node: Any, _event: Any = None) -> None:
        if self._placing:
            return
        before, now = self._places[node], _Place.of(node)
        if (before.columns, before.rows) != (now.columns, now.rows):
            self._late.start()
        elif self.linked:
            self._moved(node, before, now)
        else:
            self._places[node] = now

    def _resized(self) -> None:
        """Views have another size: what was whole stays whole, what was enlarged stays so, chest walls where they were.

        Slicer itself keeps the middle of each view where it is.
        """
        sizes = {node: _Place.of(node) for node in self._hung}
        ratio = self._least_zoom(sizes) / self._least_zoom(self._places)
        places = {}
        for node, hung in self._hung.items():
            before, columns = self._places[node], sizes[node].columns
            beyond = hung.nipple * before.x - before.zoom * before.columns / 2 + hung.width / 2  # of the chest wall
            zoom = ratio * before.zoom
            x = hung.nipple * (ratio * beyond - hung.width / 2 + zoom * columns / 2)
            places[node] = _Place(columns, sizes[node].rows, zoom, x, before.y)
        self._give(places)
        self._on_resized()

    def _moved(self, node: Any, before: _Place, now: _Place) -> None:
        ratio = now.zoom / before.zoom if before.zoom > 0 and now.zoom > 0 else 1.0
        if max(abs(now.x - before.x), abs(now.y - before.y), abs(ratio - 1)) < _LEAST:
            return
        places = {}
        for other, hung in self._hung.items():
            if other is not node:
                its, along = self._places[other], (now.x - before.x) * hung.nipple * self._hung[node].nipple
                places[other] = replace(its, zoom=its.zoom * ratio, x=its.x + along, y=its.y + now.y - before.y)
        self._give(places)
        self._places[node] = now

    def _give(self, places: Mapping[Any, _Place]) -> None:
        self._placing = True  # none must move the others back
        try:
            for node, place in places.items():
                place.give(node)
        finally:
            self._placing = False
        self._places |= places
