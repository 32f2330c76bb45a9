"""Finding the one frontal radiograph in a folder of DICOM files."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..dicom_terms import FRONTAL_VIEWS
from ..errors import InputError
from ..study import StudyImage
from .dicom_facts import study_image
from .dicom_file import read_header
from .file_kind import first_bytes, is_dicom

MAXIMUM_FILES = 3000  # a folder with more is an archive, not a study

_RADIOGRAPHY = ("CR", "DX", "RG", "XR")


@dataclass(frozen=True)
class _Found:
    """One image of the folder."""

    image: StudyImage
    path: Path

    @property
    def is_radiograph(self) -> bool:
        return self.image.modality in _RADIOGRAPHY

    @property
    def may_be_frontal(self) -> bool:
        return self.is_radiograph and self.image.fact("ViewPosition") in (*FRONTAL_VIEWS, "")


def frontal_file(folder: Path) -> Path:
    """The file with the one frontal radiograph of a folder; subfolders are looked through, other files are left aside.

    A folder that holds a single image gives that image, whatever it shows: the checks of a read judge it.

    Raises
    ------
    InputError : no image, several that could be meant, or more than `MAXIMUM_FILES` files
    """
    found, refused = _images(folder)
    if not found:
        reason = f" ({refused[0]})" if len(refused) == 1 else ""
        raise InputError(f"The folder '{folder.name}' holds no DICOM image{reason}.")
    if len(found) == 1:
        return found[0].path
    candidates = _for_presentation([item for item in found if item.may_be_frontal])
    known = [item for item in candidates if item.image.fact("ViewPosition") in FRONTAL_VIEWS]
    for choice in (known, candidates):
        if len(choice) == 1:
            return choice[0].path
    raise InputError(
        f"The folder '{folder.name}' holds {len(found)} images ({_counts(found)}), of which "
        f"{len(known) or len(candidates) or 'none'} could be the frontal radiograph; choose one file."
    )


def _images(folder: Path) -> tuple[list[_Found], list[str]]:
    """The images, each once, in the order of their paths; and why other DICOM files are none."""
    found: dict[str, _Found] = {}
    refused: list[str] = []
    for path in files_of(folder):
        if not is_dicom(first_bytes(path)):
            continue
        try:
            image = study_image(read_header(path), path)
        except InputError as error:
            refused.append(str(error).rstrip("."))
            continue
        found.setdefault(image.facts.get("SOPInstanceUID", str(path)), _Found(image, path))
    return list(found.values()), refused


def files_of(folder: Path) -> list[Path]:
    """All files of a folder and its subfolders in the order of their paths, without hidden ones.

    Raises
    ------
    InputError : it may not be read, or holds more than `MAXIMUM_FILES` files
    """

    def refuse(error: OSError) -> None:
        raise InputError(f"The folder '{Path(error.filename or folder).name}' may not be read.") from error

    files: list[Path] = []
    for where, _, names in os.walk(folder, onerror=refuse):
        files += [Path(where) / name for name in names if not name.startswith(".")]
        if len(files) > MAXIMUM_FILES:
            raise InputError(f"The folder '{folder.name}' holds more than {MAXIMUM_FILES:,} files; choose one study.")
    return sorted(path for path in files if path.is_file())


def _for_presentation(candidates: list[_Found]) -> list[_Found]:
    """Detectors send raw values beside the picture to look at: the raw ones are left out where both are there."""
    presented = [item for item in candidates if item.image.facts.get("PresentationIntentType") != "FOR PROCESSING"]
    return presented or candidates


def _counts(found: list[_Found]) -> str:
    kinds = Counter(f"{item.image.modality or 'unknown'} {item.image.fact('ViewPosition')}".strip() for item in found)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
