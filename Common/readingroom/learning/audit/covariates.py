"""What can be known of a study without looking at what it shows, as numbers for small models."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..cohorts.cohort import Cohort, Row
from ..cohorts.fingerprint import Fingerprint

Floats = NDArray[np.float64]
_NUMERIC = 0.9  # share of a column's filled cells that must be numbers for it to count as one
_MOST_WORDS = 30  # different values of a fact that are told apart; the rarer ones count as one

_NUMBERS: Mapping[str, Callable[[Row, Fingerprint], float]] = {
    "rows": lambda row, found: found.size[-2],
    "columns": lambda row, found: found.size[-1],
    "aspect": lambda row, found: found.size[-2] / found.size[-1],
    "slices": lambda row, found: found.size[0] if len(found.size) == 3 else 1,
    "spacing": lambda row, found: found.spacing[-1] if found.spacing else math.nan,
    "slice thickness": lambda row, found: found.spacing[0] if len(found.spacing) == 3 else math.nan,
    "bytes per pixel": lambda row, found: found.bytes_per_pixel,
    "mean gray": lambda row, found: found.mean,
    "contrast": lambda row, found: found.deviation,
    "kVp": lambda row, found: _number(found.facts.get("KVP", "")),
    "age": lambda row, found: math.nan if row.age is None else row.age,
}
_WORDS: Mapping[str, Callable[[Row, Fingerprint], str]] = {
    "sex": lambda row, found: row.sex,
    "view": lambda row, found: row.view or found.facts.get("ViewPosition", ""),
    "laterality": lambda row, found: row.laterality,
    "scanner": lambda row, found: row.scanner,
    "manufacturer": lambda row, found: found.facts.get("Manufacturer", ""),
    "model": lambda row, found: found.facts.get("ManufacturerModelName", ""),
    "kernel": lambda row, found: found.facts.get("ConvolutionKernel", ""),
    "modality": lambda row, found: found.facts.get("Modality", ""),
    "bits": lambda row, found: found.facts.get("BitsStored", ""),
    "body part": lambda row, found: found.facts.get("BodyPartExamined", ""),
    "file": lambda row, found: found.facts.get("FileKind", "") + found.facts.get("TransferSyntax", ""),
}


def metadata(cohort: Cohort, found: list[Fingerprint]) -> dict[str, Floats]:
    """Facts by name, each as columns (rows, values): numbers as they are (NaN where unknown), words as 0 and 1.

    Facts that are the same in all rows are left out. The site is none of them: it is evaluated by itself.
    """
    facts: dict[str, Floats] = {}
    pairs = list(zip(cohort.rows, found, strict=True))
    for name, number in _NUMBERS.items():
        facts[name] = np.array([[number(row, each)] for row, each in pairs], dtype=np.float64)
    for name, word in _WORDS.items():
        facts[name] = indicators([word(row, each) for row, each in pairs])
    return {name: columns for name, columns in facts.items() if _varies(columns)}


def clinical(cohort: Cohort) -> dict[str, Floats]:
    """Age, sex and the table's further columns by name: numbers as they are (NaN where missing), words as 0 and 1.

    Columns that are the same in all rows are left out, and words that nearly every row has for itself.
    """
    names = ["age", "sex", *dict.fromkeys(name for row in cohort.rows for name in row.clinical)]
    found = {name: _of_words(cohort.column(name).tolist()) for name in names}
    return {name: columns for name, columns in found.items() if _varies(columns)}


def sites(cohort: Cohort) -> Floats:
    """(rows, sites) 1 for the site of the row."""
    return indicators(list(cohort.sites))


def thumbnails(found: list[Fingerprint]) -> Floats:
    """(rows, 1024) the pictures at 32 x 32, where nothing can be seen but the way they were taken can."""
    return np.stack([each.thumbnail.ravel() for each in found]).astype(np.float64)


def patient_numbers(cohort: Cohort) -> Floats:
    """(rows, 1) the last number in each patient ID: 7219 of NIH-07219; NaN where there is none."""
    numbers = (re.findall(r"\d+", row.patient_id) for row in cohort.rows)
    return np.array([[float(found[-1][-15:]) if found else math.nan] for found in numbers])


def indicators(words: list[str]) -> Floats:
    """(rows, values) a column of 0 and 1 for each value, the most frequent first."""
    values, counts = np.unique(np.array(words, dtype=np.str_), return_counts=True)
    kept = values[np.argsort(-counts, kind="stable")][:_MOST_WORDS]
    return (np.array(words, dtype=np.str_)[:, None] == kept[None]).astype(np.float64)


def _of_words(words: list[str]) -> Floats:
    numbers = np.array([_number(word) for word in words])
    filled = sum(bool(word) for word in words)
    if filled and np.isfinite(numbers).sum() >= _NUMERIC * filled:
        return numbers[:, None]
    if len(set(words)) > len(words) / 2:  # names and comments
        return np.empty((len(words), 0))
    return indicators(words)


def _varies(columns: Floats) -> bool:
    return any(np.unique(column).size > 1 for column in columns.T)  # all NaN counts as one value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
