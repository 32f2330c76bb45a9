"""Clinical columns of a cohort as the terms of a regression: numbers, and 0 or 1 for each value of a choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clinical_columns import clinical_text
from .cohort import Cohort, Row

Floats = NDArray[np.float64]

_FEWEST = 5  # patients of a value for it to be told from the most frequent one
_MOST_VALUES = 12  # of a column that is a choice; one with more holds names or comments


@dataclass(frozen=True, eq=False)
class ClinicalDesign:
    """What a table says of its patients.

    Parameters
    ----------
    terms : ``age`` for a number, ``stage=IIIA`` for one value of a choice, whose most frequent value has none
    columns : (rows, terms); NaN where a row does not say
    missing : how many rows say nothing of each column, by its name
    usual : of each column that is a choice its most frequent value
    """

    terms: tuple[str, ...]
    columns: Floats
    missing: dict[str, int]
    usual: dict[str, str]

    @classmethod
    def of(cls, cohort: Cohort, names: Sequence[str] | None = None) -> ClinicalDesign:
        """Age, sex and the clinical columns that vary; of these ``names`` alone, where they are given."""
        every = ("age", "sex", *dict.fromkeys(name for row in cohort.rows for name in row.clinical))
        terms: list[str] = []
        columns: list[Floats] = []
        missing: dict[str, int] = {}
        usual: dict[str, str] = {}
        for name in every if names is None else [name for name in names if name in every]:
            found, most_frequent = _of_column(name, [_value(row, name) for row in cohort.rows])
            if found:
                terms += found
                columns += found.values()
                if most_frequent:
                    usual[name] = most_frequent
                missing[name] = int(np.isnan(next(iter(found.values()))).sum())
        design = np.stack(columns, axis=1) if columns else np.empty((len(cohort), 0))
        return cls(tuple(terms), design, missing, usual)

    @property
    def note(self) -> str:
        """A sentence on what is missing; empty where nothing is."""
        gaps = [f"{name} of {count}" for name, count in self.missing.items() if count]
        if not gaps:
            return ""
        return (
            f"Of {len(self.columns)} studies the table does not say the {', the '.join(gaps)}; there the mean counts."
        )


def _value(row: Row, name: str) -> float | str | None:
    value = getattr(row, name) if name in ("age", "sex") else row.clinical.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, float):
        return value
    return clinical_text(value)


def _of_column(name: str, values: Sequence[float | str | None]) -> tuple[dict[str, Floats], str]:
    """Terms by name, and the value of a choice that has none; empty where all say the same, or each its own thing."""
    filled = [value for value in values if value is not None]
    if len(set(filled)) < 2:
        return {}, ""
    if all(isinstance(value, float) for value in filled):
        return {name: np.array([np.nan if value is None else value for value in values], dtype=np.float64)}, ""
    counts = Counter(map(str, filled))
    kept = [value for value, count in counts.items() if count >= _FEWEST]
    if len(counts) > _MOST_VALUES or not kept:
        return {}, ""
    usual = max(kept, key=lambda value: (counts[value], value))
    terms = {
        f"{name}={value}": np.array([np.nan if each is None else float(str(each) == value) for each in values])
        for value in sorted(kept)
        if value != usual
    }
    return terms, usual
