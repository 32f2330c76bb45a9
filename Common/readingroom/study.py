"""What is read: one or more images of one patient at one time, with named masks and patient facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import records

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")


@dataclass(frozen=True)
class PatientFacts:
    """Who was imaged, as far as the reading needs it. Empty strings and None mean: not known.

    ``name`` and ``patient_id`` are for the report alone; they are never logged.
    """

    name: str = ""  # as people write it: family, given
    patient_id: str = ""
    sex: str = ""  # DICOM PatientSex: M, F, O
    age_years: float | None = None
    birth_date: str = ""  # DICOM DA, YYYYMMDD

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years <= 130:
            raise ValueError(f"An age of {self.age_years} years is not plausible.")

    @property
    def anonymous(self) -> PatientFacts:
        """The same facts without name, ID and birth date; ages above 89 become 90, since they are rare."""
        age = self.age_years if self.age_years is None else min(self.age_years, 90.0)
        return replace(self, name="", patient_id="", birth_date="", age_years=age)


@dataclass(frozen=True)
class StudyImage:
    """One image of a study: where its pixels are, and what its header says.

    Parameters
    ----------
    name : the role in the study, lower case: ``frontal``, ``ct``, ``mlo-left`` ...
    path : the file (DICOM, PNG, JPEG, NRRD, NIfTI) or DICOM folder with the pixels, or None when they are in memory
    pixels : a ``SimpleITK.Image`` (LPS geometry), when the image is open in a viewer; not part of the JSON form
    modality, body_part, view_position, photometric_interpretation, laterality, manufacturer :
        DICOM Modality, BodyPartExamined, ViewPosition, ...; empty when not known
    rendered : True when window, VOI LUT and gray-scale inversion are already applied to the pixels
        (a PNG, or a volume node whose displayed look was taken)
    facts : further header facts by DICOM keyword
    """

    name: str
    path: Path | None = None
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    photometric_interpretation: str = ""
    laterality: str = ""
    manufacturer: str = ""
    rendered: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    pixels: Any = field(default=None, compare=False, repr=False, metadata={"json": False})

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"An image is named {self.name!r}; names are lower-case words such as 'frontal'.")
        if self.path is None and self.pixels is None:
            raise ValueError(f"Image '{self.name}' has neither a path nor pixels.")
        object.__setattr__(self, "facts", records.frozen(self.facts))


@dataclass(frozen=True)
class StudyMask:
    """A named region on one image: a label map file (non-zero is inside) or a ``SimpleITK.Image`` in memory."""

    name: str
    image: str
    path: Path | None = None
    pixels: Any = field(default=None, compare=False, repr=False, metadata={"json": False})

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"A mask is named {self.name!r}; names are lower-case words such as 'left-lung'.")
        if self.path is None and self.pixels is None:
            raise ValueError(f"Mask '{self.name}' has neither a path nor pixels.")


@dataclass(frozen=True)
class Study:
    """One or more images of one patient at one time. Immutable; nonsense is refused when built.

    Example
    -------
    >>> study = Study(images=(StudyImage(name="frontal", path=Path("chest.png")),))
    >>> Study.from_json(study.to_json()) == study
    True

    Raises
    ------
    ValueError : no image, two images or masks of one name, or a mask on an image that is not there
    """

    images: tuple[StudyImage, ...]
    masks: tuple[StudyMask, ...] = ()
    patient: PatientFacts = PatientFacts()
    study_instance_uid: str = ""
    study_date: str = ""  # DICOM DA, YYYYMMDD
    description: str = ""
    accession_number: str = ""

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("A study needs at least one image.")
        for what, items in (("images", self.images), ("masks", self.masks)):
            names = [item.name for item in items]
            if repeated := {n for n in names if names.count(n) > 1}:
                raise ValueError(f"Two {what} of the study are named {', '.join(sorted(repeated))}.")
        for mask in self.masks:
            if mask.image not in {image.name for image in self.images}:
                raise ValueError(f"Mask '{mask.name}' lies on image '{mask.image}', which the study does not have.")

    def image(self, name: str) -> StudyImage:
        """The image of that name.

        Raises
        ------
        KeyError : the study has no such image
        """
        for image in self.images:
            if image.name == name:
                return image
        raise KeyError(f"The study has no image named '{name}'; it has {', '.join(i.name for i in self.images)}.")

    @property
    def anonymous(self) -> Study:
        """The same study without what names the patient or finds the images in an archive.

        Free text goes too, since names are typed into it, and of dates only the year stays (DICOM PS3.15, Annex E).
        """
        return replace(
            self,
            images=tuple(replace(image, facts=_anonymous(image.facts)) for image in self.images),
            patient=self.patient.anonymous,
            accession_number="",
            study_instance_uid="",
            study_date=self.study_date[:4],
            description="",
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; pixels in memory are left out (write them to files first)."""
        return records.to_json(self)

    @classmethod
    def from_json(cls, data: Any) -> Study:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError : something is missing, unknown or not plausible
        """
        return records.from_json(cls, data)


def _anonymous(facts: Mapping[str, str]) -> dict[str, str]:
    """Header facts without dates, free text, and the UIDs by which an archive finds the patient."""
    endings = ("InstanceUID", "Date", "Time", "DateTime", "Description", "ProtocolName", "Comments")
    return {keyword: value for keyword, value in facts.items() if not keyword.endswith(endings)}
