"""A reading without what names the patient: what is known to be harmless stays, everything else goes.

Names are typed into any text of a header, so a header fact stays only where it is a term of the DICOM standard or a
plausible number, and our own sentences lose what they quote of the rest. Of dates the year stays (DICOM PS3.15,
Annex E); paths and what a person typed go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from .reading import Curve, Line, Reading
from .study import ClinicalFact, PatientFacts, Study, StudyImage, StudyMask

_REMOVED = "[removed]"
_RARE_AGE = 90.0  # years; ages above 89 point at few people

_NUMBERS = re.compile(r"(?:[\s\\,\[\]]|[-+]?\d{1,5}(?:\.\d*)?(?:[eE][-+]?\d{1,2})?(?![\d.]))*\Z")
_NUMERIC = frozenset(
    ("KVP", "Rows", "Columns", "BitsStored", "SamplesPerPixel", "PixelSpacing", "ImagerPixelSpacing",
     "WindowCenter", "WindowWidth", "SliceThickness", "GantryDetectorTilt", "InstanceNumber", "NumberOfFrames",
     "EstimatedRadiographicMagnificationFactor")
)  # fmt: skip
_STANDARD_UID = re.compile(r"1\.2\.840\.10008(?:\.\d{1,4}){1,10}\Z")  # registered by DICOM for everybody
_SIDES = re.compile(r"[AFHLPR]{1,3}(?:\\[AFHLPR]{1,3})?\Z")  # PatientOrientation
_CODED = frozenset(
    ("BodyPartExamined", "ViewPosition", "ViewPositionSource", "ImageLaterality", "PhotometricInterpretation",
     "PresentationIntentType", "PresentationLUTShape", "ImageType", "ConversionType", "VOILUTFunction",
     "LossyImageCompression", "BurnedInAnnotation", "BreastImplantPresent")
)  # fmt: skip
_STANDARD = (
    # Modality (PS3.3 C.7.3.1.1.1)
    "CR DX DR RG CT MR PT NM MG US XA RF OT SC IO PX ES OP GM SM XC SEG BMD "
    # body parts and views (PS3.16 Annex L, PS3.3 C.8.11.5)
    "CHEST THORAX LUNG LUNGS TORAX ABDOMEN ANKLE ARM BRAIN BREAST CALCANEUS CLAVICLE COCCYX CSPINE ELBOW EXTREMITY EYE "
    "FEMUR FINGER FOOT FOREARM HAND HEAD HEART HEEL HIP HUMERUS JAW KNEE LEG LIVER LSPINE MANDIBLE NECK NOSE PANCREAS "
    "PATELLA PELVIS RIB RIBS SCAPULA SHOULDER SKULL SPINE STERNUM TIBIA TOE TSPINE WRIST WHOLEBODY KIDNEY BLADDER "
    "PA AP LL RL LAT LATERAL LLAT RLAT RLD LLD RLO LLO CC MLO ML LM FRONTAL OBLIQUE POSTEROANTERIOR ANTEROPOSTERIOR "
    "POSTERO ANTERO ANTERIOR POSTERIOR ERECT SUPINE LORDOTIC PORTABLE L R U B LEFT RIGHT BOTH "
    # the element that a view was taken from, and the terms of the other coded elements
    "ViewPosition ViewCodeSequence PatientOrientation SeriesDescription AcquisitionDeviceProcessingDescription "
    "ProtocolName MONOCHROME1 MONOCHROME2 RGB PALETTE COLOR YBR FULL 422 PARTIAL 420 ICT RCT FOR PRESENTATION "
    "PROCESSING IDENTITY INVERSE ORIGINAL PRIMARY DERIVED SECONDARY AXIAL LOCALIZER PROJECTION IMAGE DV DI DF WSD SD "
    "SI DRW SYN LINEAR EXACT SIGMOID 00 01 YES NO M F O"
)
_TERMS = frozenset(_STANDARD.split())
# Words of our own sentences and of common paths that a description may share; they point at nobody.
_EVERYDAY = (
    "an as at be by do if in is it no of on or so to up "
    "after again also and answer answers application archive are area bone bones bright case center check checks color "
    "data desktop dicom documents downloads from gave given gives gray have header heat home image images export "
    "import into known large left less limit look low many map maps mask masks mean model more most much network none "
    "number only other part picture pictures pixel pixels point points private radiograph radiographs read reader "
    "reading right scale screening series shows side slice slices small some study studies system taken test than that "
    "their them then there these they this those user users value values view views volume volumes was were what when "
    "where which window with without year years "
    "cancer compression dense density displaced exam exams implant magnification mammogram mammograms spot tissue"
)
_COMMON = frozenset(_EVERYDAY.split())
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|“[^”]*”|\"[^\"]*\"")  # and no apostrophe
_WORD = re.compile(r"[^\W_]+")


def anonymous_study(study: Study, choices: Mapping[str, Collection[str]] | None = None) -> Study:
    """The study without what names the patient or finds the images in an archive.

    Parameters
    ----------
    choices : by clinical fact, the words that a reader offers to choose from; other words were typed and go
    """
    offered = {"sex": ("M", "F", "O"), **(choices or {})}
    clinical = {
        name: _without_rare_age(name, fact)
        for name, fact in study.clinical.items()
        if not isinstance(fact.value, str) or fact.value in offered.get(name, ())
    }
    return Study(
        images=tuple(_anonymous_image(image) for image in study.images),
        masks=tuple(StudyMask(mask.role, mask.image, Path(mask.role)) for mask in study.masks),
        patient=PatientFacts(),
        clinical=clinical,
    )


def anonymous_reading(
    reading: Reading, texts: Iterable[str] = (), choices: Mapping[str, Collection[str]] | None = None
) -> Reading:
    """The reading without what names the patient. Comments go, since they are typed.

    Parameters
    ----------
    texts : what else the headers of its images say, see `imaging.header_texts`
    choices : as of `anonymous_study`
    """
    clean = without((*texts_of(reading.study), *texts), (image.role for image in reading.study.images))
    made = reading.provenance
    settings = {name: clean(value) if isinstance(value, str) else value for name, value in made.settings.items()}
    return replace(
        reading,
        study=anonymous_study(reading.study, choices),
        checks=tuple(replace(check, sentence=clean(check.sentence)) for check in reading.checks),
        provenance=replace(made, notes=tuple(map(clean, made.notes)), settings=settings),
        measurements=tuple(replace(one, title=clean(one.title)) for one in reading.measurements),
        regions=tuple(replace(one, title=clean(one.title)) for one in reading.regions),
        comparisons=tuple(replace(one, title=clean(one.title)) for one in reading.comparisons),
        curves=tuple(_clean_curve(curve, clean) for curve in reading.curves),
        key_pictures=tuple(replace(one, caption=clean(one.caption)) for one in reading.key_pictures),
        verdicts=tuple(replace(verdict, comment="") for verdict in reading.verdicts),
        comment="",
    )


def is_anonymous(reading: Reading) -> bool:
    """Whether nothing is left that `anonymous_reading` takes away."""
    if reading.comment or any(verdict.comment for verdict in reading.verdicts):
        return False
    offered = {name: (fact.value,) for name, fact in reading.study.clinical.items() if isinstance(fact.value, str)}
    return anonymous_study(reading.study, offered) == reading.study


def without(texts: Iterable[str], names: Iterable[str] = ()) -> Callable[[str], str]:
    """What takes these texts, their words, and all that stands in quotation marks, out of a sentence of ours.

    Parameters
    ----------
    names : that may stand in quotation marks
    """
    found: set[str] = set()
    for text in texts:
        spoken = " ".join(text.split())
        if not _is_harmless(spoken):
            found |= {spoken, *(word for word in _WORD.findall(spoken) if not _is_harmless(word))}
    kept = {*names}
    longest_first = sorted(found, key=len, reverse=True)
    known = [r"\s+".join(map(re.escape, text.split())) for text in longest_first]
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(known)})(?![^\W_])", re.IGNORECASE) if known else None

    def clean(sentence: str) -> str:
        sentence = _QUOTED.sub(lambda match: match[0] if match[0][1:-1] in kept else f"'{_REMOVED}'", sentence)
        return pattern.sub(_REMOVED, sentence) if pattern is not None else sentence

    return clean


def _anonymous_image(image: StudyImage) -> StudyImage:
    return StudyImage(
        role=image.role,
        path=Path(image.role),
        date=image.date[:4],
        modality=image.modality if image.modality in _TERMS else "",
        rendered=image.rendered,
        facts={name: value for name, value in image.facts.items() if _is_standard(name, value)},
    )


def _is_standard(keyword: str, value: str) -> bool:
    """Whether a header fact says nothing but what the standard has a word for, or a plausible number."""
    if keyword == "SOPClassUID":
        return bool(_STANDARD_UID.match(value))
    if keyword == "PatientOrientation":
        return bool(_SIDES.match(value))
    if keyword in _NUMERIC:
        return bool(_NUMBERS.match(value))
    return keyword in _CODED and all(word in _TERMS for word in _WORD.findall(value))


def _is_harmless(text: str) -> bool:
    """Whether a text or word of a header points at nobody: terms of the standard, everyday words, a short number."""
    if len(text) < 2 or (text.isascii() and text.isdigit() and len(text) < 4):
        return True
    return all(word in _TERMS or word.upper() in _TERMS or word.casefold() in _COMMON for word in _WORD.findall(text))


def texts_of(study: Study) -> list[str]:
    """All that a study knows of the patient and that is text."""
    patient = study.patient
    texts = [patient.name, patient.patient_id, *_dates(patient.birth_date), study.description, study.accession_number]
    for image in study.images:
        texts += [image.study_instance_uid, image.series_instance_uid, image.modality, *_dates(image.date)]
        texts += [value for name, value in image.facts.items() if not _is_standard(name, value)]
    texts += [mask.source for mask in study.masks]
    texts += [fact.value for fact in study.clinical.values() if isinstance(fact.value, str)]
    for path in (*(image.path for image in study.images), *(mask.path for mask in study.masks)):
        if path is not None:
            texts += [str(path), *path.parts, path.stem]
    return texts


def _dates(date: str) -> list[str]:
    """A date as DICOM and as people write it."""
    return [date, f"{date[:4]}-{date[4:6]}-{date[6:]}"] if len(date) == 8 else []


def _without_rare_age(name: str, fact: ClinicalFact) -> ClinicalFact:
    is_number = not isinstance(fact.value, str | bool)
    return replace(fact, value=min(fact.value, _RARE_AGE)) if name == "age" and is_number else fact


def _clean_curve(curve: Curve, clean: Callable[[str], str]) -> Curve:
    def line(one: Line) -> Line:
        return replace(one, title=clean(one.title))

    return replace(curve, title=clean(curve.title), line=line(curve.line), baselines=tuple(map(line, curve.baselines)))
