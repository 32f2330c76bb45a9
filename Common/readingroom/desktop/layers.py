"""What a reading adds to the scene: heat maps, segments, boxes. Nodes of the user are never changed or removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..imaging.segments import Segment, read_segments
from ..reading import Box, HeatMap, Reading
from . import slice_views

OWNER = "ReadingRoom.owner"
ROLE = "ReadingRoom.role"
_FINDING = "ReadingRoom.finding"

COLOR_TABLES = {name: f"vtkMRMLColorTableNodeFile{name}.txt" for name in ("Inferno", "Magma", "Plasma", "Viridis")}
COLOR_TABLES["ColdToHotRainbow"] = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt"


class Layers:
    """The nodes in the scene that one module owns. A second reading replaces them, and only them.

    Ownership is an attribute of the node, so it survives saving and loading the scene, and a node that the user
    removed is simply not there any more.

    Parameters
    ----------
    owner : name of the module, such as ``ChestXRay``
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner

    # Making and removing

    def show(self, reading: Reading, folder: Path, volume: Any) -> None:
        """Replace the module's nodes by those of ``reading``, whose files lie in ``folder``; maps go over ``volume``.

        Raises
        ------
        InputError : a file is missing, damaged, or does not have the size of ``volume``
        """
        arrays = {heat.finding: _heat_array(folder / heat.path, volume) for heat in reading.heat_maps}
        segments_path = folder / f"segments-{reading.study.images[0].role}.seg.nrrd"
        segments = _segments_on(volume, segments_path) if segments_path.is_file() else []
        slicer.mrmlScene.SaveStateForUndo()
        self.remove()
        with slicer.util.RenderBlocker():
            for heat in reading.heat_maps:
                title = reading.finding(heat.finding).title
                self._add_heat_map(heat, title, arrays[heat.finding], volume)
                if heat.box is not None:
                    self._add_box(heat.box, heat.finding, title, volume)
            if segments:
                self._add_segmentation(segments, volume)

    def remove(self) -> None:
        """Take the module's nodes out of the scene and give slice views back what they showed before."""
        for heat_map in self.nodes("heat map"):
            slice_views.release(heat_map)
        for node in self.nodes():
            slicer.mrmlScene.RemoveNode(node)

    # Looking

    def nodes(self, role: str | None = None) -> list[Any]:
        """The module's nodes in the scene: all, or those of one role (``heat map``, ``segmentation``, ``box`` ...)."""
        owned = [n for n in slicer.util.getNodesByClass("vtkMRMLNode") if n.GetAttribute(OWNER) == self._owner]
        return [node for node in owned if role is None or node.GetAttribute(ROLE) == role]

    def heat_map(self, finding: str) -> Any:
        """The heat map volume of a finding, or None."""
        return self._of_finding("heat map", finding)

    # Displaying

    def display(
        self,
        volume: Any,
        finding: str,
        *,
        map_visible: bool = True,
        opacity: float = 0.5,
        color_table: str = "Inferno",
        box_visible: bool = True,
        segments_visible: bool = False,
    ) -> None:
        """Show the map and box of one finding over ``volume``, and hide those of the others.

        ``color_table`` is a key of `COLOR_TABLES`; ``opacity`` runs from 0 to 1.
        """
        chosen = self.heat_map(finding)
        for heat_map in self.nodes("heat map"):
            heat_map.GetDisplayNode().SetAndObserveColorNodeID(COLOR_TABLES[color_table])
            if heat_map is not chosen or not map_visible:
                slice_views.release(heat_map)
                _show_legend(heat_map, False)
        if chosen is not None and map_visible and volume is not None:
            slice_views.show_over(volume, chosen, opacity)
            _show_legend(chosen, True)
        for box in self.nodes("box"):
            box.GetDisplayNode().SetVisibility(box_visible and box.GetAttribute(_FINDING) == finding)
        for segmentation in self.nodes("segmentation"):
            segmentation.GetDisplayNode().SetVisibility(segments_visible)
        self.keep_with_study()

    def keep_with_study(self) -> None:
        """Show nothing over another image than the one it was read from: not in views whose image changed."""
        for heat_map in self.nodes("heat map"):
            slice_views.release_from_others(heat_map)
        for node in (*self.nodes("box"), *self.nodes("segmentation")):
            slice_views.confine(node)

    # Parts

    def _add_heat_map(self, heat: HeatMap, title: str, array: Any, volume: Any) -> None:
        name = _("{title} heat map").format(title=title)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        self._own(node, "heat map", heat.finding)
        slicer.util.updateVolumeFromArray(node, array)
        node.CopyOrientation(volume)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        self._own(display, "display", heat.finding)
        display.SetAndObserveColorNodeID(COLOR_TABLES["Inferno"])
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(0.0, 1.0)
        display.SetThreshold(min(heat.levels), 1.0)  # clear below the lowest named level: the anatomy stays readable
        display.ApplyThresholdOn()
        legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(node)
        self._own(legend, "legend", heat.finding)
        _style_legend(legend)
        _tie_to(node, volume)

    def _add_box(self, box: Box, finding: str, title: str, volume: Any) -> None:
        name = _("{title} attention box").format(title=title)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
        self._own(node, "box", finding)
        node.CreateDefaultDisplayNodes()
        _fit_box(node, box, volume)
        node.SetLocked(True)
        for point in range(node.GetNumberOfControlPoints()):
            node.SetNthControlPointVisibility(point, False)  # an outline says enough
        display = node.GetDisplayNode()
        self._own(display, "display", finding)
        display.SetFillVisibility(False)
        display.SetHandlesInteractive(False)
        display.SetPropertiesLabelVisibility(False)
        display.SetSelectedColor(0.3, 0.9, 1.0)
        _tie_to(node, volume)

    def _add_segmentation(self, segments: list[Segment], volume: Any) -> None:
        name = _("{name} attention").format(name=volume.GetName())
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        self._own(node, "segmentation")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        display = node.GetDisplayNode()
        self._own(display, "display")
        display.SetVisibility2DFill(False)  # outlines: the map itself fills
        for segment in segments:
            segment_id = node.GetSegmentation().AddEmptySegment("", segment.name, segment.color)
            node.GetSegmentation().GetSegment(segment_id).SetTerminology(segment.terminology)
            slicer.util.updateSegmentBinaryLabelmapFromArray(segment.mask.astype("uint8"), node, segment_id, volume)
        _tie_to(node, volume)

    def _own(self, node: Any, role: str, finding: str = "") -> None:
        node.SetAttribute(OWNER, self._owner)
        node.SetAttribute(ROLE, role)
        if finding:
            node.SetAttribute(_FINDING, finding)

    def _of_finding(self, role: str, finding: str) -> Any:
        return next((node for node in self.nodes(role) if node.GetAttribute(_FINDING) == finding), None)


def _heat_array(path: Path, volume: Any) -> Any:
    """The map's values as ``[k, j, i]``, one for each pixel of ``volume``."""
    import SimpleITK

    try:
        array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), SimpleITK.sitkFloat32))
    except RuntimeError as error:
        raise InputError(_("The heat map cannot be opened; read the study again.")) from error
    return _on_grid(array, volume)


def _segments_on(volume: Any, path: Path) -> list[Segment]:
    segments = read_segments(path)
    for segment in segments:
        _on_grid(segment.mask, volume)
    return segments


def _on_grid(array: Any, volume: Any) -> Any:
    """The array with the three axes of the volume node. Files of 2D pictures may have two."""
    width, height, slices = volume.GetImageData().GetDimensions()
    if array.ndim == 2:
        array = array[None]
    if array.shape != (slices, height, width):
        raise InputError(_("'{name}' changed its size while it was read; read it again.").format(name=volume.GetName()))
    return array


def _fit_box(node: Any, box: Box, volume: Any) -> None:
    """Place the ROI on the half-open index ranges of ``box``: from the outer side of the first pixel to the last's."""
    import vtk

    start = [*box.start, 0][:3]
    stop = [*box.stop, volume.GetImageData().GetDimensions()[2]][:3]
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    center = [(a + b - 1) / 2 for a, b in zip(start, stop, strict=True)]
    directions = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    for row, value in enumerate(to_ras.MultiplyPoint([*center, 1.0])[:3]):
        directions.SetElement(row, 3, value)
    node.SetAndObserveObjectToNodeMatrix(directions)
    node.SetSize([(b - a) * step for a, b, step in zip(start, stop, volume.GetSpacing(), strict=True)])


def _style_legend(legend: Any) -> None:
    """A slim bar at the right edge whose text does not compete with the image."""
    legend.SetVisibility(False)
    legend.SetTitleText(_("Heat map"))
    legend.SetNumberOfLabels(3)
    legend.SetLabelFormat("%.1f")
    legend.SetSize(0.05, 0.30)
    legend.SetPosition(0.97, 0.5)
    for text, size in ((legend.GetTitleTextProperty(), 12), (legend.GetLabelTextProperty(), 11)):
        text.SetFontFamilyToArial()
        text.SetFontSize(size)
        text.SetBold(False)
        text.SetShadow(True)


def _show_legend(heat_map: Any, visible: bool) -> None:
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(heat_map)
    if legend is not None:
        legend.SetVisibility(visible)


def _tie_to(node: Any, volume: Any) -> None:
    """Make the node move with ``volume`` and lie under its study, as exports to DICOM need."""
    node.SetNodeReferenceID(slice_views.STUDY, volume.GetID())
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    place_beside(node, volume)


def place_beside(node: Any, volume: Any) -> None:
    """Put the node under the study of ``volume`` in the subject hierarchy."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None:
        return
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(volume))
    item = hierarchy.GetItemByDataNode(node)
    if parent and item:
        hierarchy.SetItemParent(item, parent)
