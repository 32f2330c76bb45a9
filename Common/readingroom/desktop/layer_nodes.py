"""How heat maps, boxes and segments are made into nodes that Slicer shows well. Each function may be called again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slicer
import vtk

from ..imaging.segments import Segment
from ..reading import Box
from .layer_files import Grid, SegmentLayer

COLOR_TABLES = {name: f"vtkMRMLColorTableNodeFile{name}.txt" for name in ("Inferno", "Magma", "Plasma", "Viridis")}
COLOR_TABLES["ColdToHotRainbow"] = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt"

_AT_LEFT, _AT_RIGHT = 0.03, 0.97  # of the width of a view
_LEVEL = "ReadingRoom.level"  # tag of a segment that is a level of a map, not a region
_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


def fill_heat_map(
    node: Any,
    grid: Grid,
    lowest: float,
    legend: str,
    window: tuple[float, float] = (0.0, 1.0),
    highest: float = 1.0,
    numbers: str = "%.1f",
) -> None:
    """Put a heat map into a volume node; it is clear below the ``lowest`` level, so the anatomy stays readable.

    ``legend`` stands above its colors, which run over the ``window`` and are labeled with ``numbers``; nothing is above
    ``highest``.
    """
    node.SetIJKToRASMatrix(grid.to_ras)
    slicer.util.updateVolumeFromArray(node, grid.array)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetAndObserveColorNodeID(COLOR_TABLES["Inferno"])
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*window)
    display.SetThreshold(lowest, highest)
    display.ApplyThresholdOn()
    if legend_of(node) is None:
        _style_legend(slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(node))
    legend_of(node).SetTitleText(legend)
    legend_of(node).SetLabelFormat(numbers)


def fill_box(node: Any, box: Box, grid: Grid) -> None:
    """Place a locked ROI along the outer sides of the pixels of ``box``."""
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    _fit(node, box, grid)
    node.SetLocked(True)
    for point in range(node.GetNumberOfControlPoints()):
        node.SetNthControlPointVisibility(point, False)  # an outline says enough
    display = node.GetDisplayNode()
    display.SetFillVisibility(False)
    display.SetHandlesInteractive(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetSelectedColor(0.3, 0.9, 1.0)


def fill_segmentation(
    node: Any, layer: SegmentLayer, volume: Any, regions: Sequence[str], kept: Sequence[str] = ()
) -> None:
    """Put segments into a segmentation on ``volume``; those not named in ``regions`` are levels of a map.

    Segments named in ``kept`` stay as they are where they are there already.
    """
    with slicer.util.NodeModify(node):
        if node.GetDisplayNode() is None:
            node.CreateDefaultDisplayNodes()
            node.GetDisplayNode().SetVisibility2DFill(False)  # outlines: the map itself fills
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentation = node.GetSegmentation()
        for segment_id in set(segmentation.GetSegmentIDs()) - {segment.id for segment in layer.segments} - set(kept):
            segmentation.RemoveSegment(segment_id)
        segmentation.SetSourceRepresentationName(_LABELMAP)
        for segment in layer.segments:
            if segment.id in kept and segmentation.GetSegment(segment.id) is not None:
                continue
            made = _segment(segment, layer)
            if segment.id not in regions:
                made.SetTag(_LEVEL, "1")
            if _replace_pixels(node, segment.id, made):
                continue
            if segmentation.GetSegment(segment.id) is not None:
                segmentation.RemoveSegment(segment.id)
            segmentation.AddSegment(made, segment.id)


def correct_segments(node: Any, masks: Mapping[str, Any], to_ras: Any) -> None:
    """Give segments that are there other voxels, ``[k, j, i]``; names and colors stay."""
    for segment_id, mask in masks.items():
        present = node.GetSegmentation().GetSegment(segment_id)
        if present is not None:
            same = Segment(segment_id, present.GetName(), present.GetColor(), mask)
            made = _segment(same, SegmentLayer([], to_ras))
            made.SetTerminology(present.GetTerminology())
            _replace_pixels(node, segment_id, made)


def show_segments(node: Any, levels_visible: bool, regions_visible: bool) -> None:
    """Show or hide the levels of maps and the regions."""
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    any_visible = False
    for segment_id in segmentation.GetSegmentIDs():
        is_level = segmentation.GetSegment(segment_id).HasTag(_LEVEL)
        visible = levels_visible if is_level else regions_visible
        display.SetSegmentVisibility(segment_id, visible)
        any_visible = any_visible or visible
    display.SetVisibility(any_visible)


def has_levels(node: Any) -> bool:
    """Whether any of its segments is a level of a map."""
    segmentation = node.GetSegmentation()
    return any(segmentation.GetSegment(segment_id).HasTag(_LEVEL) for segment_id in segmentation.GetSegmentIDs())


def legend_of(heat_map: Any) -> Any:
    """The color legend of a heat map, or None."""
    return slicer.modules.colors.logic().GetColorLegendDisplayNode(heat_map)


def show_legend(heat_map: Any, visible: bool, at_left: bool = False) -> None:
    """Show or hide the color legend of a heat map, at the right edge of the view or at its left."""
    legend = legend_of(heat_map)
    if legend is not None:
        legend.SetPosition(_AT_LEFT if at_left else _AT_RIGHT, 0.5)
        legend.SetVisibility(visible)


def _style_legend(legend: Any) -> None:
    """A slim bar at the right edge whose text does not compete with the image."""
    legend.SetVisibility(False)
    legend.SetNumberOfLabels(3)
    legend.SetSize(0.05, 0.30)
    for text, size in ((legend.GetTitleTextProperty(), 12), (legend.GetLabelTextProperty(), 11)):
        text.SetFontFamilyToArial()
        text.SetFontSize(size)
        text.SetBold(False)
        text.SetShadow(True)


def _fit(node: Any, box: Box, grid: Grid) -> None:
    """Place the ROI on the half-open index ranges of ``box``: from the outer side of the first pixel to the last's."""
    start = [*(at / grid.block for at in box.start), 0][:3]
    stop = [*(at / grid.block for at in box.stop), len(grid.array)][:3]
    place = vtk.vtkMatrix4x4()
    sizes = []
    for column in range(3):
        axis = [grid.to_ras.GetElement(row, column) for row in range(3)]
        step = vtk.vtkMath.Norm(axis)
        sizes.append((stop[column] - start[column]) * step)
        for row in range(3):
            place.SetElement(row, column, axis[row] / step)
    center = [(a + b - 1) / 2 for a, b in zip(start, stop, strict=True)]
    for row, value in enumerate(grid.to_ras.MultiplyPoint([*center, 1.0])[:3]):
        place.SetElement(row, 3, value)
    node.SetAndObserveObjectToNodeMatrix(place)
    node.SetSize(sizes)


def _replace_pixels(node: Any, segment_id: str, made: Any) -> bool:
    """Give a segment that is there already the pixels of ``made``, so that who has chosen it keeps it; False if not."""
    present = node.GetSegmentation().GetSegment(segment_id)
    pixels = present.GetRepresentation(_LABELMAP) if present is not None else None
    new = made.GetRepresentation(_LABELMAP)
    if pixels is None or not _lie_alike(pixels, new):
        return False
    present.SetName(made.GetName())
    present.SetColor(made.GetColor())
    present.SetTerminology(made.GetTerminology())
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    return bool(logic.SetBinaryLabelmapToSegment(new, node, segment_id, logic.MODE_REPLACE))


def _lie_alike(one: Any, other: Any) -> bool:
    """Whether two oriented images have one grid; each may cover another part of it."""
    matrices = []
    for image in (one, other):
        matrix = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(matrix)
        matrices.append([matrix.GetElement(row, column) for row in range(4) for column in range(4)])
    return all(abs(a - b) < 1e-6 for a, b in zip(*matrices, strict=True))


def _segment(segment: Segment, layer: SegmentLayer) -> Any:
    """A ``vtkSegment`` with its own binary labelmap: segments may overlap."""
    import numpy as np
    from vtk.util.numpy_support import numpy_to_vtk

    mask = np.asarray(segment.mask)
    extent = [end for at, size in zip(layer.first, mask.shape[::-1], strict=True) for end in (at, at + size - 1)]
    labelmap = slicer.vtkOrientedImageData()
    labelmap.SetExtent(*extent)
    labelmap.GetPointData().SetScalars(numpy_to_vtk(mask.astype("uint8").ravel(), deep=True))
    labelmap.SetImageToWorldMatrix(layer.to_ras)
    made = slicer.vtkSegment()
    made.SetName(segment.name)
    made.SetColor(segment.color)
    made.SetTerminology(segment.terminology)
    made.AddRepresentation(_LABELMAP, labelmap)
    return made
