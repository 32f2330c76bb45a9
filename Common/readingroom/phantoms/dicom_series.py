"""Real DICOM series of synthetic slices: every way in which scanners and archives leave them in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

from .abdomen_mr import Sequence as MRSequence
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
    hu, stored = np.asarray(hu), np.asarray(hu) - INTERCEPT
    rescaling = {"RescaleSlope": 1, "RescaleIntercept": INTERCEPT, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}
    return _slices(stored, grid or Grid(), bits, CTImageStorage, {"Modality": "CT", **rescaling, **elements})


def mr_slices(
    values: NDArray, grid: Grid | None = None, sequence: MRSequence = "T2", bits: int = 16, **elements: Any
) -> list[Dataset]:
    """MR data sets of a volume ``[k, j, i]`` of whole numbers from 0, whose headers say that it is of ``sequence``.

    ``elements`` as for `ct_slices`.
    """
    common = {"Modality": "MR", "BodyPartExamined": "ABDOMEN", "PatientName": "Phantom^Abdomen",
              "MagneticFieldStrength": 1.5, **_MR_HEADERS[sequence]}  # fmt: skip
    return _slices(np.asarray(values), grid or Grid(), bits, MRImageStorage, {**common, **elements})


# As scanners of 1.5 T write them: fat and water are in phase after 4.6 ms, and opposed after half of that.
_SPIN_ECHO = {"ScanningSequence": "SE", "SequenceVariant": "SK", "MRAcquisitionType": "2D", "RepetitionTime": 4000,
              "EchoTime": 90, "EchoTrainLength": 20, "FlipAngle": 150, "ScanOptions": "", "SequenceName": "*tse2d1_20",
              "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}  # fmt: skip
_GRADIENT_ECHO = {"ScanningSequence": "GR", "SequenceVariant": "SP", "MRAcquisitionType": "2D", "RepetitionTime": 150,
                  "EchoTrainLength": 1, "FlipAngle": 70, "ScanOptions": "", "SequenceName": "*fl2d2"}  # fmt: skip
_MR_HEADERS: dict[MRSequence, dict[str, Any]] = {
    "T2": {**_SPIN_ECHO, "SeriesDescription": "T2 TSE ax"},
    "T2-fat-saturated": {**_SPIN_ECHO, "ScanOptions": "FS", "SeriesDescription": "T2 TSE FS ax"},
    "T1-in-phase": {**_GRADIENT_ECHO, "EchoTime": 4.6, "SeriesDescription": "T1 FL2D in phase ax",
                    "ImageType": ["ORIGINAL", "PRIMARY", "M", "IN_PHASE"]},
    "T1-opposed-phase": {**_GRADIENT_ECHO, "EchoTime": 2.3, "SeriesDescription": "T1 FL2D opp phase ax",
                         "ImageType": ["ORIGINAL", "PRIMARY", "M", "OUT_PHASE"]},
    "T1-portal-venous": {**_GRADIENT_ECHO, "MRAcquisitionType": "3D", "RepetitionTime": 4.2, "EchoTime": 1.9,
                         "FlipAngle": 10, "ScanOptions": "FS", "SequenceName": "*fl3d1",
                         "ContrastBolusAgent": "Gadolinium", "SeriesDescription": "T1 VIBE FS portal venous",
                         "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM"]},
}  # fmt: skip


def _slices(stored: NDArray, grid: Grid, bits: int, storage: str, elements: dict[str, Any]) -> list[Dataset]:
    """A data set for each slice; a list as long as there are slices gives each slice its own."""
    study = {keyword: generate_uid() for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    slices = []
    for index, values in enumerate(stored):
        own = {key: value[index] if isinstance(value, list) and len(value) == len(stored) else value
               for key, value in elements.items()}  # fmt: skip
        common = {
            **study, "InstanceNumber": index + 1, "ImagePositionPatient": grid.position(index),
            "ImageOrientationPatient": list(grid.orientation), "PixelSpacing": list(grid.spacing),
            "SliceThickness": grid.thickness, "PatientPosition": "HFS", "PatientBirthDate": "", "PatientSex": "",
            "StudyDate": "20240102", "StudyTime": "", "StudyID": "", "AccessionNumber": "",
        }  # fmt: skip
        slices.append(radiograph_dataset(values.astype(np.uint16), bits, storage, **{**common, **own}))
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
