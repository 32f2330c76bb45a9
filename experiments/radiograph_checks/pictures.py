"""Public pictures that the checks are to pass or to stop; patients of one half may teach them something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.csv_table import read_csv
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.study import StudyImage

ADULTS = "frontal chest radiographs, adults and children of several hospitals"
CHILDREN = "frontal chest radiographs, children of 1 to 5 years"
FILMS = (ADULTS, CHILDREN)
CORONAL = "coronal CT slices of a chest, which resemble a frontal radiograph"
FRONTAL_SUM = "frontal views computed from chest CT, which resemble a frontal radiograph"
_FILM_FOLDERS = {"cxr": ADULTS, "cxr_nih_extra": ADULTS, "cxr_nih_more": ADULTS, "cxr_kermany": CHILDREN}
_WINDOWS = {"lung": (-1350.0, 150.0), "soft tissue": (-160.0, 240.0)}  # HU
_ANGLES = range(-10, 11, 2)  # degrees about the long axis
_LEAST_SIDE = 150  # pixels; smaller ones are stopped for their size


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture ``[j, i]``, 0 to 1, and what it is; ``patient`` is a patient, or what comes closest to one."""

    kind: str
    patient: str
    gray: NDArray[np.floating]

    @property
    def is_film(self) -> bool:
        return self.kind in FILMS

    @property
    def teaches(self) -> bool:
        """Whether the patient is in the half that limits and networks are fitted on."""
        return int(hashlib.sha256(f"half:{self.patient}".encode()).hexdigest(), 16) % 2 == 0


def films(data: Path) -> Iterator[Picture]:
    """All frontal chest radiographs of ``data``."""
    for folder, kind in _FILM_FOLDERS.items():
        for row in read_csv(data / folder / "labels.csv").records(needed=("file", "patient_id")):
            yield Picture(kind, row["patient_id"], _gray(data / folder / row["file"]))


def others(data: Path) -> Iterator[Picture]:
    """Pictures of ``data`` that are no frontal chest radiographs, and the two kinds that resemble one."""
    for path in sorted((data / "covid_ct").glob("*/*.jpg")):
        yield Picture("CT slices, axial, as pictures", path.stem, _gray(path))
    for path in sorted((data / "mammo" / "images").glob("*.jpg")):
        yield Picture("mammograms, screen-film", path.stem, _gray(path))
    for path in sorted((data / "mammo_fourview").rglob("*.png")):
        if "masks" not in path.parts:
            yield Picture("mammograms, four views", path.parent.name, _gray(path))
    for name, volume in _chests(data):
        yield from _slices(name, volume)
        yield from _sums(name, volume)


def _gray(path: Path) -> NDArray[np.floating]:
    return load_radiograph(StudyImage(role="frontal", path=path, rendered=True)).gray


def _chests(data: Path) -> Iterator[tuple[str, SimpleITK.Image]]:
    files = {
        "LUNG1-001": "lung_ct/LUNG1-001/ct.nii.gz",
        "LIDC-IDRI-0314": "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz",
        "TotalSegmentator": "totalseg_examples/example_ct.nii.gz",
    }
    for name, file in files.items():
        yield name, SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(data / file)), "LPS")
    (folder,) = (path for path in (data / "ct_lungdx" / "Lung_Dx-A0002").iterdir() if path.is_dir())
    series = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    yield "Lung_Dx-A0002", SimpleITK.DICOMOrient(SimpleITK.ReadImage(series), "LPS")


def _slices(name: str, volume: SimpleITK.Image) -> Iterator[Picture]:
    voxels, spacing = SimpleITK.GetArrayFromImage(volume), volume.GetSpacing()
    square = (spacing[2] / spacing[0], 1)
    for window, (low, high) in _WINDOWS.items():
        gray = np.clip((voxels - low) / (high - low), 0, 1).astype(np.float32)
        cuts = [(f"CT slices, axial, {window}", gray[k]) for k in range(0, gray.shape[0], 2)]
        cuts += [(CORONAL, ndimage.zoom(gray[::-1, j], square, order=1)) for j in range(0, gray.shape[1], 4)]
        sagittal = f"CT slices, sagittal, {window}"
        cuts += [(sagittal, ndimage.zoom(gray[::-1, :, i], square, order=1)) for i in range(0, gray.shape[2], 4)]
        yield from (Picture(kind, name, cut) for kind, cut in cuts if np.ptp(cut) > 0)


def _sums(name: str, volume: SimpleITK.Image) -> Iterator[Picture]:
    """What X-rays would have left of their way through the body, to the front and to both sides."""
    voxels, spacing = SimpleITK.GetArrayFromImage(volume), volume.GetSpacing()
    square = (spacing[2] / spacing[0], 1)
    density = np.clip((voxels + 1000.0) / 1000, 0, 3).astype(np.float32)
    for angle in _ANGLES:
        turned = ndimage.rotate(density, angle, axes=(1, 2), reshape=False, order=1)
        for kind, axis, step in ((FRONTAL_SUM, 1, 1), ("side views computed from chest CT", 2, 1),
                                 ("side views computed from chest CT", 2, -1)):  # fmt: skip
            shadow = ndimage.zoom(turned.sum(axis)[::-1, ::step], square, order=1)
            shadow = ndimage.zoom(shadow, max(1.0, 256 / min(shadow.shape)), order=1)
            low, high = np.percentile(shadow, [1, 99])
            yield Picture(kind, name, np.clip((shadow - low) / (high - low), 0, 1))


def large_enough(picture: Picture) -> bool:
    """Whether it has the size of a radiograph; a smaller one is stopped for that alone."""
    return min(picture.gray.shape) >= _LEAST_SIDE
