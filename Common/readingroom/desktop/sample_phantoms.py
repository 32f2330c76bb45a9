"""Chest CTs that belong to nobody, for first steps with a reader of volumes: made when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from .. import examples

_SHAPE, _SPACING = (32, 160, 200), (9.0, 1.9, 1.9)  # k, j, i; mm


@dataclass(frozen=True)
class SamplePhantom:
    """A chest with ``ml`` of planted fibrosis; one ``seed`` is one patient."""

    title: str
    seed: int
    ml: float

    @property
    def thumbnail(self) -> Path:
        """A picture of 128 x 128 pixels."""
        return Path(examples.__file__).parent / "chest-ct-phantom.png"


PHANTOMS = (
    SamplePhantom("Chest CT with fibrosis (phantom)", 4, 700.0),
    SamplePhantom("Chest CT, earlier (phantom)", 4, 250.0),
)


def load(phantom: SamplePhantom) -> Any:
    """The phantom as a volume node, shown in the slice views."""
    import vtk

    from ..phantoms.fibrosis_ct import fibrosis_ct

    with slicer.util.WaitCursor():
        made = fibrosis_ct(phantom.seed, phantom.ml, shape=_SHAPE, spacing=_SPACING)
    to_ras = vtk.vtkMatrix4x4()  # its arrays run to the left, to the back and to the head
    for axis, (step, length, sign) in enumerate(zip(reversed(_SPACING), reversed(_SHAPE), (-1, -1, 1), strict=True)):
        to_ras.SetElement(axis, axis, sign * step)
        to_ras.SetElement(axis, 3, -sign * step * (length - 1) / 2)
    volume = slicer.util.addVolumeFromArray(made.pixels, to_ras, name=phantom.title)
    volume.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume
