"""Of which examination an image is, so that what was drawn on another one is not laid over it."""

from __future__ import annotations

from dataclasses import dataclass

import SimpleITK
from pydicom.dataset import Dataset

from ..errors import InputError
from .dicom_file import text

_FRAME_OF_REFERENCE, _PATIENT = "0020|0052", "0010|0020"  # as SimpleITK's DICOM reader notes them with an image


@dataclass(frozen=True)
class Examination:
    """What tells examinations apart: FrameOfReferenceUID and PatientID, empty where they are not known."""

    frame_of_reference: str = ""
    patient_id: str = ""


def examination(header: Dataset) -> Examination:
    """That of a DICOM header."""
    return Examination(text(header, "FrameOfReferenceUID"), text(header, "PatientID"))


def set_examination(image: SimpleITK.Image, of: Examination) -> None:
    """Note it with an image in memory. No file that is written of a reading takes such notes over."""
    for key, value in ((_FRAME_OF_REFERENCE, of.frame_of_reference), (_PATIENT, of.patient_id)):
        if value:
            image.SetMetaData(key, value)


def examination_of(image: SimpleITK.Image) -> Examination:
    """What `set_examination` noted."""
    return Examination(
        *(image.GetMetaData(key) if image.HasMetaDataKey(key) else "" for key in (_FRAME_OF_REFERENCE, _PATIENT))
    )


def refuse_other_examination(file: str, own: Examination, of_image: Examination) -> None:
    """Stop at what was drawn on another patient, or in other coordinates than those of the image. IDs are not told.

    Raises
    ------
    InputError : both are known and differ
    """
    for one, other, keyword in (
        (own.patient_id, of_image.patient_id, "PatientID"),
        (own.frame_of_reference, of_image.frame_of_reference, "FrameOfReferenceUID"),
    ):
        if one and other and one != other:
            raise InputError(f"'{file}' was drawn on another examination: its {keyword} is not that of the image.")
