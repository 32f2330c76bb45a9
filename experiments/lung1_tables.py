"""The tables of LUNG1 and NSCLC-Radiogenomics (R01): who lived how long, clinical facts, 53 features of the tumor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.csv_table import read_csv
from readingroom.errors import InputError
from readingroom.survival.clinical_facts import ClinicalFact, design_row
from readingroom.survival.follow_up import DAYS_PER_MONTH

Floats = NDArray[np.float64]

FACTS = (
    ClinicalFact("age", "Age", ("age",), low=18, high=110),
    ClinicalFact("sex", "Sex", ("male",), {"F": (0.0,), "M": (1.0,)}),
    ClinicalFact("stage", "Stage", ("stage",), {"I": (1.0,), "II": (2.0,), "IIIA": (3.0,), "IIIB": (4.0,)}),
    ClinicalFact("t", "T", ("t",), {str(t): (float(t),) for t in (1, 2, 3, 4)}),
    ClinicalFact("n", "N", ("n",), {str(n): (float(n),) for n in (0, 1, 2, 3)}),
    ClinicalFact(
        "histology",
        "Histology",
        ("adenocarcinoma", "large cell", "squamous cell carcinoma", "not otherwise specified"),
        {
            name: tuple(float(place == number) for place in range(4))
            for number, name in enumerate(
                ("adenocarcinoma", "large cell", "squamous cell carcinoma", "not otherwise specified")
            )
        },
    ),
)


@dataclass(frozen=True)
class Cohort:
    """Patients (cases,) with ``time`` in months, ``event`` 0 or 1 and a ``design`` (cases, columns), NaN: not known."""

    patients: NDArray[np.str_]
    time: Floats
    event: NDArray[np.int64]
    design: Floats

    def take(self, chosen: NDArray[np.bool_]) -> Cohort:
        """Some of the patients."""
        return Cohort(self.patients[chosen], self.time[chosen], self.event[chosen], self.design[chosen])


def lung1(data: Path) -> Cohort:
    """All patients of LUNG1 in ``tables``, with the follow-up of its version 3.

    Raises
    ------
    InputError : the table is missing
    """
    rows = read_csv(data / "tables" / "lung1_clinical_v3_2019.csv").records(needed=["PatientID", "Survival.time"])
    return Cohort(
        patients=np.array([row["PatientID"] for row in rows]),
        time=np.array([float(row["Survival.time"]) for row in rows]) / DAYS_PER_MONTH,
        event=np.array([int(row["deadstatus.event"]) for row in rows]),
        design=np.stack(
            [
                _design(
                    age=row["age"],
                    sex=row["gender"],
                    stage=row["Overall.Stage"],
                    t=row["clinical.T.Stage"],
                    n=row["Clinical.N.Stage"],
                    histology=row["Histology"],
                )
                for row in rows
            ]
        ),
    )


def r01(data: Path) -> Cohort:
    """All patients of R01 in ``tables``; their stage follows from T, N and M (AJCC, 7th edition).

    Raises
    ------
    InputError : the table is missing
    """
    rows = read_csv(data / "tables" / "nsclc_radiogenomics_clinical.csv").records(needed=["Case ID", "Survival.time"])
    return Cohort(
        patients=np.array([row["Case ID"] for row in rows]),
        time=np.array([float(row["Survival.time"]) for row in rows]) / DAYS_PER_MONTH,
        event=np.array([int(row["deadstatus.event"]) for row in rows]),
        design=np.stack(
            [
                _design(
                    age=row["Age at Histological Diagnosis"],
                    sex=row["Gender"],
                    stage=stage_of(t, n, row["Pathological M stage"]),
                    t=t,
                    n=n,
                    histology=row["Histology"],
                )
                for row in rows
                for t, n in [(row["Pathological T stage"], row["Pathological N stage"])]
            ]
        ),
    )


def stage_of(t: str, n: str, m: str) -> str:
    """The overall stage of ``T2b``, ``N1``, ``M0``: AJCC Cancer Staging Manual, 7th edition, as LUNG1's stages."""
    if not m.startswith("M0"):
        return "IV"
    if n == "N3" or (t.startswith("T4") and n == "N2"):
        return "IIIB"
    if n == "N2" or t.startswith("T4") or (t.startswith("T3") and n == "N1"):
        return "IIIA"
    return "II" if n == "N1" or t.startswith("T3") or t == "T2b" else "I"


def tumor_features(data: Path, patients: NDArray[np.str_]) -> tuple[NDArray[np.bool_], Floats, list[str]]:
    """Of each patient whether the table has the 53 features, those (cases, 53), NaN where it has not, and their names.

    Sizes and energies span orders of magnitude: what is positive throughout counts by its logarithm.

    Raises
    ------
    InputError : the table is missing
    """
    rows = {row["tcia_id"]: row for row in read_csv(data / "tables" / "nsclc_radiomics53_survival.csv").records()}
    columns = [name for name in next(iter(rows.values())) if name.startswith("original_")]
    everything = np.array([[float(row[name]) for name in columns] for row in rows.values()])
    positive = (everything > 0).all(axis=0)
    everything[:, positive] = np.log(everything[:, positive])
    place = {name: number for number, name in enumerate(rows)}
    known = np.array([name in place for name in patients])
    values = np.full((len(patients), len(columns)), math.nan)
    values[known] = everything[[place[name] for name in patients[known]]]
    return known, values, columns


def _design(**values: str) -> Floats:
    """(columns,) of `FACTS`; what the model does not know (T5, a stage IV) counts as not known."""
    row = []
    for fact in FACTS:
        try:
            row.append(design_row([fact], values))
        except InputError:
            row.append(np.full(len(fact.columns), math.nan))
    return np.concatenate(row)
