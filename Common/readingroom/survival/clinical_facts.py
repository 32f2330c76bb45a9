"""What age, sex, stage and histology are called, and the numbers that a regression takes for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .. import dicom_terms, records
from ..errors import InputError
from ..metrics.binary import Floats

UNKNOWN = math.nan
_UNKNOWN_WORDS = {"", "x", "unknown", "na", "n/a", "none", "nan", "not collected", "not known"}
_STAGE = re.compile(r"(?:stage\s*)?(iv|iii|ii|i|0|[1-4])\s*([abc]?)\d?\Z")
_T_OR_N = re.compile(r"[cpy]*\s*[tn]?\s*(is|x|[0-5])\s*[a-d]?(?:\(mi\))?\Z")
_ROMAN = {"1": "i", "2": "ii", "3": "iii", "4": "iv"}
_HISTOLOGIES = {
    "adenocarcinoma": "adenocarcinoma",
    "large cell": "large cell",
    "squamous": "squamous cell carcinoma",
    "nos": "not otherwise specified",
    "not otherwise specified": "not otherwise specified",
}
# Without metastases; the 7th and the 8th edition of the AJCC manual agree on these. All but one of LUNG1 are so.
_STAGE_OF = {
    ("1", "0"): ("I",), ("2", "0"): ("I", "II"), ("3", "0"): ("II",), ("4", "0"): ("III",),
    ("1", "1"): ("II",), ("2", "1"): ("II",), ("3", "1"): ("III",), ("4", "1"): ("III",),
    **{(t, n): ("III",) for t in "1234" for n in "23"},
}  # fmt: skip


@dataclass(frozen=True)
class ClinicalFact:
    """A fact with the columns of a design that it fills.

    Parameters
    ----------
    name, title : for machines and for people
    columns : names; a number fills one
    choices : the numbers of its columns for each value that was seen; empty for a number
    low, high : what a number may be
    seen : lowest and highest number in the cohort
    """

    name: str
    title: str
    columns: tuple[str, ...]
    choices: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    low: float = 0.0
    high: float = 0.0
    seen: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if any(len(numbers) != len(self.columns) for numbers in self.choices.values()):
            raise ValueError(f"A choice of '{self.name}' does not fill its {len(self.columns)} columns.")
        object.__setattr__(self, "choices", records.frozen(self.choices))

    def numbers(self, value: object) -> tuple[float, ...]:
        """Of its columns; NaN in each where the fact is not known.

        Raises
        ------
        InputError : the value is impossible, or nobody in the cohort had it
        """
        word = _text(value)
        if word.lower() in _UNKNOWN_WORDS:
            return (UNKNOWN,) * len(self.columns)
        if not self.choices:
            return (self._number(word),)
        meant = _WORDS[self.name](word)
        if meant is None:
            return (UNKNOWN,) * len(self.columns)
        if meant not in self.choices:
            known = ", ".join(self.choices)
            raise InputError(
                f"{self.title} is '{word}', which no patient behind the clinical baseline had; it knows {known}."
            )
        return self.choices[meant]

    def _number(self, word: str) -> float:
        years = dicom_terms.age(word)
        if years is None or not self.low <= years <= self.high:
            raise InputError(f"{self.title} is '{word}'; it must be between {self.low:g} and {self.high:g} years.")
        return years


def design_row(facts: Sequence[ClinicalFact], values: Mapping[str, object]) -> Floats:
    """(columns,) of one patient; NaN where something is not known.

    Raises
    ------
    InputError : see `ClinicalFact.numbers`
    """
    return np.array([number for fact in facts for number in fact.numbers(values.get(fact.name))])


def disagreement(values: Mapping[str, object]) -> str:
    """A sentence where the stage is not that of T and N; empty where it is, or where one of them is not known."""
    stage, t, n = (_WORDS[name](_text(values.get(name))) for name in ("stage", "t", "n"))
    possible = _STAGE_OF.get((t or "", n or ""), ())
    group = str(stage).rstrip("ABC")
    if not possible or group not in ("I", "II", "III", "IV") or group in (*possible, "IV"):
        return ""
    return f"Stage {stage} does not go with T{t} N{n}, which is stage {' or '.join(possible)}."


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _sex(word: str) -> str | None:
    found = dicom_terms.sex(word)
    return None if found == "O" else found or word


def _stage(word: str) -> str:
    """``I``, ``II``, ``IIIA``, ``IIIB``, ``IV`` of "Stage IIb", "3A", "IA2"; parts of I and II are not told apart."""
    match = _STAGE.match(word.lower())
    if match is None:
        return word
    roman = _ROMAN.get(match[1], match[1]).upper()
    return roman + match[2].upper() if roman == "III" else roman


def _t_or_n(word: str) -> str | None:
    """``2`` of "T2a", "pT2", "2"; None of an X."""
    match = _T_OR_N.match(word.lower().removesuffix(".0"))
    if match is None:
        return word
    return None if match[1] == "x" else match[1]


def _histology(word: str) -> str:
    lower = word.lower()
    return next((name for key, name in _HISTOLOGIES.items() if re.search(rf"\b{key}\b", lower)), word)


_WORDS = {"sex": _sex, "stage": _stage, "t": _t_or_n, "n": _t_or_n, "histology": _histology}
