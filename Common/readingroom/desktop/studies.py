"""The images in the scene that a person may want to have read."""

from __future__ import annotations

from typing import Any

import slicer

from .layers import OWNER


def studies_in_scene() -> list[Any]:
    """All volumes with gray values or colors, in the order they were loaded; not what ReadingRoom made itself."""
    return [
        volume
        for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        if not volume.GetHideFromEditors()
        and not volume.IsA("vtkMRMLLabelMapVolumeNode")
        and volume.GetAttribute(OWNER) is None
    ]
