"""What every reader of a chest CT shows of it: both lungs as regions, and which of its slices were read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .. import codes
from ..formatting import number_text, percent
from ..reading import Region
from .answer import RegionLayer
from .results import segments_path

if TYPE_CHECKING:
    import SimpleITK

    from ..imaging.lungs import Lungs
    from ..imaging.preprocessing import PreparedSlices
    from ..imaging.volume_input import PreparedVolume

_COLORS = {"right": (0.45, 0.7, 0.95), "left": (0.55, 0.85, 0.6)}


def lung_regions(image: SimpleITK.Image, lungs: Lungs, role: str) -> Iterator[RegionLayer]:
    """Right and left lung on the image in a role, with their volumes."""
    for side, code in (("right", codes.RIGHT_LUNG), ("left", codes.LEFT_LUNG)):
        mask = getattr(lungs, side)
        region = Region(
            f"{side}-lung", f"{side.capitalize()} lung", role, segments_path(role), code,
            volume_ml=float(np.count_nonzero(mask) * voxel_ml(image)), color=_COLORS[side],
        )  # fmt: skip
        yield RegionLayer(region, mask)


def reading_notes(prepared: PreparedSlices | PreparedVolume, lungs: Lungs) -> Iterator[str]:
    """What of a CT was read, in sentences, where it was not all of it."""
    from ..imaging.preprocessing import PreparedSlices

    if prepared.grid is not prepared.volume:
        spacing = " x ".join(number_text(step, 3) for step in prepared.grid.GetSpacing())
        yield f"The CT was resampled to voxels of {spacing} mm before it was read."
    where = "outside of what was read"
    if isinstance(prepared, PreparedSlices):
        slices, total = np.unique(prepared.numbers), prepared.grid.GetSize()[2]
        if len(slices) < total:
            gaps = "; between them the map is interpolated" if len(slices) <= slices[-1] - slices[0] else ""
            yield f"{len(slices)} of {total} slices were read, evenly spaced among those that hold enough lung{gaps}."
        where = "above or below the slices that were read"
    sides = (lungs.right, lungs.left)
    beyond = 1 - sum(map(prepared.count_reached, sides)) / sum(map(np.count_nonzero, sides))
    if beyond >= 0.005:
        yield f"{percent(beyond)} of the lungs lies {where}: the map is 0 there."


def voxel_ml(image: SimpleITK.Image) -> float:
    """Volume of a voxel."""
    return float(np.prod(image.GetSpacing())) / 1000
