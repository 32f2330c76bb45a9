"""A layout for reading: large views of what is read while a module is open, and the earlier layout after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slicer

from ..readers.base import Reader
from .corner_text import CornerText

_SLICER_NAMES = ("Red", "Green", "Yellow")
_FIRST_ID = 7400  # of layouts of several pictures; Slicer's own numbers are below 1000


class ReadingLayout:
    """One large view for a picture, one beside the other for several; for volumes Slicer's conventional layout.

    Parameters
    ----------
    reader : its image roles decide
    """

    def __init__(self, reader: Reader) -> None:
        self._roles = [role.name for role in reader.images]
        self._flat = all(role.dimensions == 2 for role in reader.images)
        self._earlier: int | None = None  # None while the layout is not in use
        self._corners = CornerText()

    @property
    def number(self) -> int:
        """The number of the layout."""
        layouts = slicer.vtkMRMLLayoutNode
        if not self._flat:
            return int(layouts.SlicerLayoutConventionalView)
        return int(layouts.SlicerLayoutOneUpRedSliceView) if len(self._roles) == 1 else _FIRST_ID + len(self._roles)

    def use(self, images: Mapping[str, Any]) -> None:
        """Arrange the views, where the application has any; ``images`` are volume nodes by role."""
        if slicer.app.layoutManager() is None:  # Slicer runs without its main window
            return
        node = _layout_node()
        if self._earlier is None:
            self._earlier = int(node.GetViewArrangement())
        if self.number > _FIRST_ID and not node.IsLayoutDescription(self.number):
            node.AddLayoutDescription(self.number, _side_by_side(view_names(len(self._roles))))
        if node.GetViewArrangement() != self.number:
            node.SetViewArrangement(self.number)
            slicer.util.resetSliceViews()
        self.show(images)

    def show(self, images: Mapping[str, Any]) -> None:
        """Put each of several pictures into its own view, while the layout is in use."""
        if self._earlier is None:
            return
        self._corners.enlarge()  # the views may have their final size only now
        if not self._flat or len(self._roles) == 1:
            return
        for role, name in zip(self._roles, view_names(len(self._roles)), strict=True):
            widget = slicer.app.layoutManager().sliceWidget(name)
            if widget is not None and images.get(role) is not None:
                widget.mrmlSliceCompositeNode().SetBackgroundVolumeID(images[role].GetID())
                widget.fitSliceToBackground()

    def leave(self) -> None:
        """Give the earlier layout back, unless a person chose another one meanwhile."""
        earlier, self._earlier = self._earlier, None
        self._corners.restore()
        if earlier is not None and _layout_node().GetViewArrangement() == self.number:
            _layout_node().SetViewArrangement(earlier)


def view_names(count: int) -> Sequence[str]:
    """Names of slice views: Slicer's own first."""
    return [*_SLICER_NAMES, *(f"ReadingRoom{number}" for number in range(4, count + 1))][:count]


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()


def _side_by_side(names: Sequence[str]) -> str:
    """The description of a layout; all views look straight at a picture."""
    item = (
        '<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        '<property name="viewlabel" action="default">{label}</property></view></item>'
    )
    items = "".join(item.format(name=name, label=name[0] if name in _SLICER_NAMES else name[-1]) for name in names)
    return f'<layout type="horizontal">{items}</layout>'
