"""From a path to a Study: what the file is, who was imaged, and how, without decoding its pixels."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from ..study import Study, StudyImage
from .dicom_facts import study_facts, study_image
from .dicom_file import read_header
from .dicom_folder import frontal_file
from .file_kind import file_kind


def open_study(path: str | os.PathLike[str]) -> Study:
    """The study that a file or a DICOM folder holds, with one image named ``frontal``.

    Header facts (patient, view, modality, ...) come from DICOM; other files have none. A CT or MR image opens as well:
    whether it fits the question is for the checks of the read to say.

    Example
    -------
    >>> open_study("chest.dcm").image("frontal").view_position  # doctest: +SKIP
    'PA'

    Raises
    ------
    InputError : with one sentence, for whatever cannot be one image: missing, unreadable, empty, damaged, not an image,
        several frames or slices, a folder without or with several frontal radiographs, too large
    """
    path = image_file(Path(path))
    kind = file_kind(path)
    if kind == "dicom":
        header = read_header(path)
        return Study(images=(study_image(header, path),), **study_facts(header))
    rendered = kind in ("png", "jpeg", "tiff")
    return Study(images=(StudyImage(name="frontal", path=path, rendered=rendered, facts={"FileKind": kind}),))


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
