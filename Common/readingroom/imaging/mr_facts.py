"""What an MR series is: its weighting, fat saturation, contrast phase, plane ..., as its header says.

What the numbers of the sequence do not say is taken from the words of its descriptions, and marked as such. The words
are never quoted: only what they mean is told. Source: DICOM PS3.3 C.8.3.1 (MR Image), C.8.13 (Enhanced MR).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from .. import dicom_terms
from ..study import StudyImage

# ScanningSequence, by the numbers of it: below and above these the contrast is not in doubt. Brown and Semelka, MRI:
# Basic Principles and Applications.
_LONG_ECHO, _SHORT_ECHO, _LONG_REPETITION = 50.0, 35.0, 1500.0  # ms, of spin echoes
_BILE_ALONE = 250.0  # ms: of echoes as late as that, organs give no signal
_T1_GRADIENT_ECHO, _T2_STAR_ECHO = 8.0, 12.0  # ms
_SHORT_INVERSION = (80.0, 260.0)  # ms, at which the signal of fat passes through zero
_FAT_SHIFT = 3.4e-6 * 42.577e3  # turns per ms and tesla by which fat falls behind water
_IN_STEP = 0.12  # of a turn
_GYROMAGNETIC = 42.577  # MHz per tesla
_OBLIQUE = 0.87  # cosine of 30 degrees: further from the axes a plane has no name of its own

_TEXTS = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
_WEIGHTING = {  # the first that is named
    "ADC": r"\b[ED]?ADC\b|APPARENT DIFF",
    "DWI": r"\bDWI?\b|\bDIFF\w*|\bTRACEW?\b|\bEP2D DIFF|\bRESOLVE\b|\bEP B\d|\bB ?\d{3,4}\b",
    "T2*": r"\bT2 ?(STAR|GRE)\b|\bSWI\b|\bSWAN\b|\bMEDIC\b|\bR2 ?STAR\b",
    "T2": r"\bF?T2W?\b|\bHASTE\w*|\bSSFSE\b|\bSS ?H?TSE\b|\bSSH\b|\bFASE\w*|\bMRCP\b|\bSTIR\b|\bTIRM\b|\bT2 ",
    "PD": r"\bPDW?\b|\bPROTON DENS\w*",
    "balanced": r"\bTRU ?FI(SP)?\w*|\bTRUE ?FISP\b|\bFIESTA\b|\bB ?FFE\b|\bB ?TFE\b|\bBALANCED\b|\bTRUE SSFP\b",
    "T1": r"\bF?T1W?\b|\bVIBE\b|\bLAVA\w*|\bE?THRIVE\b|\bF?SPGR\b|\bFLASH\w*|\bFL[23]D\w*|\bQUICK ?3D\w*|\bMDIXON\b|"
    r"\bTURBO ?FLASH\b|\bFAME\b|\bT1 ",
}  # fmt: skip
_KINDS = {
    "localizer": r"\b(LOC|LOCALI[SZ]ER|SCOUT|SURVEY|3 ?PL(ANE)?|PLAN SCAN|CALIBRATION|ASSET CAL|PRESCAN|SMARTBRAIN)\b",
    "subtraction": r"\bSUB(TRACT\w*)?\b",
    "projection": r"\b[MT]IP\b|\bPROJECTION IMAGE\b",
    "fat fraction": r"\b(FAT FRACTION|FF|PDFF|FAT FRAC)\b",
    "parameter map": r"\b(T1|T2|R2|T2STAR|R2STAR|B1|B0)(MAP| MAP| PARAMETRIC)\b|\bMAP\b|\bELASTO\w*|\bSTIFFNESS\b",
    "report": r"\bSCREEN\w*|\bREPORT\b",
}  # fmt: skip
_FAT_SATURATED = re.compile(
    r"\b(FS|FAT ?SAT\w*|FATSUP\w*|SPAIR|SPIR|SPECIAL|STIR|TIRM|CHESS|DIXON W|WFS|WATER|PROSET|WATS|FSAT|SPECIR|"
    r"FATSEP|QUICK3DS)\b"
)
_NOT_SATURATED = re.compile(r"\b(NON?|WITHOUT|OHNE|W O) ?(FS|FAT ?SAT)\b")
_PHASES = {
    "hepatobiliary": r"\bHBP\b|\bHEPATOB\w*|\b(15|20|30) ?MIN\w*|\bHB PHASE\b",
    "arterial": r"\bART(ERIAL|ERIELL)?\b",
    "portal venous": r"\bPORTAL\w*|\bPV(P|EN)?\b|\bPORT VEN\b|\bVEN(OUS|OES)?\b",
    "delayed": r"\bDELAY\w*|\bLATE\b|\bEQUIL\w*|\bTRANSITION\w*|\bSPAET\b|\b\d ?MIN\b",
    "before contrast": r"\bPRE\b|\bPRE ?(GD|KM|CON\w*)\b|\bNATIVE?\b|\bNATIV\b|\bUNENH\w*",
}  # fmt: skip
_CONTRAST = re.compile(r"\bPOST\b|\bGD\b|\bKM\b|\bC\+|\+ ?C\b|\bCE\b|\bGAD\w*|\bPRIMOVIST\b|\bEOVIST\b|\bDYN\w*")
_CHEMICAL = {
    "opposed phase": r"\bOPP\w*|\bOUT ?(OF ?)?PHASE\b|\bOP\b|\bOOP\b|\bOUTPHASE\b",
    "in phase": r"\bIN ?PHASE\b|\bIP\b",
    "fat": r"\bFAT (ONLY|IMAGE|IMAGES)\b|\bF\b|\bFAT$",
    "water": r"\bWATER\b|\bW\b",
}  # fmt: skip
_CONTRASTS = {  # AcquisitionContrast of Enhanced MR
    "T1": "T1", "T2": "T2", "T2_STAR": "T2*", "PROTON_DENSITY": "PD", "DIFFUSION": "DWI", "STIR": "T2",
    "FLUID_ATTENUATED": "T2",
}  # fmt: skip
_PLANES = ("sagittal", "coronal", "axial")  # by the axis of the patient along which the slices follow each other


@dataclass(frozen=True)
class MRSeries:
    """What one MR series is. Empty texts and None mean: not known.

    Parameters
    ----------
    weighting : ``T1``, ``T2``, ``T2*``, ``PD``, ``DWI``, ``ADC`` or ``balanced``
    by : where the weighting is from: ``sequence`` (times and kind of the sequence, or a coded word), or ``words``
    named : the weighting that the words of its descriptions name
    kind : what it is that is no image of a patient as the scanner took it: ``localizer``, ``subtraction`` ...
    fat_saturated, contrast : whether fat is saturated, and a contrast medium was given
    phase : of the contrast: ``before contrast``, ``arterial``, ``portal venous``, ``delayed``, ``hepatobiliary``
    chemical_shift : ``in phase``, ``opposed phase``, ``water`` or ``fat``
    acquisition : ``2D`` or ``3D``
    plane : ``axial``, ``coronal``, ``sagittal``, or ``oblique``
    b_value : s/mm2
    field_strength : tesla
    """

    weighting: str = ""
    by: str = ""
    named: str = ""
    kind: str = ""
    fat_saturated: bool | None = None
    contrast: bool | None = None
    phase: str = ""
    chemical_shift: str = ""
    acquisition: str = ""
    plane: str = ""
    b_value: float | None = None
    field_strength: float | None = None

    @property
    def words(self) -> str:
        """For people: ``T2, axial, fat saturated``; empty where nothing is known."""
        b_value = f" (b {self.b_value:g})" if self.b_value is not None and self.weighting == "DWI" else ""
        parts = [
            self.kind,
            "" if self.weighting in self.kind else f"{self.weighting}{b_value}",
            self.plane,
            "fat saturated" if self.fat_saturated else "",
            self.chemical_shift,
            self.phase or ("with contrast medium" if self.contrast else ""),
        ]
        return ", ".join(filter(None, parts))


def mr_series(image: StudyImage) -> MRSeries:
    """What the header facts of an MR image say of its series."""
    words = _words(image)
    kinds = set(" ".join(image.fact(key) for key in ("ImageType", "FrameType")).upper().replace("\\", " ").split())
    named = next((name for name, pattern in _WEIGHTING.items() if re.search(pattern, words)), "")
    field_strength, b_value = _field_strength(image), _number(image, "DiffusionBValue")
    by_sequence = _weighting(image, kinds, b_value)
    suppressed = _fat_saturated(image, words)
    shift = _chemical_shift(image, words, kinds)
    if not shift and by_sequence == "T1" and field_strength and not suppressed:
        shift = _by_echo(_number(image, "EchoTime"), field_strength, image)
    phase = next((name for name, pattern in _PHASES.items() if re.search(pattern, words)), "")
    agent = image.fact("ContrastBolusAgent")
    given = bool(agent) and not dicom_terms.says_nothing(agent) and agent.strip().upper() not in ("NO", "OFF")
    said = bool(phase and phase != "before contrast") or bool(_CONTRAST.search(words))
    return MRSeries(
        weighting=by_sequence or named,
        by="sequence" if by_sequence else "words" if named else "",
        named=named,
        kind=_kind(image, words, kinds),
        fat_saturated=suppressed,
        contrast=True if given or (said and phase != "before contrast") else False if phase else None,
        phase=phase,
        chemical_shift=shift,
        acquisition=image.fact("MRAcquisitionType").upper()[:2],
        plane=_plane(image),
        b_value=b_value,
        field_strength=field_strength,
    )


def mr_rank(image: StudyImage, weightings: Collection[str]) -> tuple[float, ...]:
    """How well a series suits who reads axial images of these weightings: of several the highest one does best.

    Of those that suit alike, one without fat saturation goes first, then the one with more slices, then the one with
    the lowest series number.
    """
    series, echo = mr_series(image), _number(image, "EchoTime") or _number(image, "EffectiveEchoTime") or 0.0
    number = _number(image, "SeriesNumber")
    return (
        image.modality == "MR" and not series.kind and series.chemical_shift != "fat",
        series.weighting in weightings,
        series.plane == "axial",
        echo <= _BILE_ALONE,
        "DERIVED" not in image.fact("ImageType").upper(),
        not series.fat_saturated,
        _number(image, "NumberOfSlices") or 0.0,
        -math.inf if number is None else -number,
    )


def _words(image: StudyImage) -> str:
    """The descriptions in capitals, with single spaces between words; ``T2*`` as ``T2 STAR``."""
    text = " | ".join(image.fact(key) for key in _TEXTS).upper().replace("T2*", "T2 STAR ").replace("+C", " POST ")
    return " ".join(re.sub(r"[^\w|+]|_", " ", text).split())


def _number(image: StudyImage, keyword: str) -> float | None:
    found = dicom_terms.decimals(image.fact(keyword))
    return found[0] if found else None


def _weighting(image: StudyImage, kinds: set[str], b_value: float | None) -> str:
    """By coded words and by the times of the sequence; empty where they leave it open."""
    if kinds & {"ADC", "EADC", "DADC"}:
        return "ADC"
    sequence = image.fact("SequenceName").upper()
    if b_value or kinds & {"DIFFUSION", "TRACEW"} or re.search(r"\bEP_?B\d+", sequence.replace("*", "")):
        return "DWI"
    if coded := _CONTRASTS.get(image.fact("AcquisitionContrast").upper()):
        return coded
    scanning = set(image.fact("ScanningSequence").upper().split("\\"))
    echo = _number(image, "EchoTime") or _number(image, "EffectiveEchoTime")
    repetition = _number(image, "RepetitionTime")
    if not echo:
        return ""
    if "GR" in scanning:
        return _of_gradient_echo(image, echo, repetition)
    if "SE" in scanning or ("IR" in scanning and echo >= _SHORT_ECHO):
        if echo >= _LONG_ECHO:
            return "T2"
        if repetition and "IR" not in scanning:
            return "PD" if repetition >= _LONG_REPETITION else "T1" if echo <= _SHORT_ECHO else ""
    return ""


def _of_gradient_echo(image: StudyImage, echo: float, repetition: float | None) -> str:
    variant = set(image.fact("SequenceVariant").upper().split("\\"))
    angle = _number(image, "FlipAngle")
    if echo >= _T2_STAR_ECHO:
        return "T2*"
    if "SP" not in variant and "SS" in variant and repetition and repetition < 10 and angle and angle >= 35:
        return "balanced"
    if echo <= _T1_GRADIENT_ECHO and ("SP" in variant or (angle is not None and angle < 35) or (repetition or 0) > 50):
        return "T1"
    return ""


def _kind(image: StudyImage, words: str, kinds: set[str]) -> str:
    coded = {
        "ADC map": {"ADC", "EADC", "DADC"},
        "localizer": {"LOCALIZER"},
        "subtraction": {"SUB", "SUBTRACT", "SUBTRACTION"},
        "projection": {"MIP", "MINIP", "PROJECTION", "PROJECTION IMAGE"},
        "fat fraction": {"FAT_FRACTION", "FF"},
        "phase image": {"P", "PHASE", "PHASE_MAP", "VELOCITY"},
        "real or imaginary image": {"R", "I", "REAL", "IMAGINARY"},
        "parameter map": {"T1_MAP", "T2_MAP", "T2_STAR_MAP", "R2_STAR_MAP", "R2STAR", "T1MAP", "T2MAP", "B1_MAP"},
    }
    found = next((kind for kind, marks in coded.items() if marks & kinds), "")
    if not found and image.fact("ComplexImageComponent").upper() in ("PHASE", "REAL", "IMAGINARY"):
        found = "phase image"
    if found:
        return found
    if re.search(_WEIGHTING["ADC"], words.partition("|")[0]):  # of the series alone: a protocol makes several
        return "ADC map"
    series = words.partition("|")[0]
    return next((kind for kind, pattern in _KINDS.items() if re.search(pattern, series)), "")


def _fat_saturated(image: StudyImage, words: str) -> bool | None:
    coded = image.fact("SpectrallySelectedSuppression").upper()
    if coded:
        return "FAT" in coded
    options = set(image.fact("ScanOptions").upper().split("\\"))
    inversion = _number(image, "InversionTime")
    short = (
        "IR" in image.fact("ScanningSequence").upper().split("\\")
        and inversion is not None
        and _SHORT_INVERSION[0] <= inversion <= _SHORT_INVERSION[1]
    )
    if _NOT_SATURATED.search(words):
        return False
    if options & {"FS", "SFS", "FSS", "FAT SAT", "SPAIR", "SPIR"} or short or _FAT_SATURATED.search(words):
        return True
    return False if image.fact("ScanOptions") else None


def _chemical_shift(image: StudyImage, words: str, kinds: set[str]) -> str:
    coded = {
        "opposed phase": {"OPP_PHASE", "OUT_PHASE", "OPP", "OP", "OUT_OF_PHASE", "OUTPHASE"},
        "in phase": {"IN_PHASE", "IP", "INPHASE"},
        "water": {"WATER", "W"},
        "fat": {"FAT", "F"},
    }
    found = next((name for name, marks in coded.items() if marks & kinds), "")
    return found or next(
        (name for name, pattern in _CHEMICAL.items() if re.search(pattern, words.partition("|")[0].strip())), ""
    )


def _by_echo(echo: float | None, tesla: float, image: StudyImage) -> str:
    """In or opposed phase of a gradient echo, by how far fat has fallen behind water at its echo."""
    if not echo or "GR" not in image.fact("ScanningSequence").upper().split("\\"):
        return ""
    turn = (echo * _FAT_SHIFT * tesla) % 1
    if min(turn, 1 - turn) <= _IN_STEP:
        return "in phase"
    return "opposed phase" if abs(turn - 0.5) <= _IN_STEP else ""


def _plane(image: StudyImage) -> str:
    cosines = dicom_terms.decimals(image.fact("ImageOrientationPatient"))
    if len(cosines) != 6 or None in cosines:
        return ""
    normal = np.abs(np.cross(cosines[:3], cosines[3:]))  # type: ignore[arg-type]
    if not 0.9 < np.linalg.norm(normal) < 1.1:
        return ""
    return _PLANES[int(normal.argmax())] if normal.max() >= _OBLIQUE else "oblique"


def _field_strength(image: StudyImage) -> float | None:
    """Tesla; some scanners write gauss, others the frequency of protons alone."""
    found = _number(image, "MagneticFieldStrength")
    if found and found > 100:
        found /= 10_000
    if not found and (frequency := _number(image, "ImagingFrequency")):
        found = frequency / _GYROMAGNETIC
    return round(found, 2) if found and 0.01 < found < 25 else None
