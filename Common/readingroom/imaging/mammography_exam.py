"""Which images of a folder are the four views of a mammography exam, and of the exam before it.

Views and sides are told by the header: ViewPosition or its code sequence, ImageLaterality. What is no screening view is
set aside, and a note says what and how many. Source: DICOM PS3.3 C.8.11.7, PS3.16 CID 4014 and 4015.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from .. import dicom_terms
from ..errors import InputError
from ..formatting import counted, dicom_date, listed
from ..study import StudyImage
from .dicom_facts import patient_facts, study_image
from .dicom_file import decimals, read_header, text, whole_number
from .dicom_folder import files_of
from .file_kind import first_bytes, is_dicom

SIDES = {"L": "left", "R": "right"}
VIEWS = ("CC", "MLO")
VIEW_ROLES = tuple(f"{side}-{view.lower()}" for side in SIDES.values() for view in VIEWS)  # left-cc ... right-mlo

MAMMOGRAPHY = ("MG", "CR", "DX", "RG")  # computed radiography of the breast, and scanned films
_MAGNIFIED = 1.3  # EstimatedRadiographicMagnificationFactor; a breast on the detector has 1.0 to 1.1
_SYNTHESIZED = ("GENERATED 2D", "TOMO 2D", "SYNTHESIZED 2D")  # in ImageType, its underscores as spaces
_SYNTHESIZED_NAMES = ("C VIEW", "CVIEW", "INTELLIGENT 2D", "INSIGHT 2D", "V PREVIEW", "S VIEW")  # in descriptions
_TOMOSYNTHESIS = {uid.BreastTomosynthesisImageStorage, uid.BreastProjectionXRayImageStorageForPresentation,
                  uid.BreastProjectionXRayImageStorageForProcessing}  # fmt: skip
_KINDS = {
    "tomosynthesis": ("tomosynthesis image", "tomosynthesis images"),
    "magnification": ("magnification view", "magnification views"),
    "spot compression": ("spot view", "spot views"),
    "implant displaced": ("view with displaced implant", "views with displaced implants"),
    "special": ("special view", "special views"),
    "other": ("image of another view", "images of other views"),
    "stranger": ("image that is no mammogram", "images that are no mammograms"),
    "sideless": ("mammogram whose side is not given", "mammograms whose side is not given"),
    "damaged": ("DICOM file that holds no image", "DICOM files that hold no image"),
    "undated": ("mammogram without a date", "mammograms without a date"),
}


@dataclass(frozen=True)
class MammographyExam:
    """The files of an exam by role (`VIEW_ROLES`), those of the exam before it (``prior-left-cc`` ...), and notes."""

    files: Mapping[str, Path]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _View:
    """One DICOM image and what it is: a ``role``, or a reason (of `_KINDS`) to set it ``aside``."""

    path: Path
    image: StudyImage
    patient: str
    role: str = ""
    aside: str = ""
    synthesized: bool = False


def mammography_exam(paths: Sequence[Path]) -> MammographyExam:
    """The four views among files and folders; subfolders are looked through, files that are no DICOM are left aside.

    Of several dates the latest is the exam and the one before it the prior. Of several images of a view those for
    presentation go before those for processing, those that were taken before those that were synthesized of
    tomosynthesis, and later ones before earlier ones.

    Raises
    ------
    InputError : no image is one of the four views; the images are of two patients; a file that was named is missing, or
        no DICOM file
    """
    views = _views(paths)
    if not views:
        raise InputError(
            "There is no DICOM image in the folder. Other pictures say neither side nor view: give each by its role, "
            "such as left-cc."
        )
    patients = {view.patient for view in views if view.patient and view.aside not in ("stranger", "damaged")}
    if len(patients) > 1:
        raise InputError(f"The mammograms are of {len(patients)} patients: their patient IDs differ.")
    aside = Counter(view.aside for view in views if view.aside)
    usable = [view for view in views if view.role]
    dates = sorted({view.image.date for view in usable} - {""})
    if len(dates) > 1:
        aside["undated"] += sum(not view.image.date for view in usable)
    if not usable:
        there = "is" if sum(aside.values()) == 1 else "are"
        raise InputError(f"None of the images is a CC or MLO view of a breast{_said(aside, f' (there {there} ', ')')}.")
    notes: list[str] = []
    latest = [view for view in usable if len(dates) < 2 or view.image.date == dates[-1]]
    files = _best(latest, "", notes)
    if len(dates) > 1:
        files |= _best([view for view in usable if view.image.date == dates[-2]], "prior-", notes)
        notes.append(
            f"Of the {len(dates)} dates of the mammograms the latest one was read; those of {dicom_date(dates[-2])} "
            "are its prior."
        )
    if any(aside.values()):
        notes.append(_said(aside, "Set aside: ", "."))
    return MammographyExam(files, tuple(notes))


def view_of(image: StudyImage) -> tuple[str, str]:
    """Side (``L``, ``R`` or empty) and view (``CC``, ``MLO`` or empty) by the facts of a header.

    ViewPosition and ImageLaterality decide; descriptions count where neither is given.
    """
    side, view = dicom_terms.breast_view(image.fact("ViewPosition"))
    if not view and not image.fact("ViewPosition"):
        named = (dicom_terms.breast_view(image.fact(keyword)) for keyword in ("SeriesDescription", "ProtocolName"))
        side, view = next((found for found in named if found[1]), ("", ""))
    given = image.fact("ImageLaterality")
    return (given if given in SIDES else side), view


def shown_view(image: StudyImage) -> str:
    """``CC`` or ``MLO``: by the role of a mammogram (``left-mlo``), else by its header; empty where neither says."""
    view = image.role.rpartition("-")[2].upper()
    return view if view in VIEWS else view_of(image)[1]


def screening_role(image: StudyImage) -> str:
    """The role (of `VIEW_ROLES`) of a mammogram by the facts of its header; empty where it has none of them."""
    side, view = view_of(image)
    if image.modality != "MG" or side not in SIDES or not view or special_view(image):
        return ""
    return f"{SIDES[side]}-{view.lower()}"


def screening_rank(image: StudyImage) -> tuple[bool, bool, str, float]:
    """The best of several images of a view has the highest: taken as such, for presentation, the last one taken."""
    raw = image.fact("PresentationIntentType") == "FOR PROCESSING"
    number = dicom_terms.decimals(image.fact("InstanceNumber"))
    last = number[0] or 0.0 if number else 0.0
    return not _is_synthesized(image), not raw, image.fact("AcquisitionTime"), last


def special_view(image: StudyImage) -> str:
    """What makes it no screening view: ``magnification``, ``spot compression``, ``implant displaced``, ``special``."""
    modifiers = image.fact("ViewModifiers")
    for name in dict.fromkeys(dicom_terms.VIEW_MODIFIERS.values()):
        if name in modifiers:
            return name
    texts = [
        image.fact(keyword) for keyword in ("ViewPosition", "SeriesDescription", "ProtocolName", "PaddleDescription")
    ]
    if named := next(filter(None, map(dicom_terms.special_breast_view, texts)), ""):
        return named
    factor = dicom_terms.decimals(image.fact("EstimatedRadiographicMagnificationFactor"))
    if factor and factor[0] is not None and factor[0] > _MAGNIFIED:
        return "magnification"
    # A pair of a stereotactic biopsy shows a small part of a breast.
    return "special" if modifiers or "STEREO" in image.fact("ImageType").upper() else ""


def _views(paths: Sequence[Path]) -> list[_View]:
    """All DICOM images, each once."""
    found: dict[str, _View] = {}
    for given in paths:
        folder = given.is_dir()
        for path in files_of(given) if folder else [given]:
            if not is_dicom(first_bytes(path)):
                if folder:
                    continue
                raise InputError(f"'{path.name}' says neither side nor view; give it by its role, such as left-cc.")
            view = _view(path)
            found.setdefault(view.image.fact("SOPInstanceUID") or str(path), view)
    return list(found.values())


def _view(path: Path) -> _View:
    try:
        header = read_header(path, several_frames=True)
    except InputError:
        return _View(path, StudyImage("image", path), "", aside="damaged")
    image, patient = study_image(header, path), patient_facts(header).patient_id
    synthesized = _is_synthesized(image)
    side, view = view_of(image)
    aside = special_view(image)
    if view and _is_tomosynthesis(header) and not synthesized:  # its slices may call themselves CT
        aside = "tomosynthesis"
    elif image.modality not in MAMMOGRAPHY or (image.modality != "MG" and not view):
        aside = "stranger"
    elif _is_tomosynthesis(header) and not synthesized:
        aside = "tomosynthesis"
    elif not aside and not view:
        aside = "other"
    elif not aside and not side:
        aside = "sideless"
    role = "" if aside else f"{SIDES[side]}-{view.lower()}"
    return _View(path, image, patient, role, aside, synthesized)


def _is_synthesized(image: StudyImage) -> bool:
    """A flat picture that was computed of tomosynthesis."""
    if image.facts.get("NumberOfFrames", "1") not in ("", "0", "1"):
        return False
    kind = image.fact("ImageType").upper().replace("_", " ")
    description = image.fact("SeriesDescription").upper().replace("_", " ").replace("-", " ")
    return any(word in kind for word in _SYNTHESIZED) or any(word in description for word in _SYNTHESIZED_NAMES)


def _is_tomosynthesis(header: Dataset) -> bool:
    return (
        text(header, "SOPClassUID") in _TOMOSYNTHESIS
        or (whole_number(header, "NumberOfFrames") or 1) > 1
        or "TOMO" in text(header, "ImageType").upper()
        or any(thickness for thickness in decimals(header, "SliceThickness"))
    )


def _best(views: Sequence[_View], prefix: str, notes: list[str]) -> dict[str, Path]:
    """The best image of each role."""
    by_role: dict[str, list[_View]] = defaultdict(list)
    for view in views:
        by_role[view.role].append(view)
    files = {}
    for role in VIEW_ROLES:
        if not (found := by_role[role]):
            continue
        best = max(found, key=lambda view: screening_rank(view.image))
        files[prefix + role] = best.path
        name = f"{'prior ' if prefix else ''}{role.replace('-cc', ' CC').replace('-mlo', ' MLO')} view"
        alike = sum(screening_rank(view.image)[:2] == screening_rank(best.image)[:2] for view in found)
        if alike > 1:
            notes.append(f"There are {alike} images of the {name}; the last one was read.")
        if best.synthesized:
            notes.append(f"The {name} is a synthesized picture of tomosynthesis: no other one is there.")
        elif best.image.fact("PresentationIntentType") == "FOR PROCESSING":
            notes.append(f"The {name} is there for processing alone; its gray values are not those of a display.")
    return files


def _said(aside: Mapping[str, int], before: str, after: str) -> str:
    """``2 magnification views and 1 spot view`` between two texts; nothing where nothing was set aside."""
    words = [counted(aside[kind], *words) for kind, words in _KINDS.items() if aside.get(kind)]
    return f"{before}{listed(words)}{after}" if words else ""
