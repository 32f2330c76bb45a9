"""Real DICOM series of synthetic slices: every way in which scanners and archives leave them in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

from .dicom_files import radiograph_dataset

INTERCEPT = -1024  # HU of a stored 0
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Grid:
    """Where the slices lie.

    Parameters
    ----------
    orientation : ImageOrientationPatient
    spacing : between rows, between columns, mm
    origin : of the first slice, LPS mm
    step : from a slice to the next, LPS mm; along the normal when left out, at ``thickness``
    """

    orientation: tuple[float, ...] = AXIAL
    spacing: tuple[float, float] = (0.75, 0.5)
    origin: tuple[float, float, float] = (-10.0, -20.0, -100.0)
    thickness: float = 2.0
    step: tuple[float, float, float] | None = None

    def position(self, index: float) -> list[float]:
        """ImagePositionPatient of a slice; fractions lie between slices."""
        row, column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        step = np.cross(row, column) * self.thickness if self.step is None else np.array(self.step)
        return [round(float(value), 6) for value in np.array(self.origin) + index * step]


def ct_slices(hu: NDArray, grid: Grid | None = None, bits: int = 16, **elements: Any) -> list[Dataset]:
    """CT data sets of a volume ``[k, j, i]`` in HU (at least -1024), one for each slice.

    ``elements`` are further elements of all slices by DICOM keyword; a list gives each slice its own. None removes one.
    """
    grid = grid or Grid()
    study = {keyword: generate_uid() for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    slices = []
    for index, values in enumerate(np.asarray(hu) - INTERCEPT):
        own = {key: value[index] if isinstance(value, list) and len(value) == len(hu) else value
               for key, value in elements.items()}  # fmt: skip
        common = {
            "Modality": "CT", **study, "InstanceNumber": index + 1, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "ImagePositionPatient": grid.position(index), "ImageOrientationPatient": list(grid.orientation),
            "PixelSpacing": list(grid.spacing), "SliceThickness": grid.thickness, "RescaleSlope": 1,
            "RescaleIntercept": INTERCEPT, "PatientPosition": "HFS", "PatientBirthDate": "", "PatientSex": "",
            "StudyDate": "20240102", "StudyTime": "", "StudyID": "", "AccessionNumber": "",
        }  # fmt: skip
        slices.append(radiograph_dataset(values.astype(np.uint16), bits, CTImageStorage, **{**common, **own}))
    return slices


def write_slices(folder: Path, slices: Sequence[Dataset], suffix: str = ".dcm") -> Path:
    """Write data sets under names that say nothing of their order; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = len(list(folder.iterdir()))
    for number, dataset in enumerate(slices):
        name = f"{(number * 7919 + 13) % 10_007:05d}-{begun}{suffix}"
        dataset.save_as(folder / name, enforce_file_format=True)
    return folder


def enhanced_ct(
    hu: NDArray, grid: Grid | None = None, order: Sequence[int] | None = None, syntax: str = ExplicitVRLittleEndian
) -> Dataset:
    """All slices as frames of one Enhanced CT object, each with a rescaling of its own.

    Parameters
    ----------
    order : which slice each frame holds; as they lie when left out
    """
    grid, order = grid or Grid(), range(len(hu)) if order is None else order
    intercepts = [INTERCEPT - 10 * number for number in range(len(order))]
    stored = np.stack([hu[index] - intercept for index, intercept in zip(order, intercepts, strict=True)])
    dataset = radiograph_dataset(stored.astype(np.uint16), 16, EnhancedCTImageStorage, syntax, Modality="CT")
    dataset.FrameOfReferenceUID = generate_uid()
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(grid.orientation))]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(grid.spacing), SliceThickness=grid.thickness)]
    shared.CTReconstructionSequence = [_item(ConvolutionKernel="B60f")]
    dataset.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for index, intercept in zip(order, intercepts, strict=True):
        frame = Dataset()
        frame.PlanePositionSequence = [_item(ImagePositionPatient=grid.position(index))]
        frame.PixelValueTransformationSequence = [_item(RescaleSlope=1, RescaleIntercept=intercept)]
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = frames
    return dataset


def _item(**elements: Any) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item
