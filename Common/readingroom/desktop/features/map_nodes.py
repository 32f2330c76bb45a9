"""The feature maps of a panel in the scene: colored volumes over the image, one of which is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slicer.i18n import tr as _

from ...radiomics import feature_classes
from .. import layer_nodes, slice_views
from ..layer_files import Grid
from ..owned_nodes import STUDY, OwnedNodes, tie_to
from .image_types import image_title

ROLE = "feature map"
OUTSIDE = -1e15  # what the worker writes outside the segment; no feature is so low

_SEGMENTATION = "ReadingRoomSegmentation"  # node reference role
_SEGMENT = "ReadingRoom.segment"  # attributes
_FEATURE = "ReadingRoom.feature"
_RADIUS = "ReadingRoom.kernelRadius"
_IMAGE = "ReadingRoom.image"
_PARAMETERS = "ReadingRoom.parameters"
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

    @property
    def title(self) -> str:
        """``Contrast (glcm)``, and of which image if that was filtered."""
        name = feature_name(self.feature)
        return name if self.image == "original" else f"{name}, {image_title(self.image)}"


class FeatureMapNodes:
    """The maps that a panel owns. Maps of the user, copies among them, are never touched.

    Parameters
    ----------
    owner : name of the panel
    """

    def __init__(self, owner: str) -> None:
        self._owned = OwnedNodes(owner)

    def all(self) -> list[Any]:
        """In the order they were made."""
        return self._owned.all(ROLE)

    def show(self, choice: MapChoice, grid: Grid) -> Any:
        """Put a map into the scene, in place of an earlier one of the same choice, and show it.

        Outside the segment the volume is 0, or below all of the map's values where these reach down to 0.
        """
        import numpy as np

        inside = (grid.array != OUTSIDE) & np.isfinite(grid.array)
        values = grid.array[inside] if inside.any() else np.zeros(1)
        lowest, highest = float(values.min()), float(values.max())
        outside = 0.0 if lowest > 0 else lowest - max(highest - lowest, 1.0)
        low, high = (float(each) for each in np.percentile(values, [1, 99]))
        window = (low, high) if high > low else (lowest, lowest + max(abs(lowest), 1.0))
        node = self._owned.get_or_add("vtkMRMLScalarVolumeNode", ROLE, choice.key, _name(choice))
        filled = Grid(np.where(inside, grid.array, outside), grid.to_ras)
        layer_nodes.fill_heat_map(node, filled, lowest, choice.title, window, highest, "%.3g")
        node.SetNodeReferenceID(_SEGMENTATION, choice.segmentation.GetID())
        node.SetAttribute(_SEGMENT, choice.segment)
        node.SetAttribute(_FEATURE, choice.feature)
        node.SetAttribute(_RADIUS, str(choice.radius))
        node.SetAttribute(_IMAGE, choice.image)
        node.SetAttribute(_PARAMETERS, json.dumps(choice.parameters))
        self.mark(node, outdated=False)
        tie_to(node, choice.volume)
        for number in range(node.GetNumberOfDisplayNodes()):
            self._owned.own(node.GetNthDisplayNode(number), "display", choice.key)
        self.choose(node)
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
        """Take a map out of the scene and give the slice views back what they showed before."""
        slice_views.release(node)
        self._owned.remove([node])

    def mark(self, node: Any, outdated: bool) -> None:
        """Say on the node whether its segment was edited since."""
        node.SetAttribute(_OUTDATED, "1" if outdated else None)

    @staticmethod
    def is_outdated(node: Any) -> bool:
        """Whether its segment was edited since it was made."""
        return bool(node.GetAttribute(_OUTDATED))

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


def features() -> list[str]:
    """All features that have maps, class by class."""
    classes = [name for name in feature_classes.DEFAULT if name not in feature_classes.SHAPES]
    return [f"{name}_{feature}" for name in classes for feature in feature_classes.NAMES[name]]


def _name(choice: MapChoice) -> str:
    segment = choice.segmentation.GetSegmentation().GetSegment(choice.segment).GetName()
    text = _("{segment} {feature}, radius {radius}")
    return text.format(segment=segment, feature=choice.title, radius=choice.radius)
