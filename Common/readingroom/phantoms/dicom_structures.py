"""DICOM objects that mark regions on a series: RT Structure Sets and Segmentations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

Points = NDArray[np.float64]


def structure_set(
    structures: Mapping[str, Sequence[Points]], frame_of_reference: str = "", kind: str = "CLOSED_PLANAR"
) -> Dataset:
    """An RTSTRUCT with closed contours, each ``(points, 3)`` in LPS mm, by the name of their structure."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = RTStructureSetStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Modality, dataset.PatientID, dataset.PatientName = "RTSTRUCT", "PHANTOM", "Phantom^Chest"
    dataset.StructureSetROISequence = [
        _item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=frame_of_reference or None)
        for number, name in enumerate(structures, 1)
    ]
    dataset.ROIContourSequence = [
        _item(
            ReferencedROINumber=number,
            ContourSequence=[
                _item(
                    ContourGeometricType=kind,
                    NumberOfContourPoints=len(points),
                    ContourData=[f"{value:.4f}" for value in np.asarray(points).ravel()],
                )
                for points in contours
            ],
        )
        for number, contours in enumerate(structures.values(), 1)
    ]
    return dataset


def segmentation(source: Sequence[Dataset], masks: Mapping[str, NDArray], kind: str = "BINARY") -> Dataset:
    """A SEG on the slices of `dicom_series.ct_slices`, its masks ``[k, j, i]`` by their names; empty slices left out.

    Parameters
    ----------
    kind : SegmentationType; FRACTIONAL takes masks of 0 to 1
    """
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.sr.codedict import codes

    descriptions = [
        SegmentDescription(
            number, name, codes.SCT.Organ, codes.SCT.Lung, "AUTOMATIC",
            AlgorithmIdentificationSequence("phantom", codes.DCM.ArtificialIntelligence, "1"),
        )
        for number, name in enumerate(masks, 1)
    ]  # fmt: skip
    return Segmentation(
        list(source), np.stack(list(masks.values()), axis=-1), kind, descriptions, generate_uid(), 1, generate_uid(), 1,
        "ReadingRoom", "phantom", "1", "0", omit_empty_frames=True,
    )  # fmt: skip


def _item(**elements: Any) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        if value is not None:
            setattr(item, keyword, value)
    return item
