"""Who was imaged and how, as a DICOM header tells it: the facts that a Study keeps."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.uid import UID

from ..study import ClinicalFact, PatientFacts, StudyImage
from .dicom_file import items, text

# Kept by keyword in StudyImage.facts, for checks and reports. None of them names the patient.
_FACTS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesDescription", "BodyPartExamined", "PhotometricInterpretation",
    "Manufacturer", "ProtocolName", "ManufacturerModelName",
    "PresentationIntentType", "PresentationLUTShape", "PatientOrientation", "ImageType", "ConversionType",
    "KVP", "Rows", "Columns", "BitsStored", "SamplesPerPixel", "PixelSpacing", "ImagerPixelSpacing",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "LossyImageCompression", "BurnedInAnnotation",
)  # fmt: skip
_AGE = re.compile(r"\s*(\d{1,3})\s*([DWMY]?)\s*\Z", re.IGNORECASE)
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0, "": 1.0}  # without a unit: years
_DATES_OF_IMAGE = ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate")
_TEXTS_WITH_VIEW = ("SeriesDescription", "AcquisitionDeviceProcessingDescription", "ProtocolName")
_VIEW_WORDS = {
    "AP": re.compile(r"(?<![A-Za-z])A\.?P\.?(?![A-Za-z])|antero-?\s?posterior", re.IGNORECASE),
    "PA": re.compile(r"(?<![A-Za-z])P\.?A\.?(?![A-Za-z])|postero-?\s?anterior", re.IGNORECASE),
    "LATERAL": re.compile(r"(?<![A-Za-z])lat(eral)?(?![A-Za-z])", re.IGNORECASE),
}


def study_image(dataset: Dataset, path: Path, role: str = "image") -> StudyImage:
    """The image of a DICOM file with its header facts."""
    view, source = view_position(dataset)
    facts = {keyword: value for keyword in _FACTS if (value := text(dataset, keyword))}
    facts["ViewPosition"] = view
    facts["ViewPositionSource"] = source
    facts["ImageLaterality"] = text(dataset, "ImageLaterality") or text(dataset, "Laterality")
    syntax = text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    facts["TransferSyntax"] = UID(syntax, IGNORE).name if syntax else ""
    return StudyImage(
        role=role,
        path=path,
        date=image_date(dataset),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        series_instance_uid=text(dataset, "SeriesInstanceUID"),
        modality=text(dataset, "Modality"),
        facts={keyword: value for keyword, value in facts.items() if value},
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
    if (age := _age(dataset)) is not None:
        facts["age"] = ClinicalFact(age, "a", "header")
    if (sex := text(dataset, "PatientSex").upper()) in ("M", "F", "O"):
        facts["sex"] = ClinicalFact(sex, source="header")
    return facts


def image_date(dataset: Dataset) -> str:
    """When the image was taken, YYYYMMDD: of the acquisition, else the content, the series, the study."""
    return next((found for keyword in _DATES_OF_IMAGE if (found := _date(dataset, keyword))), "")


def view_position(dataset: Dataset) -> tuple[str, str]:
    """The view (``AP``, ``PA``, ``LL``, ``LATERAL``, ... or empty), and the element it was taken from.

    ViewPosition decides, then the coded view. Free text counts only if it names exactly one view. PatientOrientation
    can tell a lateral view from a frontal one, but not AP from PA.
    """
    if view := text(dataset, "ViewPosition").upper():
        return view, "ViewPosition"
    sources = [(meaning, "ViewCodeSequence") for item in items(dataset, "ViewCodeSequence")
               if (meaning := text(item, "CodeMeaning"))]  # fmt: skip
    sources += [(text(dataset, keyword), keyword) for keyword in _TEXTS_WITH_VIEW]
    for words, source in sources:
        views = [view for view, pattern in _VIEW_WORDS.items() if pattern.search(words)]
        if len(views) == 1:
            return views[0], source
    if text(dataset, "PatientOrientation")[:1] in ("A", "P"):
        return "LATERAL", "PatientOrientation"
    return "", ""


def _name(value: str) -> str:
    """``Yamada^Tarou=山田^太郎`` as ``Yamada, Tarou``; the first written form that is not empty."""
    written = next((form for form in value.split("=") if form.strip("^ ")), "")
    family, given, middle, *_ = [*(part.strip() for part in written.split("^")), "", "", ""]
    return ", ".join(part for part in (family, f"{given} {middle}".strip()) if part)


def _age(dataset: Dataset) -> float | None:
    """Years, from PatientAge, else from the birth date and the date of the image; None unless plausible."""
    if match := _AGE.match(text(dataset, "PatientAge")):
        years = int(match[1]) * _YEARS[match[2].upper()]
    else:
        born = _date(dataset, "PatientBirthDate")
        taken = image_date(dataset)
        if not born or not taken:
            return None
        years = (_day(taken) - _day(born)).days / 365.25
    return round(years, 2) if 0 <= years <= 130 else None


def _date(dataset: Dataset, keyword: str) -> str:
    """The element as YYYYMMDD, or empty; ACR-NEMA's YYYY.MM.DD is understood."""
    value = text(dataset, keyword).replace(".", "")
    try:
        _day(value)
    except ValueError:
        return ""
    return value


def _day(value: str) -> date:
    if not re.fullmatch(r"\d{8}", value):
        raise ValueError(f"{value!r} is not a DICOM date")
    return datetime.strptime(value, "%Y%m%d").date()
