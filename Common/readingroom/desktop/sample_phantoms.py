"""Chest CTs and mammography exams that belong to nobody, for first steps: made when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

from .. import examples

if TYPE_CHECKING:
    from ..phantoms.abdomen_mr import AbdomenMR

_SHAPE, _SPACING = (32, 160, 200), (9.0, 1.9, 1.9)  # k, j, i; mm


@dataclass(frozen=True)
class SamplePhantom:
    """A chest; one ``seed`` is one patient.

    Parameters
    ----------
    fibrosis, tumor : planted mL
    emphysema : share of the lungs
    picture : file name of a picture of 128 x 128 pixels beside the examples
    """

    title: str
    seed: int
    fibrosis: float = 0.0
    tumor: float = 0.0
    emphysema: float = 0.0
    picture: str = "chest-ct-phantom.png"

    @property
    def thumbnail(self) -> Path:
        """The picture."""
        return Path(examples.__file__).parent / self.picture

    def voxels(self) -> Any:
        """HU int16 ``[k, j, i]``; ``i`` runs to the left, ``j`` to the back, ``k`` to the head."""
        from ..phantoms.fibrosis_ct import fibrosis_ct
        from ..phantoms.lung_cancer_ct import lung_cancer_ct

        if self.tumor:
            return lung_cancer_ct(self.seed, self.tumor, self.emphysema, _SHAPE, _SPACING).pixels
        return fibrosis_ct(self.seed, self.fibrosis, shape=_SHAPE, spacing=_SPACING).pixels


PHANTOMS = (
    SamplePhantom("Chest CT with fibrosis (phantom)", 4, fibrosis=700.0),
    SamplePhantom("Chest CT, earlier (phantom)", 4, fibrosis=250.0),
    SamplePhantom("Chest CT with a tumor (phantom)", 9, tumor=60.0, emphysema=0.1, picture="tumor-ct-phantom.png"),
)


@dataclass(frozen=True)
class SampleExam:
    """Four views of a woman with a mass in her left breast; one ``seed`` is one woman.

    Parameters
    ----------
    radius, strength : of the mass, see `phantoms.mammogram.Lesion`
    dense : share of dense tissue, which becomes less with the years
    lower : rows by which the breast lies lower on the film: it is never placed twice in one way
    """

    title: str
    seed: int
    date: str
    radius: float = 0.11
    strength: float = 1.6
    dense: float = 0.25
    lower: int = 0
    picture: str = "mammogram-phantom.png"

    @property
    def thumbnail(self) -> Path:
        """The picture."""
        return Path(examples.__file__).parent / self.picture

    def write(self, folder: Path) -> list[Path]:
        """Its DICOM files, in a folder."""
        from scipy import ndimage

        from ..phantoms.mammogram import Lesion, four_views, write_exam

        mass = Lesion(depth=0.5, outer=0.1, upper=-0.2, radius=self.radius, strength=self.strength)
        views = {
            role: replace(one, gray=ndimage.shift(one.gray, (self.lower, 0), order=0, mode="nearest"))
            for role, one in four_views(self.seed, left=[mass], dense=self.dense, rows=960, columns=768).items()
        }
        return list(write_exam(folder, views, self.date, PatientID="PHANTOM-MG").values())


EXAMS = (
    SampleExam("Mammography exam (phantom)", 3, "20240102"),
    SampleExam("Mammography exam, earlier (phantom)", 3, "20220104", radius=0.05, strength=0.7, dense=0.33, lower=15),
)


@dataclass(frozen=True)
class SampleMR:
    """An abdomen on T2-weighted MR whose liver has a carcinoma; one ``seed`` is one patient.

    Parameters
    ----------
    nodules : planted mL
    cirrhosis : 0 to 1
    """

    title: str
    seed: int
    nodules: float
    cirrhosis: float
    picture: str = "liver-mr-phantom.png"

    @property
    def thumbnail(self) -> Path:
        """The picture."""
        return Path(examples.__file__).parent / self.picture

    def made(self) -> AbdomenMR:
        """The abdomen with its masks."""
        from ..phantoms.abdomen_mr import abdomen_mr

        return abdomen_mr(self.seed, nodules_ml=self.nodules, cirrhosis=self.cirrhosis)


MR = SampleMR("Liver MR with a carcinoma (phantom)", 5, nodules=60.0, cirrhosis=0.5)


def load(phantom: SamplePhantom) -> Any:
    """The phantom as a volume node, shown in the slice views."""
    with slicer.util.WaitCursor():
        voxels = phantom.voxels()
    return _shown(voxels, _SPACING, phantom.title)


def load_mr(phantom: SampleMR) -> Any:
    """The phantom as a volume node, shown in the slice views, with a segmentation that holds its liver."""
    with slicer.util.WaitCursor():
        made = phantom.made()
    volume = _shown(made.pixels, made.spacing, phantom.title)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{phantom.title}: liver")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.GetDisplayNode().SetVisibility2DFill(False)
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    liver = segmentation.GetSegmentation().AddEmptySegment("liver", "Liver")
    slicer.util.updateSegmentBinaryLabelmapFromArray(made.liver.astype("uint8"), segmentation, liver, volume)
    return volume


def _shown(voxels: Any, spacing: tuple[float, float, float], title: str) -> Any:
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    for axis, (step, length, sign) in enumerate(zip(reversed(spacing), voxels.shape[::-1], (-1, -1, 1), strict=True)):
        to_ras.SetElement(axis, axis, sign * step)
        to_ras.SetElement(axis, 3, -sign * step * (length - 1) / 2)
    volume = slicer.util.addVolumeFromArray(voxels, to_ras, name=title)
    volume.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume
