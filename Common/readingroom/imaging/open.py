"""From a path to an image of a study: what the file is, who was imaged, and how, without decoding its pixels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..study import ClinicalFact, PatientFacts, StudyImage
from .dicom_facts import clinical_facts, patient_facts, study_image
from .dicom_file import read_header, text
from .dicom_folder import frontal_file
from .file_kind import file_kind
from .volume import series_files


@dataclass(frozen=True)
class OpenedImage:
    """One image, and what its header says of the patient and the study. Other files than DICOM say nothing."""

    image: StudyImage
    patient: PatientFacts = field(default_factory=PatientFacts)
    clinical: Mapping[str, ClinicalFact] = field(default_factory=dict)
    description: str = ""
    accession_number: str = ""


def open_image(path: str | os.PathLike[str], role: str, dimensions: Literal[2, 3] = 2) -> OpenedImage:
    """The image that a file or a DICOM folder holds.

    A CT or MR slice opens as a picture as well: whether it fits the question is for the checks of the read to say.

    Parameters
    ----------
    dimensions : 2 for a picture, 3 for a volume (a folder of slices, or an NRRD or NIfTI file)

    Example
    -------
    >>> open_image("chest.dcm", "frontal").image.fact("ViewPosition")  # doctest: +SKIP
    'PA'

    Raises
    ------
    InputError : with one sentence, for whatever cannot be one image: missing, unreadable, empty, damaged, not an image,
        several frames or slices where one picture is meant, a folder without or with several of them, too large
    """
    path = Path(path)
    if dimensions == 3 and path.is_dir():
        return _dicom(Path(series_files(path)[0]), path, role)
    file = image_file(path)
    kind = file_kind(file)
    if kind == "dicom":
        return _dicom(file, file, role)
    rendered = kind in ("png", "jpeg", "tiff")
    return OpenedImage(StudyImage(role=role, path=file, rendered=rendered, facts={"FileKind": kind}))


def image_file(path: Path) -> Path:
    """The path itself, or for a DICOM folder the file in it that holds the frontal radiograph.

    Raises
    ------
    InputError : the path does not exist, or as `frontal_file`
    """
    try:
        return frontal_file(path) if path.is_dir() else path
    except OSError as error:  # a name that is too long
        raise InputError("The path of the image is not one that this computer can open.") from error


def _dicom(file: Path, path: Path, role: str) -> OpenedImage:
    header = read_header(file)
    return OpenedImage(
        image=study_image(header, path, role),
        patient=patient_facts(header),
        clinical=clinical_facts(header),
        description=text(header, "StudyDescription"),
        accession_number=text(header, "AccessionNumber"),
    )
