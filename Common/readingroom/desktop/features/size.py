"""Whether an image is measured in the size that it is shown in."""

from __future__ import annotations

from typing import Any

import vtk
from slicer.i18n import tr as _

_TOLERANCE = 1e-4  # of a length


def notes_on_size(volume: Any) -> tuple[str, ...]:
    """A sentence where the transforms of the volume node change its size: voxels are measured as they are stored."""
    transform = volume.GetParentTransformNode()
    if transform is None:
        return ()
    if not transform.IsTransformToWorldLinear():
        return (_("The image is bent by its transform; it was measured as it is without."),)
    if not _is_rigid(transform):
        text = _("The transform of the image changes its size; it was measured without. Harden it to measure with it.")
        return (text,)
    return ()


def _is_rigid(transform: Any) -> bool:
    import numpy as np

    to_world = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(to_world)
    axes = np.array([[to_world.GetElement(row, column) for column in range(3)] for row in range(3)])
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=_TOLERANCE))
