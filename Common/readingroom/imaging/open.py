"""From a path to an image of a study: what the file is, who was imaged, and how, without decoding its pixels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from ..errors import InputError
from ..study import ClinicalFact, PatientFacts, StudyImage
from .dicom_facts import clinical_facts, patient_facts, study_image
from .dicom_file import read_header, text
from .dicom_folder import frontal_file
from .dicom_series import Rank, find_series, is_series
from .dicom_slice import frame_header, slices_of
from .file_kind import file_kind
from .slice_stack import Stack, stacked


@dataclass(frozen=True)
class OpenedImage:
    """One image, and what its header says of the patient and the study. Other files than DICOM say nothing."""

    image: StudyImage
    patient: PatientFacts = field(default_factory=PatientFacts)
    clinical: Mapping[str, ClinicalFact] = field(default_factory=dict)
    description: str = ""
    accession_number: str = ""


def open_image(
    path: str | os.PathLike[str],
    role: str,
    dimensions: Literal[2, 3] = 2,
    modalities: Sequence[str] = (),
    series_uid: str = "",
    rank: Rank | None = None,
) -> OpenedImage:
    """The image that a file or a DICOM folder holds.

    A CT or MR slice opens as a picture as well: whether it fits the question is for the checks of the read to say.

    Parameters
    ----------
    dimensions : 2 for a picture, 3 for a volume (DICOM slices, or an NRRD or NIfTI file)
    modalities : which series of a folder goes before the others; a volume alone asks for it
    series_uid : which series of a folder it is, where that is known
    rank : which series of a folder goes before others of its modality

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
    if dimensions == 3 and is_series(path):
        return _series(path, role, modalities, series_uid, rank)
    file = image_file(path)
    kind = file_kind(file)
    if kind == "dicom":
        return _opened(read_header(file), file, role)
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


def open_slice(path: Path, role: str) -> OpenedImage:
    """The header of a DICOM file as of a slice or frame of a volume; what the others say is not looked at.

    Raises
    ------
    InputError : damaged, or no image
    """
    return _opened(frame_header(read_header(path, several_frames=True), 0), path, role)


def open_displayed(files: Sequence[Path], name: str, role: str) -> OpenedImage:
    """The header of a volume that a viewer made of these DICOM files.

    Viewers lay slices out evenly, one after the other, whatever their positions: where that is wrong, such a volume is
    refused here. ``path`` of the image is that of a slice.

    Parameters
    ----------
    name : of the volume, for sentences

    Raises
    ------
    InputError : as `slice_stack.stacked`; a slice is missing, or the gantry was tilted
    """
    slices = [item for path in files for item in slices_of(read_header(path, several_frames=True), path)]
    stack = stacked(slices, name)
    if None in stack.slices:
        raise InputError(f"'{name}' is displayed with distances that are wrong. {stack.notes[0]}")
    if stack.tilt:
        raise InputError(
            f"'{name}' is displayed as if the gantry had stood straight, but it was tilted by {stack.tilt:.1f} degrees."
        )
    return _of_stack(stack, stack.first.path, role)


def _series(path: Path, role: str, modalities: Sequence[str], series_uid: str, rank: Rank | None) -> OpenedImage:
    """The volume of a series; whether its slices make a volume is found out here as well."""
    series = find_series(path, series_uid, modalities, rank=rank)
    opened = _of_stack(stacked(series.slices, series.name), path, role)
    notes = (*opened.image.notes, *filter(None, [series.choice]))
    return replace(opened, image=replace(opened.image, series_instance_uid=series.uid, notes=notes))


def _of_stack(stack: Stack, path: Path, role: str) -> OpenedImage:
    """By the header of a slice, and what was measured of all of them."""
    header = frame_header(read_header(stack.first.path, several_frames=True), stack.first.frame)
    opened = _opened(header, path, role)
    measured = {"SpacingBetweenSlices": f"{stack.spacing:.6g}", "NumberOfSlices": str(len(stack.slices))}
    return replace(opened, image=replace(opened.image, facts={**opened.image.facts, **measured}))


def _opened(header: Dataset, path: Path, role: str) -> OpenedImage:
    return OpenedImage(
        image=study_image(header, path, role),
        patient=patient_facts(header),
        clinical=clinical_facts(header),
        description=text(header, "StudyDescription"),
        accession_number=text(header, "AccessionNumber"),
    )
