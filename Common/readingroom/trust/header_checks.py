"""What the header of a frontal chest radiograph must say. Terms: DICOM PS3.3 C.7.3.1.1.1, C.8.1.2; PS3.16 Annex L."""

from __future__ import annotations

from .. import dicom_terms
from ..reading import Check
from ..study import StudyImage

RADIOGRAPHY = {"CR": "computed radiography", "DX": "digital radiography", "DR": "digital radiography", "RG": "film"}
# May well be a radiograph: a secondary capture, or fluoroscopy equipment used for one.
UNCLEAR_MODALITIES = {"OT", "SC", "RF", "XA"}
OTHER_MODALITIES = {
    "CT": "computed tomography",
    "MR": "magnetic resonance",
    "MG": "mammography",
    "US": "ultrasound",
    "PX": "a panoramic dental X-ray",
    "IO": "an intra-oral dental X-ray",
    "PT": "positron emission tomography",
    "NM": "nuclear medicine",
    "XC": "a photograph",
    "GM": "microscopy",
    "SM": "slide microscopy",
    "ES": "endoscopy",
    "OP": "an eye photograph",
    "SEG": "a segmentation",
}
CHEST = ("CHEST", "THORAX", "LUNG", "TORAX")
OTHER_BODY_PARTS = (
    "ABDOMEN", "ANKLE", "ARM", "BRAIN", "BREAST", "CALCANEUS", "CLAVICLE", "COCCYX", "CSPINE", "ELBOW", "EXTREMITY",
    "EYE", "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD", "HEEL", "HIP", "HUMERUS", "JAW", "KNEE", "LEG",
    "LIVER", "LSPINE", "MANDIBLE", "NECK", "NOSE", "PANCREAS", "PATELLA", "PELVIS", "SCAPULA", "SHOULDER", "SKULL",
    "SPINE", "STERNUM", "TIBIA", "TOE", "TSPINE", "WRIST",
)  # fmt: skip


def header_checks(image: StudyImage) -> tuple[Check, ...]:
    """Modality, body part and view position of a frontal chest radiograph.

    A picture without a header (PNG, NRRD) passes, and the sentence says that only its pixels were checked.
    """
    return modality_check(image), body_part_check(image), view_check(image)


def modality_check(image: StudyImage) -> Check:
    """Stop for what is no radiograph by its Modality."""
    modality = image.modality.strip().upper()
    name = "modality"
    if modality in RADIOGRAPHY:
        return Check(name, "pass", f"The header says {modality}, {RADIOGRAPHY[modality]}.")
    if modality in OTHER_MODALITIES:
        sentence = f"The header says {modality}, {OTHER_MODALITIES[modality]}; this reader is for chest radiographs."
        return Check(name, "stop", sentence)
    if modality in UNCLEAR_MODALITIES:
        return Check(name, "warn", f"The header says {modality}, which may or may not be a radiograph.")
    if modality:
        return Check(name, "stop", f"The header says {modality}, which is no radiograph.")
    if _has_header(image):
        return Check(name, "warn", "The header does not say what kind of image this is.")
    return Check(name, "pass", "The picture has no header; only its pixels were checked.")


def body_part_check(image: StudyImage) -> Check:
    """Stop for a BodyPartExamined that is not the chest."""
    part = image.fact("BodyPartExamined").strip().upper()
    name = "body part"
    if not part:
        return Check(name, "pass", "No body part is named; only the pixels were checked.")
    if any(word in part for word in CHEST):
        return Check(name, "pass", f"The header names the body part {part}.")
    if any(word in part for word in OTHER_BODY_PARTS):
        return Check(name, "stop", f"The header names the body part {part}; this reader is for the chest.")
    return Check(name, "warn", f"The header names the body part {part}, which is not known to be the chest.")


def view_check(image: StudyImage) -> Check:
    """Stop for a lateral view, warn for other views that are not frontal."""
    view = dicom_terms.view(image.fact("ViewPosition"))
    name = "view"
    if not view:
        return Check(name, "pass", "No view position is given; a frontal view was assumed.")
    if view in dicom_terms.FRONTAL_VIEWS:
        return Check(name, "pass", f"The header gives a frontal view, {view}.")
    if view in dicom_terms.LATERAL_VIEWS:
        return Check(name, "stop", f"The header gives a lateral view, {view}; this reader is for frontal views.")
    return Check(name, "warn", f"The header gives the view {view}, which is not known to be frontal.")


def _has_header(image: StudyImage) -> bool:
    """Whether a DICOM header was read; picture files have facts too, such as their size."""
    return any(image.fact(keyword) for keyword in ("SOPClassUID", "BodyPartExamined", "ViewPosition", "Manufacturer"))
