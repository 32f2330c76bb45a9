"""What a reading adds to the scene: heat maps, boxes, regions. Nodes of the user are never changed or removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import slicer
import vtk
from slicer.i18n import tr as _

from ..readers.results import segments_path
from ..reading import HeatMap, MapShows, Reading
from . import layer_nodes, slice_views
from .features.segment_masks import masks_on
from .layer_files import Grid, SegmentLayer, file_matrix, heat_grid, segment_layer
from .layer_nodes import COLOR_TABLES
from .owned_nodes import KEY, OwnedNodes, image_key, tie_to

_READ = "ReadingRoom.read"  # attribute: when the read began that a segmentation is of
_ROLES = ("heat map", "box", "segmentation")
_LEAST_BIAS = 0.02  # between the ends of the colors of a bias field


class Layers:
    """The layers of one module's last reading in the scene. A second reading takes their place, and only theirs.

    Parameters
    ----------
    nodes : the module's nodes
    """

    def __init__(self, nodes: OwnedNodes) -> None:
        self._owned = nodes

    def show(self, reading: Reading, folder: Path, volumes: Mapping[str, Any]) -> None:
        """Lay a reading, whose files lie in ``folder``, over the volume nodes of its images (by role).

        Nodes that are there already are updated in place, so nothing flickers when an answer comes back tested.

        Raises
        ------
        InputError : a file is missing or damaged, or does not have the size of its volume; the scene stays as it was
        """
        maps = [m for m in reading.heat_maps if m.image in volumes]
        grids = {m.path: heat_grid(folder / m.path, volumes[m.image]) for m in maps}
        segments = {role: segment_layer(folder / segments_path(role), volumes[role]) for role in volumes}
        with slicer.util.RenderBlocker():
            kept = [
                node for heat_map in maps for node in self._show_map(reading, heat_map, grids[heat_map.path], volumes)
            ]
            for role, layer in segments.items():
                if layer is not None:
                    kept.append(self._show_segments(reading, role, layer, volumes[role]))
            self._remove([node for role in _ROLES for node in self.nodes(role) if node not in kept])

    def correct(self, image: str, masks: Mapping[str, Any], grid: Any) -> None:
        """Give regions on an image other voxels, ``[k, j, i]`` on the grid of a ``SimpleITK.Image``."""
        node = self._owned.find("segmentation", image)
        if node is not None and masks:
            layer_nodes.correct_segments(node, masks, file_matrix(grid))

    def remove(self) -> None:
        """Take the layers out of the scene and give slice views back what they showed before."""
        self._remove([node for role in _ROLES for node in self.nodes(role)])

    def nodes(self, role: str) -> list[Any]:
        """The layers of one role: ``heat map``, ``box`` or ``segmentation``."""
        return self._owned.all(role)

    @property
    def have_levels(self) -> bool:
        """Whether there are outlines of levels of a map."""
        return any(layer_nodes.has_levels(node) for node in self.nodes("segmentation"))

    def heat_map(self, image: str, finding: str, shows: MapShows = "evidence", feature: str = "") -> Any:
        """A heat map volume of a finding on an image, or None."""
        return self._owned.find("heat map", image_key(image, finding, shows, feature))

    def evidence(self, reading: Reading) -> dict[str, Any]:
        """The map of evidence on each image, by its role: an array ``[k, j, i]``."""
        nodes = self._evidence(reading)
        return {image: slicer.util.arrayFromVolume(node) for image, node in nodes.items()}

    def regions(self, reading: Reading) -> dict[str, Any]:
        """The regions by name, as they are in the scene now: boolean, each of the shape of the map on its image."""
        import numpy as np

        found = {}
        for image, node in self._evidence(reading).items():
            segmentation = self._owned.find("segmentation", image)
            names = [region.name for region in reading.regions if region.image == image]
            shape = slicer.util.arrayFromVolume(node).shape
            for name, mask in (masks_on(node, segmentation, names) if segmentation is not None else {}).items():
                found[name] = np.zeros(shape, bool)
                found[name][mask.box] = mask.voxels
        return found

    def _evidence(self, reading: Reading) -> dict[str, Any]:
        maps = [one for one in reading.heat_maps if one.shows == "evidence"]
        nodes = {one.image: self.heat_map(one.image, one.finding) for one in maps}
        return {image: node for image, node in nodes.items() if node is not None}

    def display(
        self,
        volumes: Mapping[str, Any],
        finding: str,
        *,
        map_visible: bool = True,
        shows: MapShows = "evidence",
        feature: str = "",
        of_images: Mapping[str, str] | None = None,
        legends_left: Collection[str] = (),
        opacity: float = 0.5,
        color_table: str = "Inferno",
        box_visible: bool = True,
        levels_visible: bool = False,
        regions_visible: bool = True,
    ) -> None:
        """Show maps of one finding over the ``volumes`` (by role), of evidence with their boxes, and hide all others.

        ``color_table`` is a key of `COLOR_TABLES`; ``opacity`` runs from 0 to 1. Where an image has no map that
        ``shows`` what is asked for (of a ``feature`` that one), none is shown. ``of_images`` names, by image, a finding
        that goes before ``finding`` there: each view of an exam shows the map of its own. ``legends_left`` are
        images that lie at the right edge of their view, where the legend would stand.
        """
        for node in self.nodes("heat map"):
            key = node.GetAttribute(KEY)
            image = key.partition("/")[0]
            own = (of_images or {}).get(image, finding)
            node.GetDisplayNode().SetAndObserveColorNodeID(COLOR_TABLES[color_table])
            shown = key == image_key(image, own, shows, feature) and map_visible and volumes.get(image) is not None
            if shown:
                slice_views.show_over(volumes[image], node, opacity)
            else:
                slice_views.release(node)
            layer_nodes.show_legend(node, shown, at_left=image in legends_left)
        for box in self.nodes("box"):
            image, _separator, of = box.GetAttribute(KEY).partition("/")
            of_shown = shows == "evidence" and of == (of_images or {}).get(image, finding)
            box.GetDisplayNode().SetVisibility(box_visible and of_shown)
        for segmentation in self.nodes("segmentation"):
            layer_nodes.show_segments(segmentation, levels_visible, regions_visible)
        self.keep_with_study()

    def keep_with_study(self) -> None:
        """Show nothing over another image than the one it was read from: not in views whose image changed."""
        for heat_map in self.nodes("heat map"):
            slice_views.release_from_others(heat_map)
            legend = layer_nodes.legend_of(heat_map)
            if legend is not None:
                slice_views.confine_to_map(legend, heat_map)
        for node in (*self.nodes("box"), *self.nodes("segmentation")):
            slice_views.confine(node)

    def _show_map(self, reading: Reading, heat_map: HeatMap, grid: Grid, volumes: Mapping[str, Any]) -> list[Any]:
        """The heat map as a volume, and its box."""
        key = image_key(heat_map.image, heat_map.finding, heat_map.shows, heat_map.feature)
        volume, title = volumes[heat_map.image], reading.finding(heat_map.finding).title
        if heat_map.shows == "feature" and reading.explained is not None:
            title = next(one.title for one in reading.explained.speaking if one.name == heat_map.feature)
        names = [_map_names()[heat_map.shows].format(title=title), _("{title} attention box").format(title=title)]
        if len(reading.study.images) > 1:
            names = [_("{name} on {image}").format(name=name, image=volume.GetName()) for name in names]
        node = self._owned.get_or_add("vtkMRMLScalarVolumeNode", "heat map", key, names[0])
        legend = heat_map.feature or _legends()[heat_map.shows]
        if heat_map.shows == "bias-field":
            window = min(heat_map.levels), max(*heat_map.levels, min(heat_map.levels) + _LEAST_BIAS)
            ends = float(grid.array.min()), float(grid.array.max())  # in the air around the body the field goes on
            layer_nodes.fill_heat_map(node, grid, ends[0], legend, window, ends[1], "%.2fx")
        else:
            layer_nodes.fill_heat_map(node, grid, min(heat_map.levels), legend)
        tie_to(node, volume)
        nodes = [node]
        if heat_map.box is not None:
            box = self._owned.get_or_add("vtkMRMLMarkupsROINode", "box", key, names[1])
            layer_nodes.fill_box(box, heat_map.box, grid)
            tie_to(box, volume)
            nodes.append(box)
        self._own_displays(nodes, key)
        return nodes

    def _show_segments(self, reading: Reading, role: str, layer: SegmentLayer, volume: Any) -> Any:
        """The regions of an image, and the levels of the map on it, as one segmentation."""
        regions = [region.name for region in reading.regions if region.image == role]
        name = _("{name} regions") if regions else _("{name} attention")
        node = self._owned.get_or_add(
            "vtkMRMLSegmentationNode", "segmentation", role, name.format(name=volume.GetName())
        )
        # A region stays as it is while the answer of its read is tested: somebody may be correcting it.
        same_read = node.GetAttribute(_READ) == reading.provenance.started
        node.SetAttribute(_READ, reading.provenance.started)
        layer_nodes.fill_segmentation(node, layer, volume, regions, kept=regions if same_read else ())
        tie_to(node, volume)
        self._own_displays([node], role)
        return node

    def _own_displays(self, nodes: list[Any], key: str) -> None:
        for node in nodes:
            for number in range(node.GetNumberOfDisplayNodes()):
                self._owned.own(node.GetNthDisplayNode(number), "display", key)

    def _remove(self, nodes: list[Any]) -> None:
        for node in nodes:
            if node.IsA("vtkMRMLVolumeNode"):
                slice_views.release(node)
        self._owned.remove(nodes)


def _map_names() -> dict[MapShows, str]:
    return {
        "evidence": _("{title} heat map"),
        "attention": _("{title} weight of slices"),
        "asymmetry": _("{title} against the other breast"),
        "change": _("{title} against the prior"),
        "feature": _("{title}, where it is active"),
        "bias-field": _("Bias field"),
    }


def _legends() -> dict[MapShows, str]:
    """What stands above the colors of a map, which are at the edge of the view; of a feature's that is its name."""
    return {
        "evidence": _("Heat map"),
        "attention": _("Weight of\nslices"),
        "asymmetry": _("Other\nbreast"),
        "change": _("Change"),
        "bias-field": _("Bias field"),
    }


class _KeptWithStudy(Protocol):
    def keep_with_study(self) -> None: ...


class OverlayGuard(slicer.util.VTKObservationMixin):
    """Takes the layers out of a view when the image below them changes: nothing may lie over another patient's image.

    Slicer puts a volume that is loaded behind what the views show in front, so without this the map of one patient
    would stay in front of the radiograph of the next.
    """

    def __init__(self, layers: _KeptWithStudy) -> None:
        super().__init__()
        self._layers = layers
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self._watch_views)
        self._watch_views()

    def _watch_views(self, _caller: Any = None, _event: Any = None) -> None:
        for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            if not self.hasObserver(view, vtk.vtkCommand.ModifiedEvent, self._view_changed):
                self.addObserver(view, vtk.vtkCommand.ModifiedEvent, self._view_changed)

    def _view_changed(self, _caller: Any = None, _event: Any = None) -> None:
        self._layers.keep_with_study()
