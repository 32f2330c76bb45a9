"""The clinical baseline that ships, against the regression and the table that it was fitted on."""

import itertools
import json

import numpy as np
import pytest

from experiments.lung1_clinical import fitted
from experiments.lung1_out_of_fold import RIDGE, fold_concordance, out_of_fold
from experiments.lung1_tables import lung1, stage_of
from readingroom import records
from readingroom.errors import InputError
from readingroom.survival.clinical_baseline import SHIPPED, ClinicalBaseline
from readingroom.survival.cox import fit_cox
from readingroom.survival.follow_up import cut_at

WHOLE = {"age": 67, "sex": "M", "stage": "IIIA", "t": "2", "n": "2", "histology": "adenocarcinoma"}


@pytest.fixture(scope="module")
def baseline():
    return ClinicalBaseline.load()


@pytest.fixture(scope="module")
def cohort(shared):
    return lung1(shared / "data")


def numbers_and_words(value):
    """All that a JSON value holds, in order."""
    if isinstance(value, dict):
        return [part for name, inner in value.items() for part in (name, *numbers_and_words(inner))]
    return [part for inner in value for part in numbers_and_words(inner)] if isinstance(value, list) else [value]


def test_it_is_what_the_script_makes_of_the_table(cohort):
    made = numbers_and_words(records.to_json(fitted(cohort)))
    shipped = numbers_and_words(json.loads(SHIPPED.read_text("utf-8")))
    assert [part for part in shipped if isinstance(part, str)] == [part for part in made if isinstance(part, str)]
    numbers = [[part for part in each if not isinstance(part, str)] for each in (shipped, made)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-4, abs=1e-6)


def test_a_patient_whose_facts_are_known_has_the_risk_of_the_regression(baseline, cohort):
    fit = fit_cox(cohort.design, *cut_at(cohort.time, cohort.event, 24), ridge=RIDGE)
    found = baseline.cumulative_incidence(WHOLE)
    design = [[67, 1, 3, 2, 2, 1, 0, 0, 0]]
    for ours, theirs in zip((found.risk, found.low, found.high), fit.incidence(design, baseline.months), strict=True):
        assert ours == pytest.approx(theirs[0], abs=1e-4)
    assert found.note == ""
    assert found.unknown == ()


def test_its_concordance_within_folds_is_that_of_the_whole_of_lung1(cohort, shared):
    stored = json.loads((shared / "oracles" / "forensics" / "lung1_horizon.json").read_text("utf-8"))
    expected = stored["clinical_cox_10fold_harrell_24m"]["all_clinical+histology"]
    mean, _, _ = fold_concordance(cohort, out_of_fold(cohort, RIDGE))
    assert expected["min"] <= mean <= expected["max"]


def test_the_table_has_the_horizon_facts_of_the_whole_of_lung1(cohort, shared):
    # 252 of the 421 patients: shares, not counts.
    stored = json.loads((shared / "oracles" / "forensics" / "lung1_horizon.json").read_text("utf-8"))["all"]
    share = ((cohort.time > 24) | ((cohort.time == 24) & (cohort.event == 0))).mean()
    assert share == pytest.approx(stored["alive_past_24m"] / stored["n"], abs=0.05)
    assert ((cohort.time < 24) & (cohort.event == 0)).sum() <= stored["censored_before_24m"]


def test_the_curve_of_the_cohort_begins_with_everybody(baseline):
    curve = baseline.kaplan_meier
    assert (curve.months[0], curve.survival[0], curve.at_risk[0]) == (0, 1, baseline.patients)
    assert len(curve.months) == 25
    assert all(low <= value <= high for low, value, high in zip(curve.low, curve.survival, curve.high, strict=True))


def test_nobody_known_is_near_the_cohort_as_a_whole(baseline):
    found = baseline.cumulative_incidence({})
    assert found.risk[-1] == pytest.approx(1 - baseline.kaplan_meier.survival[-1], abs=0.03)
    assert found.known == ()
    assert "count as the average of the 252 patients of LUNG1" in found.note


def test_what_is_not_known_is_said_and_widens_the_band(baseline, cohort):
    without = baseline.cumulative_incidence({**WHOLE, "histology": "", "n": "X"})
    assert without.unknown == ("n", "histology")
    assert without.note.startswith("N and Histology are not known")

    row = [[67, 1, 3, 2] + [np.nan] * 5]
    fit = fit_cox(cohort.design, *cut_at(cohort.time, cohort.event, 24), ridge=RIDGE)
    risk, low, high = (part[0, -1] for part in fit.incidence(row, baseline.months))
    assert without.risk[-1] == pytest.approx(risk, abs=1e-4)  # the band of the estimate alone is narrower
    assert without.low[-1] < low - 0.01
    assert without.high[-1] > high + 0.01


def test_an_age_beyond_the_cohort_is_said(baseline):
    note = baseline.cumulative_incidence({**WHOLE, "age": 25}).note
    assert note == "Age is 25; the patients of LUNG1 had 33 to 89."


def test_a_stage_that_does_not_go_with_t_and_n_is_said(baseline):
    note = baseline.cumulative_incidence({**WHOLE, "stage": "I"}).note
    assert note == "Stage I does not go with T2 N2, which is stage III."


def test_an_impossible_stage_is_a_sentence(baseline):
    with pytest.raises(InputError, match="Stage is 'IV', which no patient behind the clinical baseline had"):
        baseline.cumulative_incidence({"stage": "IV"})


def test_risk_rises_with_the_months_and_stays_a_probability(baseline):
    for facts in (WHOLE, {}, {"age": 110, "t": "4", "n": "3", "stage": "I"}):
        found = baseline.cumulative_incidence(facts)
        for line in (found.risk, found.low, found.high):
            assert all(0 <= a <= b <= 1 for a, b in itertools.pairwise(line))
        assert all(a <= b <= c for a, b, c in zip(found.low, found.risk, found.high, strict=True))


def test_it_holds_no_patient(baseline):
    text = SHIPPED.read_text("utf-8")
    assert "LUNG1-" not in text
    assert "CC BY-NC 3.0" in baseline.source
    assert max(len(getattr(baseline, name)) for name in ("coefficients", "hazard", "hazard_means")) <= 24


@pytest.mark.parametrize(
    ("t", "n", "m", "stage"),
    [
        ("T1a", "N0", "M0", "I"), ("T2a", "N0", "M0", "I"), ("T2b", "N0", "M0", "II"), ("T3", "N0", "M0", "II"),
        ("T1b", "N1", "M0", "II"), ("T3", "N1", "M0", "IIIA"), ("T1a", "N2", "M0", "IIIA"), ("T4", "N0", "M0", "IIIA"),
        ("T4", "N2", "M0", "IIIB"), ("T1a", "N3", "M0", "IIIB"), ("T1a", "N0", "M1b", "IV"),
    ],
)  # fmt: skip
def test_the_stage_of_r01_follows_from_t_n_and_m(t, n, m, stage):
    assert stage_of(t, n, m) == stage
