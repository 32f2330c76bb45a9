"""A layout for reading: large views of what is read while a module is open, and the earlier layout after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import slicer

from ..readers.base import Reader
from . import slice_views
from .corner_text import CornerText
from .linked_views import Hung, HungViews, LinkedViews
from .slice_views import STRIP

_SLICER_NAMES = ("Red", "Green", "Yellow")
_FIRST_ID = 7400  # of layouts of several pictures; Slicer's own numbers are below 1000
_VOLUME_ID, _COMPARED_ID, _PLOTTED_ID, _HUNG_ID, _HUNG_WITH_PRIOR_ID = 7451, 7452, 7453, 7454, 7455
_HUNG = "ReadingRoomHung-"  # names of the views of an exam begin so, followed by the role
_HUNG_GROUP = 2  # of views: what joins Slicer's own leaves them alone
_PLOT_VIEW = "PlotView1"  # Slicer's own
_STRIP_VIEWS = 5
_PRIOR = ("ReadingRoomPriorAxial", "ReadingRoomPriorCoronal")


class ReadingLayout:
    """One large view for a picture, one beside the other for several, those of an exam in rows as its films hang.

    The views of an exam have one zoom, chest walls back to back, also when their size changes, and are moved together,
    toward the nipple on both sides; those of its prior hang on the outside of them.

    A volume is shown axial and coronal over a strip of its axial slices, or over the plot of a curve; with its prior,
    both stand side by side and scroll together.

    Parameters
    ----------
    reader : its image roles decide
    on_resized : called after the views of an exam were given another size
    """

    def __init__(self, reader: Reader, on_resized: Callable[[], None] = lambda: None) -> None:
        self._roles = [role.name for role in reader.images]
        self._hanging = reader.hanging
        self._flat = all(role.dimensions == 2 for role in reader.images)
        self._prior = next((role.name for role in reader.images if role.prior_of == self._roles[0]), "")
        self._earlier: int | None = None  # None while the layout is not in use
        self._corners = CornerText()
        self._links = LinkedViews()
        self._hung = HungViews(on_resized)
        self._priors = {role.prior_of: role.name for role in reader.images if role.prior_of}
        self._linked = True
        self._shown: dict[str, Any] = {}  # the volume nodes that the views were arranged for
        self._chart: Any = None  # the chart node that has a view of its own
        self._earlier_chart: str | None = None  # ID of what Slicer's plot view showed before

    def number(self, images: Mapping[str, Any]) -> int:
        """The number of the layout for these images."""
        if not self._flat:
            if images.get(self._prior) is not None:
                return _COMPARED_ID
            return _VOLUME_ID if self._chart is None else _PLOTTED_ID
        if self._hanging:
            return _HUNG_WITH_PRIOR_ID if self._has_prior(images) else _HUNG_ID
        one = int(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        return one if len(self._roles) == 1 else _FIRST_ID + len(self._roles)

    @property
    def hangs(self) -> bool:
        """Whether the views of an exam have their places now."""
        return bool(self._hanging) and self._earlier is not None and self._is_own()

    def use(self, images: Mapping[str, Any]) -> None:
        """Arrange the views, where the application has any; ``images`` are volume nodes by role."""
        if slicer.app.layoutManager() is None:  # Slicer runs without its main window
            return
        if self._earlier is None:
            self._earlier = int(_layout_node().GetViewArrangement())
        self._arrange(images)
        self.show(images)

    def show(self, images: Mapping[str, Any]) -> None:
        """Put each of several images into its own views, while the layout is in use."""
        if self._earlier is None:
            return
        if (not self._flat or self._hanging) and self._is_own():
            self._arrange(images)  # the prior came or went
        self._corners.enlarge()  # the views may have their final size only now
        self._shown = dict(images)
        self._hung.release()  # each is fitted into its view by itself
        if self._flat and len(self._roles) == 1:
            return
        for role, name in self._views_of(images):
            widget = slicer.app.layoutManager().sliceWidget(name)
            if widget is not None and self._hanging and images.get(role) is None:
                widget.mrmlSliceCompositeNode().SetBackgroundVolumeID(None)  # a place that no view of the exam takes
            elif widget is not None and images.get(role) is not None:
                widget.mrmlSliceCompositeNode().SetBackgroundVolumeID(images[role].GetID())
                widget.fitSliceToBackground()
        if self._hanging:
            self._hang(images)
            self.link(self._linked)
        if not self._flat:
            self.spread(images.get(self._roles[0]))
            self.link(self._linked)

    def _hang(self, images: Mapping[str, Any]) -> None:
        """Give the views of an exam one zoom, that of the image that needs the most room; chest walls lie inside."""
        hung = {}
        for role, node in self._hung_nodes(images).items():
            if images.get(role) is not None:
                bounds = [0.0] * 6
                images[role].GetRASBounds(bounds)
                hung[node] = Hung(toward_nipple(role), bounds[1] - bounds[0], bounds[3] - bounds[2])
        self._hung.hang(hung)

    def _hung_nodes(self, images: Mapping[str, Any]) -> dict[str, Any]:
        """The slice nodes of an exam by role."""
        widgets = {role: slicer.app.layoutManager().sliceWidget(name) for role, name in self._views_of(images)}
        return {role: widget.mrmlSliceNode() for role, widget in widgets.items() if widget is not None}

    def _has_prior(self, images: Mapping[str, Any]) -> bool:
        return any(images.get(role) is not None for role in self._priors.values())

    def _hung_rows(self, images: Mapping[str, Any]) -> list[list[str]]:
        """Roles as they hang; those of a prior on the outside."""
        if not self._has_prior(images):
            return [list(row) for row in self._hanging]
        rows = []
        for row in self._hanging:
            right, left = row[: len(row) // 2], row[len(row) // 2 :]
            outside = [[self._priors[role] for role in half] for half in (right, left)]
            rows.append([*outside[0], *right, *left, *outside[1]])
        return rows

    def follow(self, images: Mapping[str, Any]) -> None:
        """The same where other images are chosen than those that are shown: one came by itself."""
        if self._shown != images and all(volume.GetImageData() is not None for volume in images.values()):
            self.show(images)

    def spread(self, volume: Any, slices: Sequence[float] = ()) -> None:
        """Let the strip run evenly over these slices of a volume node; over all of them when none are named."""
        if self._earlier is not None and volume is not None:
            slice_views.show_strip(volume, slices)

    def plot(self, chart: Any) -> None:
        """Give this chart node the place of the strip; None gives it back to the strip.

        Where a prior stands beside the volume, there is no place for it.
        """
        if self._flat or chart is self._chart:
            return
        self._chart = chart
        if self._earlier is not None and self._is_own():
            self.show(self._shown)

    def link(self, linked: bool) -> None:
        """Let the views of a volume and its prior, or of an exam, move together as they stand now, or no longer."""
        self._linked = linked
        self._links.unlink()
        self._hung.linked = linked
        if not linked or self._earlier is None or self._shown.get(self._prior) is None or self._flat:
            return
        nodes = {node.GetLayoutName(): node for node in slicer.util.getNodesByClass("vtkMRMLSliceNode")}
        pairs = [(nodes.get(now), nodes.get(prior)) for now, prior in zip(_SLICER_NAMES, _PRIOR, strict=False)]
        self._links.link([(now, prior) for now, prior in pairs if now is not None and prior is not None])

    def unlink(self) -> None:
        """Let go of the images: they are being removed."""
        self._links.unlink()
        self._hung.release()
        self._shown, self._chart = {}, None

    def leave(self) -> None:
        """Give the earlier layout back, unless a person chose another one meanwhile."""
        earlier, self._earlier = self._earlier, None
        if earlier is not None:
            self._release_plot()
            if self._is_own():
                _layout_node().SetViewArrangement(earlier)
        self.unlink()
        self._corners.restore()

    def _is_own(self) -> bool:
        """Whether the views are arranged as this class does it: no person chose another layout meanwhile."""
        own = [self.number({})] if self._flat else [_VOLUME_ID, _COMPARED_ID, _PLOTTED_ID]
        if self._hanging:
            own = [_HUNG_ID, _HUNG_WITH_PRIOR_ID]
        return _layout_node().GetViewArrangement() in own

    def _arrange(self, images: Mapping[str, Any]) -> None:
        node, number = _layout_node(), self.number(images)
        if number > _FIRST_ID and not node.IsLayoutDescription(number):
            node.AddLayoutDescription(number, self._description(number))
        if node.GetViewArrangement() != number:
            node.SetViewArrangement(number)
            slicer.util.resetSliceViews()
        view = _plot_view()
        if number == _PLOTTED_ID and view is not None:
            if self._earlier_chart is None:
                self._earlier_chart = view.GetPlotChartNodeID() or ""
            view.SetPlotChartNodeID(self._chart.GetID())
        else:
            self._release_plot()

    def _release_plot(self) -> None:
        """Give Slicer's plot view back what it showed before."""
        earlier, self._earlier_chart = self._earlier_chart, None
        view = _plot_view()
        if earlier is not None and view is not None:
            view.SetPlotChartNodeID(earlier or None)

    def _description(self, number: int) -> str:
        if number == _VOLUME_ID:
            strip = [(f"{STRIP}{place}", f"{place}", "Axial") for place in range(1, _STRIP_VIEWS + 1)]
            return _column((_row([("Red", "R", "Axial"), ("Green", "G", "Coronal")]), 700), (_row(strip), 300))
        if number == _COMPARED_ID:
            axial = [("Red", "R", "Axial"), (_PRIOR[0], "P", "Axial")]
            coronal = [("Green", "G", "Coronal"), (_PRIOR[1], "P", "Coronal")]
            return _column((_row(axial), 500), (_row(coronal), 500))
        if number == _PLOTTED_ID:
            plot = (
                f'<item><view class="vtkMRMLPlotViewNode" singletontag="{_PLOT_VIEW}">'
                '<property name="viewlabel" action="default">P</property></view></item>'
            )
            plots = f'<layout type="horizontal">{plot}</layout>'
            return _column((_row([("Red", "R", "Axial"), ("Green", "G", "Coronal")]), 600), (plots, 400))
        if number in (_HUNG_ID, _HUNG_WITH_PRIOR_ID):
            shown = dict.fromkeys(self._priors.values(), True) if number == _HUNG_WITH_PRIOR_ID else {}
            rows = [[(_HUNG + role, _hung_label(role), "Axial") for role in row] for row in self._hung_rows(shown)]
            return _column(*((_row(row, _HUNG_GROUP), 1000 // len(rows)) for row in rows))
        names = view_names(len(self._roles))
        return _row([(name, name[0] if name in _SLICER_NAMES else name[-1], "Axial") for name in names])

    def _views_of(self, images: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Pairs of image role and name of view."""
        if self._hanging:
            return [(role, _HUNG + role) for row in self._hung_rows(images) for role in row]
        if self._flat:
            return list(zip(self._roles, view_names(len(self._roles)), strict=True))
        first = [(self._roles[0], name) for name in _SLICER_NAMES]
        if images.get(self._prior) is not None:
            return [*first, *((self._prior, name) for name in _PRIOR)]
        return [*first, *((self._roles[0], f"{STRIP}{place}") for place in range(1, _STRIP_VIEWS + 1))]


def view_names(count: int) -> Sequence[str]:
    """Names of slice views: Slicer's own first."""
    return [*_SLICER_NAMES, *(f"ReadingRoom{number}" for number in range(4, count + 1))][:count]


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()


def _plot_view() -> Any:
    return slicer.mrmlScene.GetSingletonNode(_PLOT_VIEW, "vtkMRMLPlotViewNode")


def _hung_label(role: str) -> str:
    """``LCC`` for ``left-cc``, ``P-LCC`` for ``prior-left-cc``."""
    *before, side, view = role.split("-")
    return "-".join([*(word[:1].upper() for word in before), side[:1].upper() + view.upper()])


def toward_nipple(role: str) -> int:
    """1 where the nipple is on the right of the view: as films hang, that of the left breast."""
    return 1 if "left" in role.split("-") else -1


def _row(views: Sequence[tuple[str, str, str]], others: int = 1) -> str:
    """The description of slice views side by side, given by name, label and orientation.

    Those that Slicer does not have itself are in a view group of their own (``others``), which the link of Slicer's own
    views leaves alone.
    """
    item = (
        '<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">{orientation}</property>'
        '<property name="viewlabel" action="default">{label}</property>'
        '<property name="viewgroup" action="default">{group}</property></view></item>'
    )
    items = (
        item.format(name=name, label=label, orientation=orientation, group=0 if name in _SLICER_NAMES else others)
        for name, label, orientation in views
    )
    return f'<layout type="horizontal">{"".join(items)}</layout>'


def _column(*rows: tuple[str, int]) -> str:
    """Rows, one below the other, and what share of the height each has."""
    items = "".join(f'<item splitSize="{size}">{row}</item>' for row, size in rows)
    return f'<layout type="vertical" split="true">{items}</layout>'
