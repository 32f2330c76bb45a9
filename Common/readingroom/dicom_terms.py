"""What words of a DICOM header mean, however they are spelled: views, sides, sexes, ages, dates, window functions.

Headers of images and tables of cohorts are understood by these functions alone. Each gives the meaning as DICOM spells
it; what has no meaning here is None or, for views and sides, the words as they are written, in capitals.
Source: DICOM PS3.3 C.7.1.1 (sex), C.8.1.2 and C.8.11.5 (view, side), C.11.2.1.3 (VOI LUT function); PS3.5 6.2 (AS, DA);
PS3.16 CID 4010 and 4014 (coded views), 4015 (their modifiers).
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping

FRONTAL_VIEWS = ("AP", "PA", "FRONTAL")
LATERAL_VIEWS = ("LL", "RL", "LATERAL")
OLDEST = 130.0  # years

# PS3.16 CID 4010, in SNOMED CT and in the older SNOMED RT.
VIEW_CODES = {
    "399348003": "AP", "R-10206": "AP",
    "272479007": "PA", "R-40888": "PA", "R-10214": "PA",
    "399033003": "FRONTAL", "R-10202": "FRONTAL",
    "399173006": "LL", "R-10236": "LL",
    "399198007": "RL", "R-10232": "RL",
    "399067008": "LATERAL", "R-102CD": "LATERAL",
    "399260004": "LATERAL", "R-10224": "LATERAL",
    "399352003": "LATERAL", "R-10228": "LATERAL",
    # PS3.16 CID 4014: of the breast
    "399162004": "CC", "R-10242": "CC",
    "399368009": "MLO", "R-10226": "MLO",
    "399099002": "LMO", "R-10230": "LMO",
    "399196006": "FB", "R-10244": "FB",
    "399188001": "SIO", "R-102D0": "SIO",
    "441555000": "ISO", "R-40AAA": "ISO",
    "399265009": "XCC", "R-102CF": "XCC",
    "399192008": "XCCL", "Y-X1770": "XCCL",
    "399101009": "XCCM", "R-1024B": "XCCM",
}  # fmt: skip
# PS3.16 CID 4015, in the same two. What they say of a mammogram that is no whole breast as it is screened.
VIEW_MODIFIERS = {
    "399163009": "magnification", "R-102D6": "magnification",
    "399055006": "spot compression", "R-102D7": "spot compression",
    "399209000": "implant displaced", "R-102D5": "implant displaced",
}  # fmt: skip
_WHOLE_VIEWS = {
    "LL": "LL", "LLAT": "LL", "LEFT LATERAL": "LL", "LATERAL LEFT": "LL", "L LATERAL": "LL", "LAT L": "LL",
    "L LAT": "LL", "LEFT LAT": "LL", "LAT LEFT": "LL", "LATERAL L": "LL",
    "RL": "RL", "RLAT": "RL", "RIGHT LATERAL": "RL", "LATERAL RIGHT": "RL", "R LATERAL": "RL", "LAT R": "RL",
    "R LAT": "RL", "RIGHT LAT": "RL", "LAT RIGHT": "RL", "LATERAL R": "RL",
    "FRONTAL": "FRONTAL", "FRONT": "FRONTAL",
}  # fmt: skip
# Within a text of capitals and single spaces. The longer words begin alike in English, Spanish, French and Italian.
_VIEW_WORDS = {
    "AP": re.compile(r"\bA ?P\b|\bANT(ERO|ERIOR|ERIO)?( TO)? ?POST(ER\w*)?\b"),
    "PA": re.compile(r"\bP ?A\b|\bPOST(ERO|ERIOR|ERIO)?( TO)? ?ANT(ER\w*)?\b"),
    "LATERAL": re.compile(r"\b[LR]?LAT\b|\bLATERAL\w*\b|\bMEDIO ?LATERAL\b|\bLATERO ?MEDIAL\b|\bPROFIL\b"),
}
_NOTHING = {"", "UNKNOWN", "UNDEFINED", "UNSPECIFIED", "NOT SPECIFIED", "NONE", "NULL", "N A", "NA"}
_BREAST_VIEWS = {"CC": "CC", "CRANIO CAUDAL": "CC", "CRANIOCAUDAL": "CC",
                 "MLO": "MLO", "MEDIO LATERAL OBLIQUE": "MLO", "MEDIOLATERAL OBLIQUE": "MLO"}  # fmt: skip
_BREAST_VIEW = re.compile(rf"\b(?:(LEFT|RIGHT|L|R) ?)?({'|'.join(_BREAST_VIEWS)})\b")
_SPECIAL_VIEWS = {
    "implant displaced": re.compile(r"\bIMPLANT DISPLACED|\bEKLUND|\b[LR]?(CC|MLO) ?ID\b"),
    "magnification": re.compile(r"\bMAG(NIF\w*)?\b|\bM ?(CC|MLO|ML|LM)\b"),
    "spot compression": re.compile(r"\bSPOT|\bCONE[D ]"),
}
_DECUBITUS = re.compile(r"\b(LEFT |RIGHT |L |R )?LAT(ERAL)? (DECUBITUS|DECUB|DECUBITO)\b")
_OBLIQUE = re.compile(r"\bOBL")

_SEXES = {
    "M": "M", "MALE": "M", "MAN": "M", "BOY": "M", "F": "F", "FEMALE": "F", "WOMAN": "F", "GIRL": "F",
    "O": "O", "OTHER": "O",
}  # fmt: skip
_SIDES = {"L": "L", "LEFT": "L", "R": "R", "RIGHT": "R", "B": "B", "BOTH": "B", "BILATERAL": "B",
          "U": "U", "UNPAIRED": "U"}  # fmt: skip
_WINDOW_FUNCTIONS = {"LINEAR": "LINEAR", "LINEAREXACT": "LINEAR_EXACT", "SIGMOID": "SIGMOID"}
_AGE = re.compile(r"(\d{1,4}(?:[.,]\d+)?(?:E-\d+)?) ?(D|DAYS?|W|WEEKS?|M|MO|MONTHS?|Y|YRS?|YEARS?|)\Z")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0, "": 1.0}  # without a unit: years
_DATE = re.compile(r"(\d{4})([-./]?)(\d{2})\2(\d{2})(?!\d)|(\d{8})\d{2,6}(?:\.\d+)?(?:[+-]\d{4})?\Z")


def view(text: str) -> str:
    """``AP``, ``PA``, ``FRONTAL``, ``LL``, ``RL`` or ``LATERAL``; else the view as it is written, in capitals.

    What stands where nothing is known (``UNKNOWN``, ``N/A``) is empty here.

    Example
    -------
    >>> view("PosteroAnterior"), view("AP supine"), view("LLO")
    ('PA', 'AP', 'LLO')
    """
    return _meaning(text, _WHOLE_VIEWS, named_view(text))


def named_view(text: str) -> str:
    """The one view that a free text names (``AP``, ``PA`` or ``LATERAL``); empty when it names none or several."""
    words = _DECUBITUS.sub(" ", _capitals(text))  # lies on the side, and is taken from the front
    if _OBLIQUE.search(words):
        return ""
    named = [name for name, pattern in _VIEW_WORDS.items() if pattern.search(words)]
    return named[0] if len(named) == 1 else ""


def breast_view(text: str) -> tuple[str, str]:
    """Side (``L``, ``R`` or empty) and view (``CC`` or ``MLO``) that a text names; two empty words where it names none.

    Example
    -------
    >>> breast_view("R MLO"), breast_view("cranio-caudal"), breast_view("XCCL")
    (('R', 'MLO'), ('', 'CC'), ('', ''))
    """
    words = _capitals(text)
    named = {(side(match[1] or ""), _BREAST_VIEWS[match[2]]) for match in _BREAST_VIEW.finditer(words)}
    return next(iter(named)) if len(named) == 1 else ("", "")


def special_breast_view(text: str) -> str:
    """``implant displaced``, ``magnification`` or ``spot compression`` where a text names one; else empty."""
    words = _capitals(text)
    return next((name for name, pattern in _SPECIAL_VIEWS.items() if pattern.search(words)), "")


def side(text: str) -> str:
    """``L``, ``R``, ``B`` (both) or ``U`` (unpaired); any other side as it is written; empty for nothing."""
    return _meaning(text, _SIDES)


def sex(text: str) -> str | None:
    """``M``, ``F`` or ``O``; None for anything else."""
    return _SEXES.get(_capitals(text))


def window_function(text: str) -> str | None:
    """``LINEAR`` (also for nothing), ``LINEAR_EXACT`` or ``SIGMOID``; None for a function that DICOM does not have."""
    word = _capitals(text).replace(" ", "")
    return _WINDOW_FUNCTIONS.get(word) if word else "LINEAR"


def age(text: str) -> float | None:
    """Years of ``045Y``, ``018M``, ``45``, ``45 years`` ...; None for what is no age or one that nobody reaches."""
    match = _AGE.match(first_value(text).upper())
    if match is None:
        return None
    years = float(match[1].replace(",", ".")) * _YEARS[match[2][:1]]
    return years if years <= OLDEST else None


def date(text: str) -> str | None:
    """The day as YYYYMMDD; dots, hyphens or slashes between its parts and a time behind it are understood.

    Day before month, or month before day, cannot be told apart, and is no date here.
    """
    match = _DATE.match(first_value(text))
    if match is None:
        return None
    value = match[5] or match[1] + match[3] + match[4]
    try:
        day_of(value)
    except ValueError:
        return None
    return value


def day_of(value: str) -> datetime.date:
    """A date, YYYYMMDD, as a day.

    Raises
    ------
    ValueError : it is none
    """
    return datetime.datetime.strptime(value, "%Y%m%d").date()


def decimals(text: str) -> tuple[float | None, ...]:
    """Numbers with backslashes between, None in place of what is no finite number; empty ends are left out.

    Example
    -------
    >>> decimals("1500\\0,5\\wide\\")
    (1500.0, 0.5, None)
    """
    values = [value.strip(" \0") for value in text.split("\\")]
    while values and not values[-1]:
        values.pop()
    return tuple(map(_decimal, values))


def _decimal(text: str) -> float | None:
    """A decimal comma is understood; an underscore, which Python would take, is not."""
    try:
        number = float(text.replace(",", ".").replace("_", " "))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def first_value(text: str) -> str:
    """The first of several values, which DICOM writes with a backslash between, that is not empty."""
    return next((value.strip() for value in unicodedata.normalize("NFKC", text).split("\\") if value.strip()), "")


def says_nothing(text: str) -> bool:
    """Whether a text only stands where nothing is known: ``UNKNOWN``, ``N/A``, ``-`` ..."""
    return _capitals(text) in _NOTHING


def _meaning(text: str, meanings: Mapping[str, str], otherwise: str = "") -> str:
    if says_nothing(text):
        return ""
    return meanings.get(_capitals(text)) or otherwise or first_value(text).upper()


def _capitals(text: str) -> str:
    """The first value in capitals, without accents, its words with a single space between and no other marks."""
    letters = unicodedata.normalize("NFKD", first_value(text)).upper()
    return " ".join(re.sub(r"[^\w]|_", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())
