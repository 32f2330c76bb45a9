"""The Cox models that stand beside a network of times, and their bands as the reader shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import lung_survival_cases as cases
from readingroom.bundles.metadata import CoxBaseline
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.time_to_event import time_to_event_of
from readingroom.learning.training.survival_bundle import clinical_of, volume_of
from readingroom.readers.lung_survival_baselines import clinical_risk, volume_risk
from readingroom.reading import Line
from readingroom.study import ClinicalFact, Study, StudyImage

MONTHS = np.arange(1, 25)
SLOPE, LEVEL = 0.06, -3.6  # of the log hazard by year of age from 65, and at 65


def cohort(patients: int = 120, seed: int = 0, missing: int = 0) -> Cohort:
    """Patients whose hazard rises with age; sex says nothing, and is not known of some."""
    random = np.random.default_rng(seed)
    age = random.normal(65, 9, patients).clip(30, 95)
    time = random.exponential(np.exp(-(LEVEL + SLOPE * (age - 65))))
    lost = random.uniform(12, 60, patients)
    sex = ["" if n < missing else str(random.choice(["F", "M"])) for n in range(patients)]
    return Cohort(
        tuple(
            Row(
                f"p{n}", f"s{n}", {"ct": Path(f"{n}.nrrd")}, time=float(min(time[n], lost[n])),
                event=bool(time[n] <= lost[n]), age=float(age[n]), sex=sex[n],
            )
            for n in range(patients)
        )
    )  # fmt: skip


def model_of(table: Cohort) -> CoxBaseline:
    model, _ = clinical_of(table, time_to_event_of(table, 24), "lung-survival")
    assert model is not None
    return model


def shown(model: CoxBaseline, **facts: float | str) -> Line:
    """The line that stands beside a network's."""
    study = Study(
        (StudyImage("ct", Path("ct.nrrd")),), clinical={name: ClinicalFact(value) for name, value in facts.items()}
    )
    line = clinical_risk(cases.metadata("own", clinical=model), study).line
    assert line is not None
    return line


def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    truth = -np.expm1(-24 * np.exp(LEVEL + SLOPE * 10))
    held = 0
    for seed in range(200):
        line = shown(model_of(cohort(seed=seed)), age=75.0, sex="M")
        held += line.low[-1] <= truth <= line.high[-1]
    assert 0.90 <= held / 200 <= 0.99


def test_the_band_is_about_as_wide_as_that_of_cohorts_drawn_again() -> None:
    whole = cohort(300, seed=1)
    line = shown(model_of(whole), age=75.0, sex="M")
    random = np.random.default_rng(2)

    def again() -> NDArray[np.float64]:
        rows = tuple(
            replace(whole.rows[n], patient_id=f"d{k}") for k, n in enumerate(random.integers(0, len(whole), len(whole)))
        )
        return np.array(shown(model_of(Cohort(rows)), age=75.0, sex="M").values)

    drawn = np.array([again() for _ in range(200)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    for month in (6, 12, 24):
        assert line.high[month] - line.low[month] == pytest.approx(high[month] - low[month], rel=0.25)
        assert line.low[month] < line.values[month] < line.high[month]


def test_what_is_not_known_widens_the_band() -> None:
    model = model_of(cohort(300, seed=3, missing=40))
    known, unknown = shown(model, age=65.0, sex="M"), shown(model, sex="M")
    assert unknown.high[-1] - unknown.low[-1] > 2 * (known.high[-1] - known.low[-1])
    assert all(a <= v <= b for a, v, b in zip(unknown.low, unknown.values, unknown.high, strict=True))


def test_the_model_on_the_tumors_volume_has_a_band_too() -> None:
    table = cohort(seed=4)
    ml = np.random.default_rng(5).uniform(3, 200, len(table))
    ml[:10] = np.nan
    model, _ = volume_of(table, time_to_event_of(table, 24), ml)
    found = volume_risk(cases.metadata("own", volume=model), 40.0)
    assert found.line is not None
    assert found.line.title == "Tumor volume alone (Cox model, 110 phantoms)"
    assert found.line.low[-1] < found.line.values[-1] < found.line.high[-1]
    assert all(one.interval is not None for one in found.measurements)


def test_a_cohort_whose_last_patient_left_before_the_horizon_keeps_the_last_hazard() -> None:
    table = cohort(seed=6)
    short = Cohort(tuple(replace(r, time=min(r.time, 20.0), event=r.event and r.time < 20) for r in table.rows))  # type: ignore[type-var, operator]
    model = model_of(short)
    assert model.cumulative_hazard[-1] == model.cumulative_hazard[19]
    assert np.isfinite(shown(model, age=70.0).high).all()
