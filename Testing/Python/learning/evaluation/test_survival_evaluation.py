"""What a model of times is worth: the numbers of `readingroom.survival`, on rows that fitted nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.evaluation import outcomes, survival_predictions
from readingroom.learning.evaluation.calibrated_incidence import CalibratedIncidence, cross_fitted
from readingroom.learning.evaluation.metric_families import load_family, title
from readingroom.learning.evaluation.predictions import EXTERNAL
from readingroom.learning.evaluation.survival_baselines import advantage, compared
from readingroom.learning.evaluation.survival_evaluation import evaluate
from readingroom.learning.evaluation.survival_predictions import SurvivalPredictions, folds_of_both
from readingroom.survival.kaplan_meier import censoring
from readingroom.survival.measures import survival_measures

MONTHS = tuple(float(month) for month in range(1, 25))


def simulated(patients: int = 150, folds: int = 3, seed: int = 0, slope: float = 1.0) -> SurvivalPredictions:
    """A network that knows the hazard of each patient, raised to ``1 / slope``."""
    generator = np.random.default_rng(seed)
    own = np.exp(generator.normal(-3.2, 0.8, patients))
    time, lost = generator.exponential(1 / own), generator.uniform(6, 80, patients)
    hazard = (own[:, None] * np.array(MONTHS)) ** (1 / slope)
    return SurvivalPredictions(
        causes=("death",),
        months=MONTHS,
        study_ids=np.array([f"s{n}" for n in range(patients)]),
        patients=np.array([f"p{n}" for n in range(patients)]),
        sites=np.array(["north", "south"])[np.arange(patients) % 2],
        times=np.minimum(time, lost),
        events=(time <= lost).astype(np.int64),
        incidence=(1 - np.exp(-hazard))[None, :, None],
        folds=(np.arange(patients) % folds)[None] if folds else np.full((1, patients), EXTERNAL),
        subgroups={"sex": np.array(["F", "M", "M"])[np.arange(patients) % 3]},
    )


@pytest.fixture(scope="module")
def rows() -> SurvivalPredictions:
    return simulated()


def test_a_table_comes_back_as_it_was_and_is_told_from_one_of_classes(
    rows: SurvivalPredictions, tmp_path: Path
) -> None:
    twice = replace(
        rows, incidence=np.concatenate([rows.incidence, rows.incidence**1.1]), folds=np.repeat(rows.folds, 2, axis=0)
    )
    twice.write(tmp_path / "said.csv")
    again = outcomes.read(tmp_path / "said.csv")
    assert isinstance(again, SurvivalPredictions)
    for name in ("study_ids", "patients", "sites", "times", "events", "incidence", "folds"):
        assert np.array_equal(getattr(again, name), getattr(twice, name)), name
    assert np.array_equal(again.subgroups["sex"], rows.subgroups["sex"])
    assert (again.causes, again.months) == (rows.causes, rows.months)
    (tmp_path / "odd.csv").write_text((tmp_path / "said.csv").read_text().replace("incidence_death", "said"))
    with pytest.raises(InputError, match=r"odd.csv is no table of predictions of times"):
        survival_predictions.read(tmp_path / "odd.csv")


def test_the_family_says_what_the_package_of_survival_says(rows: SurvivalPredictions) -> None:
    shown = CalibratedIncidence(rows, cross_fitted(rows))
    found = load_family("survival").compute(shown, resamples=40)
    lost = censoring(rows.times, rows.events)
    own, calibrated = (
        survival_measures(rows.times, rows.events, told, MONTHS, lost, rows.patients, rows.folds[0], resamples=40)
        for told in (rows.incidence[0], shown.incidence)
    )
    for name in ("c_td", "harrell", "uno", "auc_6", "auc_12", "auc_18", "auc_23"):
        assert found[name] == own[name]
    for name in ("ibs", "brier_6", "brier_12", "brier_18", "brier_23"):
        assert found[name] == calibrated[name]
    assert title("auc_12") == "AUC at 12 months"
    assert set(found) <= set(load_family("survival").TITLES)


def test_a_network_of_too_extreme_risks_is_calibrated_by_the_other_folds() -> None:
    extreme = simulated(900, slope=0.5)
    result = evaluate(extreme, resamples=20)
    assert result.calibration is not None
    assert result.calibration.slope == pytest.approx(0.5, abs=0.07)
    assert result.metrics["slope_12"].value == pytest.approx(1, abs=0.15)
    assert result.metrics["ratio_24"].value == pytest.approx(1, abs=0.1)
    raw = load_family("survival").compute(CalibratedIncidence(extreme, extreme.incidence[0]), resamples=0)
    assert result.metrics["ibs"].value < raw["ibs"].value
    assert result.metrics["c_td"] == evaluate(extreme, resamples=20).metrics["c_td"]


def test_notes_say_how_many_were_followed_and_how_the_folds_differ(rows: SurvivalPredictions) -> None:
    result = evaluate(rows, resamples=20)
    assert any("lost from follow-up before; median follow-up" in note for note in result.notes)
    assert any(note.startswith("Fold by fold C-td was") for note in result.notes)
    assert result.patients["death"] + result.patients["no event"] == len(rows)


def test_only_patients_whom_one_network_predicted_are_compared_and_the_notes_say_so(rows: SurvivalPredictions) -> None:
    scaled = np.array([0.02, 1.0, 0.3])[rows.folds[0]]  # each network on a scale of its own
    odd = replace(rows, incidence=rows.incidence * scaled[:, None, None])
    first, second = evaluate(rows, resamples=20), evaluate(odd, resamples=20)
    for name in ("c_td", "harrell", "uno", "auc_12"):
        assert second.metrics[name].value == pytest.approx(first.metrics[name].value), name
    everybody = odd.pairs(folds=np.zeros_like(rows.folds[0])).value()
    assert everybody < first.metrics["c_td"].value - 0.05
    assert any("of the same fold" in note and f"of all pairs C-td is {everybody:.3f}" in note for note in second.notes)
    assert not any("of the same fold" in note for note in evaluate(simulated(60, folds=0), resamples=20).notes)


def test_two_models_of_other_folds_are_compared_where_one_network_of_each_spoke(rows: SurvivalPredictions) -> None:
    other = replace(rows, folds=(np.arange(len(rows)) // 2 % 2)[None], incidence=rows.incidence**2)
    assert np.unique(folds_of_both(rows, other)).size == 6
    difference = advantage(rows, other, resamples=20)
    assert difference.value == 0  # the same order
    ((test, _),) = compared(rows, (other,), permutations=20, resamples=20)
    assert test.first == rows.pairs(folds=folds_of_both(rows, other)).value()


def test_nothing_to_evaluate_is_said_in_a_sentence(rows: SurvivalPredictions) -> None:
    with pytest.raises(InputError, match="no event was seen within 24 months"):
        evaluate(replace(rows, events=np.zeros_like(rows.events)))
    with pytest.raises(InputError, match="single patient"):
        evaluate(rows.take([0]))


def test_a_fold_without_events_is_counted_and_ends_nothing(rows: SurvivalPredictions) -> None:
    events = np.where(rows.folds[0] == 0, 0, rows.events)
    result = evaluate(replace(rows, events=events), resamples=20)
    assert "1 of the folds had no pair to compare." in result.notes
    assert 0 < result.metrics["c_td"].value < 1


def test_few_events_have_no_intervals_and_are_called_exploratory(rows: SurvivalPredictions) -> None:
    few = rows.take(np.concatenate([np.flatnonzero(rows.events)[:6], np.flatnonzero(rows.events == 0)[:20]]))
    result = evaluate(few, resamples=20)
    assert result.exploratory == ("death",)
    assert result.metrics["c_td"].interval is None
    assert any("Exploratory" in note for note in result.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"incidence": np.ones((1, 150, 1, 23))},
        {"incidence": np.full((1, 150, 1, 24), 1.5)},
        {"incidence": np.linspace(1, 0, 24) * np.ones((1, 150, 1, 24))},
        {"times": np.ones(3)},
        {"folds": np.zeros((2, 150), dtype=np.int64)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(rows: SurvivalPredictions, change: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"expected|not \(repeats|between 0 and 1|falls"):
        replace(rows, **change)
