"""What is read: the images of one patient by role, masks on them, and clinical facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import dicom_terms, records
from .codes import Code

FactSource = Literal["header", "entered"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_DATE = re.compile(r"(\d{4}|\d{8})?\Z")


@dataclass(frozen=True)
class PatientFacts:
    """Who was imaged, for the report alone; never logged. Empty means: not known."""

    name: str = ""  # as people write it: family, given
    patient_id: str = ""
    birth_date: str = ""  # DICOM DA, YYYYMMDD


@dataclass(frozen=True)
class ClinicalFact:
    """One thing known of the patient that is no image: an age, a stage, a laboratory value.

    Parameters
    ----------
    value : a number, a word, or yes and no
    unit : UCUM, such as ``a`` (years) or ``mg/dL``; empty where it has none
    source : from the ``header`` of the images, or ``entered`` by a person
    """

    value: float | str | bool
    unit: str = ""
    source: FactSource = "entered"


@dataclass(frozen=True)
class StudyImage:
    """One image of a study: where its pixels are, and what its header says.

    Parameters
    ----------
    role : what the image is for, lower case: ``frontal``, ``ct``, ``prior-ct``, ``left-cc`` ...
    path : the file (DICOM, PNG, JPEG, NRRD, NIfTI) or DICOM folder with the pixels, or None when they are in memory
    date : of the acquisition, DICOM DA (YYYYMMDD); empty when not known
    study_instance_uid, series_instance_uid : by which an archive finds it; a folder may hold several series
    modality : DICOM Modality; empty when not known
    rendered : True when window, VOI LUT and gray-scale inversion are already applied to the pixels
        (a PNG, or a volume node whose displayed look was taken)
    facts : further header facts by DICOM keyword (``ViewPosition``, ``PhotometricInterpretation`` ...)
    notes : sentences on what its header says and that could not be used; they quote nothing
    pixels : a ``SimpleITK.Image`` (LPS geometry), when the image is open in a viewer; not part of the JSON form
    """

    role: str
    path: Path | None = None
    date: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    modality: str = ""
    rendered: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pixels: Any = field(default=None, compare=False, repr=False, metadata={"json": False})

    def __post_init__(self) -> None:
        _require_name("image", self.role)
        if not _DATE.match(self.date):
            raise ValueError(f"The date of image '{self.role}' is {self.date!r}, not YYYYMMDD.")
        if self.path is None and self.pixels is None:
            raise ValueError(f"Image '{self.role}' has neither a path nor pixels.")
        object.__setattr__(self, "facts", records.frozen(self.facts))

    def fact(self, keyword: str) -> str:
        """The header fact of that DICOM keyword; empty when not known."""
        return self.facts.get(keyword, "")


@dataclass(frozen=True)
class StudyMask:
    """A region on one image: a file (of a label map, what is not zero is inside) or a ``SimpleITK.Image`` in memory.

    Parameters
    ----------
    role : what it is for: ``lungs``, ``liver`` ...
    image : role of the image that it lies on
    code : what it shows
    source : where it comes from, in a few words: ``segment 'Lungs'``, ``file lungs.nrrd``
    structures : names in a DICOM SEG or RTSTRUCT that make up the region; empty for all of a label map
    point : mm to the patient's left, back and head; where there is no file, the reader grows the region from it
    """

    role: str
    image: str
    path: Path | None = None
    code: Code | None = None
    source: str = ""
    structures: tuple[str, ...] = ()
    point: tuple[float, float, float] | None = None
    pixels: Any = field(default=None, compare=False, repr=False, metadata={"json": False})

    def __post_init__(self) -> None:
        _require_name("mask", self.role)
        if self.path is None and self.pixels is None and self.point is None:
            raise ValueError(f"Mask '{self.role}' has neither a path nor pixels, nor a point to grow it from.")


@dataclass(frozen=True)
class Study:
    """Images of one patient by role, with masks and clinical facts. Immutable; nonsense is refused when built.

    Example
    -------
    >>> study = Study(images=(StudyImage(role="frontal", path=Path("chest.png")),))
    >>> Study.from_json(study.to_json()) == study
    True

    Raises
    ------
    ValueError : no image, two images or masks of one role, a mask on an image that is not there, or an age that no
        human being reaches
    """

    images: tuple[StudyImage, ...]
    masks: tuple[StudyMask, ...] = ()
    patient: PatientFacts = PatientFacts()
    clinical: Mapping[str, ClinicalFact] = field(default_factory=dict)
    description: str = ""
    accession_number: str = ""

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("A study needs at least one image.")
        for what, roles in (("images", [i.role for i in self.images]), ("masks", [m.role for m in self.masks])):
            if repeated := {role for role in roles if roles.count(role) > 1}:
                raise ValueError(f"Two {what} of the study have the role {', '.join(sorted(repeated))}.")
        for mask in self.masks:
            if mask.image not in {image.role for image in self.images}:
                raise ValueError(f"Mask '{mask.role}' lies on image '{mask.image}', which the study does not have.")
        for name in self.clinical:
            _require_name("clinical fact", name)
        object.__setattr__(self, "clinical", records.frozen(self.clinical))
        if self.age_years is not None and not 0 <= self.age_years <= dicom_terms.OLDEST:
            raise ValueError(f"An age of {self.age_years} years is not plausible.")

    def image(self, role: str) -> StudyImage:
        """The image of that role.

        Raises
        ------
        KeyError : the study has none
        """
        for image in self.images:
            if image.role == role:
                return image
        raise KeyError(f"The study has no image '{role}'; it has {', '.join(i.role for i in self.images)}.")

    def mask(self, role: str) -> StudyMask | None:
        """The mask of that role, or None."""
        return next((mask for mask in self.masks if mask.role == role), None)

    @property
    def date(self) -> str:
        """When the first image, the one that is read, was acquired; empty when not known."""
        return self.images[0].date

    @property
    def age_years(self) -> float | None:
        """The clinical fact ``age``, in years (unit ``a``)."""
        fact = self.clinical.get("age")
        return None if fact is None or isinstance(fact.value, str | bool) else fact.value

    @property
    def sex(self) -> str:
        """The clinical fact ``sex`` (DICOM PatientSex: M, F, O); empty when not known."""
        fact = self.clinical.get("sex")
        return str(fact.value) if fact is not None else ""

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


def _require_name(what: str, name: str) -> None:
    if not _NAME.match(name):
        raise ValueError(f"The {what} is named {name!r}; names are lower-case words such as 'left-lung'.")
