"""Who was imaged and how, as a DICOM header tells it: the facts that a Study keeps."""

from __future__ import annotations

from pathlib import Path

from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.uid import UID

from .. import dicom_terms
from ..study import ClinicalFact, PatientFacts, StudyImage
from .dicom_file import items, text
from .dicom_geometry import spacing_notes

# Kept by keyword in StudyImage.facts, for checks and reports. None of them names the patient.
_FACTS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesDescription", "BodyPartExamined", "PhotometricInterpretation",
    "Manufacturer", "ProtocolName", "ManufacturerModelName",
    "PresentationIntentType", "PresentationLUTShape", "PatientOrientation", "ImageType", "ConversionType",
    "KVP", "SliceThickness", "ConvolutionKernel", "ContrastBolusAgent", "PatientPosition", "GantryDetectorTilt",
    "ScanOptions", "FilterType", "Rows", "Columns", "BitsStored", "SamplesPerPixel", "PixelSpacing",
    "ImagerPixelSpacing", "WindowCenter", "WindowWidth", "VOILUTFunction", "LossyImageCompression",
    "BurnedInAnnotation", "BreastImplantPresent", "PaddleDescription", "EstimatedRadiographicMagnificationFactor",
    "SyntheticData", "AcquisitionTime", "InstanceNumber", "NumberOfFrames",
    # What an MR series is, see `mr_facts`
    "ImageOrientationPatient", "ScanningSequence", "SequenceVariant", "SequenceName", "PulseSequenceName",
    "MRAcquisitionType", "RepetitionTime", "EchoTime", "EffectiveEchoTime", "InversionTime", "FlipAngle",
    "MagneticFieldStrength", "ImagingFrequency", "DiffusionBValue", "AcquisitionContrast", "SeriesNumber",
    "SpectrallySelectedSuppression", "ComplexImageComponent", "FrameType",
)  # fmt: skip
_DATES_OF_IMAGE = ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate")
_TEXTS_WITH_VIEW = ("SeriesDescription", "AcquisitionDeviceProcessingDescription", "ProtocolName")
# Elements of one value, of which several would have to be chosen from.
_SINGLE = ("PatientAge", "PatientBirthDate", "PatientSex", "ViewPosition", "ImageLaterality", "Laterality",
           "VOILUTFunction", *_DATES_OF_IMAGE)  # fmt: skip
_SHIFTED = 1.5  # years between the age that a header gives and the one by its dates, before one of them must be wrong


def study_image(dataset: Dataset, path: Path, role: str = "image") -> StudyImage:
    """The image of a DICOM file with its header facts, and notes on what the header says that could not be used."""
    view, source = view_position(dataset)
    facts = {keyword: value for keyword in _FACTS if (value := text(dataset, keyword))}
    facts["ViewPosition"] = view
    facts["ViewPositionSource"] = source
    facts["ViewModifiers"] = view_modifiers(dataset)
    sides = (dicom_terms.side(text(dataset, keyword)) for keyword in ("ImageLaterality", "Laterality"))
    facts["ImageLaterality"] = next(filter(None, sides), "")
    syntax = text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    facts["TransferSyntax"] = UID(syntax, IGNORE).name if syntax else ""
    return StudyImage(
        role=role,
        path=path,
        date=image_date(dataset),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        series_instance_uid=text(dataset, "SeriesInstanceUID"),
        modality=dicom_terms.first_value(text(dataset, "Modality")).upper(),
        facts={keyword: value for keyword, value in facts.items() if value},
        notes=header_notes(dataset),
    )


def patient_facts(dataset: Dataset) -> PatientFacts:
    """The patient, with the name as ``family, given`` in its Latin letters where it has them."""
    return PatientFacts(
        name=_name(text(dataset, "PatientName")),
        patient_id=text(dataset, "PatientID"),
        birth_date=_date(dataset, "PatientBirthDate"),
    )


def clinical_facts(dataset: Dataset) -> dict[str, ClinicalFact]:
    """Age (in years) and sex, where the header gives them."""
    facts = {}
    if (age := _age(dataset)[0]) is not None:
        facts["age"] = ClinicalFact(age, "a", "header")
    if sex := dicom_terms.sex(text(dataset, "PatientSex")):
        facts["sex"] = ClinicalFact(sex, source="header")
    return facts


def header_notes(dataset: Dataset) -> tuple[str, ...]:
    """A sentence on each thing that the header says of patient, study and image and that could not be used.

    Nothing is quoted: what stands where it should not may name the patient.
    """
    notes = [
        f"{keyword} in the header holds several values; the first was used."
        for keyword in _SINGLE
        if len(set(filter(None, text(dataset, keyword).split("\\")))) > 1
    ]
    notes += [
        f"{keyword} in the header is no date; it was left out."
        for keyword in ("PatientBirthDate", *_DATES_OF_IMAGE)
        if _says_something(dataset, keyword) and not _date(dataset, keyword)
    ]
    if _says_something(dataset, "PatientSex") and dicom_terms.sex(text(dataset, "PatientSex")) is None:
        notes.append("PatientSex in the header is none of F, M and O; it was left out.")
    return (*notes, *filter(None, [_age(dataset)[1]]), *spacing_notes(dataset))


def image_date(dataset: Dataset) -> str:
    """When the image was taken, YYYYMMDD: of the acquisition, else the content, the series, the study."""
    return next((found for keyword in _DATES_OF_IMAGE if (found := _date(dataset, keyword))), "")


def view_position(dataset: Dataset) -> tuple[str, str]:
    """The view as `dicom_terms.view` names it, or empty, and the element it was taken from.

    ViewPosition decides, then the coded view. Free text counts only if it names exactly one view. PatientOrientation
    can tell a lateral view from a frontal one, but not AP from PA.
    """
    if view := dicom_terms.view(text(dataset, "ViewPosition")):
        return view, "ViewPosition"
    for item in items(dataset, "ViewCodeSequence"):
        coded = dicom_terms.VIEW_CODES.get(text(item, "CodeValue"))
        if view := coded or dicom_terms.named_view(text(item, "CodeMeaning")):
            return view, "ViewCodeSequence"
    for keyword in _TEXTS_WITH_VIEW:
        if view := dicom_terms.named_view(text(dataset, keyword)):
            return view, keyword
    if text(dataset, "PatientOrientation")[:1] in ("A", "P"):
        return "LATERAL", "PatientOrientation"
    return "", ""


def view_modifiers(dataset: Dataset) -> str:
    """What the coded view adds, of a mammogram: ``magnification``, ``spot compression`` ..., with commas between."""
    views = items(dataset, "ViewCodeSequence")
    found = [item for place in (dataset, *views) for item in items(place, "ViewModifierCodeSequence")]
    words = [
        dicom_terms.VIEW_MODIFIERS.get(text(item, "CodeValue")) or text(item, "CodeMeaning").lower() for item in found
    ]
    return ", ".join(dict.fromkeys(filter(None, words)))


def _name(value: str) -> str:
    """``Yamada^Tarou=山田^太郎`` as ``Yamada, Tarou``; the first written form that is not empty."""
    written = next((form for form in value.split("=") if form.strip("^ ")), "")
    family, given, middle, *_ = [*(part.strip() for part in written.split("^")), "", "", ""]
    return ", ".join(part for part in (family, f"{given} {middle}".strip()) if part)


def _age(dataset: Dataset) -> tuple[float | None, str]:
    """Years, from PatientAge, else from the birth date and the date of the image; and what is to be said of that.

    An age of 0 years is also written where nothing is known: dates of birth and of the image go before it.
    """
    given = dicom_terms.age(text(dataset, "PatientAge"))
    by_dates, problem = _age_by_dates(dataset)
    if given is None and not _says_something(dataset, "PatientAge"):
        return by_dates, problem
    zero = given == 0 and not dicom_terms.first_value(text(dataset, "PatientAge")).upper().endswith(("D", "W", "M"))
    if zero and by_dates is None:
        return given, "PatientAge in the header is 0 years, which also stands where nothing is known."
    if given is None or zero:
        if zero and by_dates is not None and by_dates < 1:
            return by_dates, ""  # said more exactly
        what = "no age that a person reaches" if given is None else "0 years"
        instead = "the age is not known" if by_dates is None else "the age was taken from the date of birth"
        return by_dates, f"PatientAge in the header is {what}; {instead}."
    if by_dates is not None and abs(given - by_dates) > _SHIFTED:
        problem = "PatientAge and PatientBirthDate in the header contradict each other; PatientAge was used."
    return round(given, 2), problem


def _age_by_dates(dataset: Dataset) -> tuple[float | None, str]:
    born, taken = _date(dataset, "PatientBirthDate"), image_date(dataset)
    if not born or not taken:
        return None, ""
    years = (dicom_terms.day_of(taken) - dicom_terms.day_of(born)).days / 365.25
    if 0 <= years <= dicom_terms.OLDEST:
        return round(years, 2), ""
    return None, "PatientBirthDate in the header does not fit the date of the image; the age was not taken from them."


def _says_something(dataset: Dataset, keyword: str) -> bool:
    return not dicom_terms.says_nothing(text(dataset, keyword))


def _date(dataset: Dataset, keyword: str) -> str:
    """The element as YYYYMMDD, or empty."""
    return dicom_terms.date(text(dataset, keyword)) or ""
