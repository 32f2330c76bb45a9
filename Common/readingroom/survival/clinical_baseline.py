"""A Cox model on clinical facts, fitted on public patients and shipped as its coefficients.

It stands beside every image model: what age, sex, stage, T, N and histology say without an image.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import records, strict_json
from ..formatting import counted, decimal, listed
from ..metrics.binary import Floats
from ..reading import Estimate
from ..regular_file import read_regular
from .clinical_facts import ClinicalFact, design_row, disagreement
from .cox import incidence_band

SHIPPED = Path(__file__).with_name("lung1_clinical.json")


@dataclass(frozen=True)
class CohortCurve:
    """Kaplan and Meier's curve of a cohort at some months, with its band and how many were still followed."""

    months: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]


@dataclass(frozen=True)
class ClinicalRisk:
    """Cumulative incidence at the end of each month with its band, and which facts it rests on.

    ``note`` says in sentences what was not known, lies outside what the cohort had, or does not go together; it is
    empty where there is nothing.
    """

    months: tuple[float, ...]
    risk: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class ClinicalBaseline:
    """``H(t | x) = H(t) exp(coefficients · (x - centers))``, and what it is worth.

    Parameters
    ----------
    cohort, source : whose data it was fitted on, with its citation and license
    patients, events : patients, and deaths within the months
    missing : how many patients lacked each fact
    facts : in the order of the columns
    ridge : penalty that it was fitted with, see `cox.fit_cox`
    coefficients, centers : (columns,)
    covariance : (columns, columns) of the coefficients
    spread : (columns, columns) covariance of the facts in the cohort; what is not known widens the band by it
    months : ends of the months
    hazard, hazard_variance, hazard_means : at the months, as in `cox.CoxFit`
    concordance : Harrell's C at the last month, of predictions out of fold
    slope : calibration slope at the last month, of predictions out of fold
    kaplan_meier : of the cohort
    """

    cohort: str
    source: str
    patients: int
    events: int
    missing: Mapping[str, int]
    facts: tuple[ClinicalFact, ...]
    ridge: float
    coefficients: tuple[float, ...]
    centers: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]
    months: tuple[float, ...]
    hazard: tuple[float, ...]
    hazard_variance: tuple[float, ...]
    hazard_means: tuple[tuple[float, ...], ...]
    concordance: Estimate
    slope: Estimate
    kaplan_meier: CohortCurve

    @staticmethod
    def load(path: Path = SHIPPED) -> ClinicalBaseline:
        """The one that ships (read once), or another that `experiments.lung1_clinical` wrote."""
        return _load(path)

    def cumulative_incidence(self, facts: Mapping[str, object], level: float = 0.95) -> ClinicalRisk:
        """The risk of a patient: ``{"age": 67, "sex": "M", "stage": "IIIA", "t": "2", "n": "X"}``.

        What is missing, empty, ``X`` or unknown counts as the mean of the cohort, and the band grows by as much as it
        varies there. Else the band is that of the estimate: another cohort of this size would give another curve.

        Raises
        ------
        InputError : a fact is impossible, or nobody in the cohort had it (such as stage IV)
        """
        row = design_row(self.facts, facts)
        centered = np.where(np.isnan(row), 0.0, row - np.array(self.centers))
        unknown = np.array(self.coefficients) * np.isnan(row)
        risk, low, high = incidence_band(
            centered[None], np.array(self.coefficients), np.array(self.covariance), np.array(self.hazard),
            np.array(self.hazard_variance), np.array(self.hazard_means), level,
            more=float(unknown @ np.array(self.spread) @ unknown),
        )  # fmt: skip
        missing = self._missing(row)
        return ClinicalRisk(
            months=self.months,
            risk=tuple(risk[0].tolist()),
            low=tuple(low[0].tolist()),
            high=tuple(high[0].tolist()),
            known=tuple(fact.name for fact in self.facts if fact not in missing),
            unknown=tuple(fact.name for fact in missing),
            note=" ".join(part for part in (self._note(row, missing), disagreement(facts)) if part),
        )

    def _missing(self, row: Floats) -> tuple[ClinicalFact, ...]:
        ends = np.cumsum([len(fact.columns) for fact in self.facts])
        return tuple(fact for fact, end in zip(self.facts, ends, strict=True) if np.isnan(row[end - 1]))

    def _note(self, row: Floats, missing: tuple[ClinicalFact, ...]) -> str:
        said = []
        if missing:
            names = listed([fact.title for fact in missing])
            verb = "is" if len(missing) == 1 else "are"
            said.append(
                f"{names} {verb} not known and {'counts' if len(missing) == 1 else 'count'} as the average of the "
                f"{counted(self.patients, 'patient')} of {self.cohort}; the band is wider for it."
            )
        ends = np.cumsum([len(fact.columns) for fact in self.facts])
        for fact, end in zip(self.facts, ends, strict=True):
            if fact.seen and not np.isnan(row[end - 1]) and not fact.seen[0] <= row[end - 1] <= fact.seen[1]:
                said.append(
                    f"{fact.title} is {decimal(row[end - 1], 0)}; the patients of {self.cohort} had "
                    f"{decimal(fact.seen[0], 0)} to {decimal(fact.seen[1], 0)}."
                )
        return " ".join(said)


@functools.cache
def _load(path: Path) -> ClinicalBaseline:
    return records.from_json(ClinicalBaseline, strict_json.loads(read_regular(path)))
