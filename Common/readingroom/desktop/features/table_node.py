"""The table node that keeps the features of one segmentation in the scene. Tables of the user are never touched."""

from __future__ import annotations

import math
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..owned_nodes import OWNER, ROLE, place_beside
from .results import MeasuredSegment, Results, group_of

_FEATURES = "features"
_KEPT = "ReadingRoom.features"  # attribute: the results as text, from which panels draw
_SEGMENTATION = "ReadingRoomSegmentation"  # node reference roles
_IMAGE = "ReadingRoomImage"


def find_table(owner: str, segmentation: Any) -> Any:
    """The table of this segmentation, or None."""
    if segmentation is None:
        return None
    own = (table for table in tables(owner) if table.GetNodeReferenceID(_SEGMENTATION) == segmentation.GetID())
    return next(own, None)


def tables(owner: str) -> list[Any]:
    """All tables of features that a module owns, in the order they were made."""
    found = slicer.util.getNodesByClass("vtkMRMLTableNode")
    return [node for node in found if node.GetAttribute(OWNER) == owner and node.GetAttribute(ROLE) == _FEATURES]


def show_results(owner: str, results: Results, volume: Any, segmentation: Any) -> Any:
    """Write the results into the table of this segmentation, made if need be; other tables stay as they are."""
    node = find_table(owner, segmentation)
    if node is None:
        name = _("{name} features").format(name=segmentation.GetName())
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        node.SetAttribute(OWNER, owner)
        node.SetAttribute(ROLE, _FEATURES)
        node.SetNodeReferenceID(_SEGMENTATION, segmentation.GetID())
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)  # cells are not for typing; the node can be copied and saved like any other
    with slicer.util.NodeModify(node):
        node.SetNodeReferenceID(_IMAGE, volume.GetID())
        node.SetAttribute(_KEPT, results.to_json())
        node.SetAndObserveTable(_table(results))
    place_beside(node, volume)
    return node


def kept_text(table: Any) -> str:
    """What `kept_results` understands; asked before, because understanding takes a moment."""
    return str(table.GetAttribute(_KEPT) or "")


def kept_results(table: Any) -> Results | None:
    """What the table was made of; None when another version of ReadingRoom made it."""
    try:
        return Results.from_json(kept_text(table))
    except ValueError:
        return None


def image_of(table: Any) -> Any:
    """The volume node that was measured, or None when it is gone."""
    return table.GetNodeReference(_IMAGE)


def segmentation_of(table: Any) -> Any:
    """The segmentation node that was measured, or None when it is gone."""
    return table.GetNodeReference(_SEGMENTATION)


def _table(results: Results) -> Any:
    """Class, feature and unit, then of each segment the value and what else is known."""
    features = results.features
    table = vtk.vtkTable()
    _add_texts(table, _("Class"), [group_of(feature) for feature in features])
    _add_texts(table, _("Feature"), list(features))
    _add_texts(table, _("Unit"), [results.unit(feature) for feature in features])
    for segment in results.measured:
        _add_segment(table, segment, features)
    return table


def _add_segment(table: Any, segment: MeasuredSegment, features: tuple[str, ...]) -> None:
    now, before, score = segment.now, segment.before, segment.now.score
    values = [now.value(feature) for feature in features]
    _add_numbers(table, segment.name, values)
    if before is not None:
        earlier = [before.value(feature) for feature in features]
        _add_numbers(table, _("{segment}, before").format(segment=segment.name), earlier)
        change = [a - b for a, b in zip(values, earlier, strict=True)]
        _add_numbers(table, _("{segment}, change").format(segment=segment.name), change)
    if score is not None and score.percentiles:
        ranks = [score.percentiles.get(feature, math.nan) for feature in features]
        _add_numbers(table, _("{segment}, cohort percentile").format(segment=segment.name), ranks)
    if score is not None and score.unstable:
        marks = [_("unstable") if feature in score.unstable else "" for feature in features]
        _add_texts(table, _("{segment}, stability").format(segment=segment.name), marks)


def _add_texts(table: Any, title: str, texts: list[str]) -> None:
    column = vtk.vtkStringArray()
    column.SetName(_unused(table, title))
    for text in texts:
        column.InsertNextValue(text)
    table.AddColumn(column)


def _add_numbers(table: Any, title: str, numbers: list[float]) -> None:
    column = vtk.vtkDoubleArray()
    column.SetName(_unused(table, title))
    for number in numbers:
        column.InsertNextValue(number)
    table.AddColumn(column)


def _unused(table: Any, title: str) -> str:
    """A title that no column has: two segments may bear one name."""
    number, name = 2, title
    while table.GetColumnByName(name) is not None:
        name, number = f"{title} ({number})", number + 1
    return name
