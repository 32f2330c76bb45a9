"""The feature maps of a panel in the scene: colored volumes over the image, one of which is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ...radiomics import feature_classes
from .. import layer_nodes, slice_views
from ..layer_files import Grid
from ..owned_nodes import KEY, STUDY, OwnedNodes, tie_to
from ..owned_nodes import ROLE as OWNED_AS
from .image_types import image_title

ROLE = "feature map"
BEFORE = "feature map before an edit"
CHANGE = "change of a feature map"
OUTSIDE = -1e15  # what the worker writes outside the segment; no feature is so low

_SEGMENTATION = "ReadingRoomSegmentation"  # node reference role
_SEGMENT = "ReadingRoom.segment"  # attributes
_FEATURE = "ReadingRoom.feature"
_RADIUS = "ReadingRoom.kernelRadius"
_IMAGE = "ReadingRoom.image"
_PARAMETERS = "ReadingRoom.parameters"
_LOWEST = "ReadingRoom.lowest"
_MADE_OF = "ReadingRoom.madeOf"
_OUTDATED = "ReadingRoom.outdated"


@dataclass(frozen=True)
class MapChoice:
    """What is mapped: a feature (``glcm_Contrast``) over a segment, in boxes that reach ``radius`` voxels.

    ``image`` is the original or a filtered one (``wavelet-LLH``) that the ``parameters``, which are PyRadiomics', have.
    """

    volume: Any
    segmentation: Any
    segment: str
    feature: str
    radius: int
    image: str = "original"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Of the node: one for each segment, image, feature and radius."""
        return f"{self.segmentation.GetID()}/{self.segment}/{self.image}/{self.feature}/{self.radius}"

    def title(self, separator: str = ", ") -> str:
        """``Contrast (glcm)``, and of which image if that was filtered."""
        name = feature_name(self.feature)
        return name if self.image == "original" else f"{name}{separator}{image_title(self.image)}"


class FeatureMapNodes:
    """The maps that a panel owns. Maps of the user, copies among them, are never touched.

    Parameters
    ----------
    owner : name of the panel
    """

    def __init__(self, owner: str) -> None:
        self._owned = OwnedNodes(owner)

    def all(self) -> list[Any]:
        """In the order they were made, each with the one from before an edit and the change after it."""
        roles = (ROLE, BEFORE, CHANGE)
        keys = dict.fromkeys(node.GetAttribute(KEY) for role in roles for node in self._owned.all(role))
        return [node for key in keys for role in roles if (node := self._owned.find(role, key)) is not None]

    def made(self) -> list[Any]:
        """The maps of segments as they are, or were when they were mapped."""
        return self._owned.all(ROLE)

    def find(self, choice: MapChoice) -> Any:
        """The map of this choice, or None."""
        return self._owned.find(ROLE, choice.key)

    def before(self, node: Any) -> Any:
        """The map from before the first edit of the segment that ``node`` is a map of, or None."""
        return self._owned.find(BEFORE, node.GetAttribute(KEY))

    def show(self, choice: MapChoice, grid: Grid, made_of: str) -> Any:
        """Put a map into the scene, in place of an earlier one of the same choice, and show it.

        ``made_of`` is the digest of the segment's mask. Where it is not what the earlier one was made of, that stays in
        the scene beside the new one, with the change between the two as a volume; of several edits the map from before
        the first stays. Outside the segment the volume is 0, or below all of the map's values where these reach to 0.
        """
        earlier = self.find(choice)
        before = self._owned.find(BEFORE, choice.key)
        edited = earlier is not None and self.made_of(earlier) != made_of
        comparable = edited and _comparable(earlier, choice)
        if comparable and before is None:
            before = self._fill(BEFORE, choice, values_of(earlier))
        elif not comparable:
            self._drop([self._owned.find(role, choice.key) for role in (BEFORE, CHANGE)])
            before = None
        node = self._fill(ROLE, choice, grid)
        node.SetAttribute(_MADE_OF, made_of)
        self.mark(node, outdated=False)
        if before is not None:
            self._show_change(choice, change(values_of(node), values_of(before)))
        self.choose(node)
        return node

    def _show_change(self, choice: MapChoice, grid: Grid) -> None:
        """Put the change into the scene; no volume where the maps have no voxel in common."""
        known = self._owned.find(CHANGE, choice.key)
        if (grid.array == OUTSIDE).all():
            self._drop([known])
            return
        node = self._fill(CHANGE, choice, grid)
        if known is None:  # else the person may have chosen other colors
            node.GetDisplayNode().SetAndObserveColorNodeID(layer_nodes.COLOR_TABLES["ColdToHotRainbow"])

    def _fill(self, role: str, choice: MapChoice, grid: Grid) -> Any:
        """Let the node of a role hold these values."""
        import numpy as np

        inside = (grid.array != OUTSIDE) & np.isfinite(grid.array)
        values = grid.array[inside] if inside.any() else np.zeros(1)
        lowest, highest = float(values.min()), float(values.max())
        outside = 0.0 if lowest > 0 else lowest - max(highest - lowest, 1.0)
        low, high = (float(each) for each in np.percentile(values, [1, 99]))
        if role == CHANGE:
            low, high = -max(-low, high), max(-low, high)
        window = (low, high) if high > low else (lowest, lowest + max(abs(lowest), 1.0))
        text, legend = {
            ROLE: (_("{segment} {feature}, radius {radius}"), "{feature}"),
            BEFORE: (_("{segment} {feature}, radius {radius}, before the edit"), "{feature}"),
            CHANGE: (_("{segment} {feature}, radius {radius}, change"), _("Change of {feature}")),
        }[role]
        segment = choice.segmentation.GetSegmentation().GetSegment(choice.segment).GetName()
        name = text.format(segment=segment, feature=choice.title(), radius=choice.radius)
        node = self._owned.get_or_add("vtkMRMLScalarVolumeNode", role, choice.key, name)
        filled = Grid(np.where(inside, grid.array, outside), grid.to_ras)
        legend = legend.format(feature=choice.title("\n"))
        layer_nodes.fill_heat_map(node, filled, lowest, legend, window, highest, "%.3g")
        node.SetNodeReferenceID(_SEGMENTATION, choice.segmentation.GetID())
        attributes = {
            _SEGMENT: choice.segment,
            _FEATURE: choice.feature,
            _RADIUS: str(choice.radius),
            _IMAGE: choice.image,
            _PARAMETERS: json.dumps(choice.parameters),
            _LOWEST: repr(lowest) if inside.any() else "inf",
        }
        for attribute, value in attributes.items():
            node.SetAttribute(attribute, value)
        tie_to(node, choice.volume)
        for number in range(node.GetNumberOfDisplayNodes()):
            self._owned.own(node.GetNthDisplayNode(number), "display", choice.key)
        return node

    def choose(self, chosen: Any) -> None:
        """Show this map over its image; None for no map."""
        for node in self.all():
            volume = node.GetNodeReference(STUDY)
            shown = node is chosen and volume is not None
            if shown:
                slice_views.show_over(volume, node, 0.7)
            else:
                slice_views.release(node)
            layer_nodes.show_legend(node, shown)
        self.keep_with_study()

    def keep_with_study(self) -> None:
        """Show nothing over another image than the one that was mapped."""
        for node in self.all():
            slice_views.release_from_others(node)
            legend = layer_nodes.legend_of(node)
            if legend is not None:
                slice_views.confine_to_map(legend, node)

    def remove(self, node: Any) -> None:
        """Take a map out of the scene, with what it is compared with, and give the slice views back what they showed.

        The one from before an edit, or the change, can be removed alone.
        """
        key = node.GetAttribute(KEY)
        whole = node in self.made()
        self._drop([each for each in self.all() if each is node or (whole and each.GetAttribute(KEY) == key)])

    def _drop(self, nodes: list[Any]) -> None:
        """Take those that are there out of the scene and out of the slice views."""
        present = [node for node in nodes if node is not None]
        for node in present:
            slice_views.release(node)
        self._owned.remove(present)

    def mark(self, node: Any, outdated: bool) -> None:
        """Say on the node whether its segment was edited since."""
        node.SetAttribute(_OUTDATED, "1" if outdated else None)

    @staticmethod
    def is_outdated(node: Any) -> bool:
        """Whether its segment was edited since it was made."""
        return bool(node.GetAttribute(_OUTDATED))

    @staticmethod
    def made_of(node: Any) -> str:
        """The digest of the mask that it was made of."""
        return str(node.GetAttribute(_MADE_OF) or "")

    @staticmethod
    def choice_of(node: Any) -> MapChoice | None:
        """What a map is of; None where its image, segmentation or segment is gone."""
        volume, segmentation = node.GetNodeReference(STUDY), node.GetNodeReference(_SEGMENTATION)
        segment = str(node.GetAttribute(_SEGMENT) or "")
        if volume is None or segmentation is None or segmentation.GetSegmentation().GetSegment(segment) is None:
            return None
        feature, radius, image = (node.GetAttribute(name) for name in (_FEATURE, _RADIUS, _IMAGE))
        parameters = json.loads(node.GetAttribute(_PARAMETERS))
        return MapChoice(volume, segmentation, segment, feature, int(radius), image, parameters)


def feature_name(feature: str) -> str:
    """``Contrast (glcm)`` for ``glcm_Contrast``."""
    feature_class, _separator, name = feature.partition("_")
    return f"{name} ({feature_class})"


def features(ibsi: bool = False) -> list[str]:
    """All features that have maps, class by class; with the definitions of IBSI those that it alone has as well."""
    classes = [name for name in feature_classes.DEFAULT if name not in feature_classes.SHAPES]
    return [f"{name}_{feature}" for name in classes for feature in feature_classes.names(name, ibsi)]


def is_change(node: Any) -> bool:
    """Whether it holds the change between two maps."""
    return bool(node.GetAttribute(OWNED_AS) == CHANGE)


def values_of(node: Any) -> Grid:
    """What a map holds, `OUTSIDE` where its segment is not."""
    import numpy as np

    array = slicer.util.arrayFromVolume(node)
    to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)
    return Grid(np.where(array >= float(node.GetAttribute(_LOWEST)), array, OUTSIDE), to_ras)


def mean_of(node: Any) -> float:
    """The mean over the segment; NaN where no voxel has a value."""
    import math

    array = values_of(node).array
    inside = array != OUTSIDE
    return float(array[inside].mean()) if inside.any() else math.nan


def change(now: Grid, before: Grid) -> Grid:
    """How much more there is ``now`` where both maps have values, which lie on one grid; nowhere if they do not."""
    import numpy as np

    step = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(before.to_ras, step)
    vtk.vtkMatrix4x4.Multiply4x4(step, now.to_ras, step)
    shift = [round(step.GetElement(axis, 3)) for axis in (2, 1, 0)]  # of the first voxel now, counted before
    moved = np.full_like(now.array, OUTSIDE)
    sizes = zip(shift, now.array.shape, before.array.shape, strict=True)
    here = [slice(max(0, -first), max(0, min(size, other - first))) for first, size, other in sizes]
    there = tuple(slice(part.start + first, part.stop + first) for part, first in zip(here, shift, strict=True))
    axes = np.array([[step.GetElement(row, column) for column in range(3)] for row in range(3)])
    if np.allclose(axes, np.eye(3), atol=1e-6) and all(part.stop > part.start for part in here):
        moved[tuple(here)] = before.array[there]
    both = (now.array != OUTSIDE) & (moved != OUTSIDE)
    return Grid(np.where(both, now.array - moved, OUTSIDE), now.to_ras)


def _comparable(node: Any, choice: MapChoice) -> bool:
    """Whether a map is of the same image, and was made with the same parameters."""
    same = json.loads(node.GetAttribute(_PARAMETERS)) == json.loads(json.dumps(choice.parameters))
    return bool(same and node.GetNodeReference(STUDY) is choice.volume)
