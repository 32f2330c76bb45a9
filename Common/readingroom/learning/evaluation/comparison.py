"""Whether one model is better than another on the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from ...errors import InputError
from ...metrics.auc import aucs, compare_means, perfect_interval
from ...metrics.bootstrap import INTERVAL_FROM, IntervalOf, patient_intervals
from ...metrics.paired_tests import holm, paired_permutations
from ...reading import Estimate, Interval
from .auc import WeightedAucs, evaluated_findings, fewest_of_each, interval_of_others, present_and_scores
from .levels import How, Level, at_level
from .predictions import Floats, Predictions

Test = Literal["patient permutation", "DeLong", "Wilcoxon over folds"]

PERMUTATIONS = 5000


@dataclass(frozen=True)
class Comparison:
    """The AUC, of times C-td, of two models on the same rows.

    Parameters
    ----------
    other : what the second model is called
    finding : the class against the rest; empty for the mean over classes
    test : ``patient permutation`` swaps the answers of whole patients; ``DeLong`` needs one row of each patient,
        ``Wilcoxon over folds`` the same folds
    first, second : AUC of each, the mean over its repeats
    difference : first minus second, with its interval over resampled patients
    p, p_holm : two-sided; corrected by Holm for all that one call compared with this test
    rows : how many were evaluated
    """

    other: str
    finding: str
    test: Test
    first: float
    second: float
    difference: Estimate
    p: float
    p_holm: float
    rows: int


def compare(
    first: Predictions,
    others: Mapping[str, Predictions],
    level: Level = "study",
    how: How = "mean",
    permutations: int = PERMUTATIONS,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare a model with others: each finding, and the mean over classes where there are several.

    Raises
    ------
    InputError : another model answers other classes, other studies or a different truth, or has other repeats
    """
    model = at_level(first, level, how)
    found: list[Comparison] = []
    for name, other in others.items():
        competitor = _same_rows(model, at_level(other, level, how), name)
        found += _tests(model, competitor, name, permutations, resamples, seed)
    return _corrected(found)


def advantage(
    first: Predictions, second: Predictions, finding: str = "", resamples: int = 2000, seed: int = 0
) -> Estimate:
    """By how much the first AUC exceeds the second on the same rows, with its interval over patients; no test.

    Parameters
    ----------
    finding : a class against the rest; the mean over classes (of two the positive one) when left out

    Raises
    ------
    InputError : as `compare`
    """
    findings = evaluated_findings(first, finding)
    competitor = _same_rows(first, second, "the other model")
    found = _differences(first, competitor, findings, resamples, seed)
    return found["" if len(findings) > 1 else findings[0]]


def _tests(
    model: Predictions, competitor: Predictions, other: str, permutations: int, resamples: int, seed: int
) -> list[Comparison]:
    findings = evaluated_findings(model)
    present, first = present_and_scores(model, findings)
    _, second = present_and_scores(competitor, findings)
    areas, other_areas = (_by_name(aucs(present, scores).mean(axis=0)[None], findings) for scores in (first, second))
    differences = _differences(model, competitor, findings, resamples, seed)
    # Two models have scales of their own; only the order of their scores is compared, so only that is swapped.
    ranks, other_ranks = stats.rankdata(first, axis=0), stats.rankdata(second, axis=0)
    swapped = paired_permutations(
        lambda scores: _by_name(aucs(present, scores).mean(axis=1), findings),
        model.patients,
        ranks,
        other_ranks,
        permutations,
        seed,
    )
    found = []
    for name, tested in swapped.items():
        made = Comparison(
            other=other,
            finding=name,
            test="patient permutation",
            first=float(areas[name][0]),
            second=float(other_areas[name][0]),
            difference=differences[name],
            p=tested.p,
            p_holm=tested.p,
            rows=len(model),
        )
        p = _delong(model, competitor, name) if name else None
        found += [made] if p is None else [made, replace(made, test="DeLong", p=p, p_holm=p)]
    return found


def _by_name(values: Floats, findings: tuple[str, ...]) -> dict[str, Floats]:
    """(..., findings) by finding, after their mean (named empty) where there are several."""
    found = {"": values.mean(axis=-1)} if len(findings) > 1 else {}
    return found | {name: values[..., place] for place, name in enumerate(findings)}


def _differences(
    model: Predictions, competitor: Predictions, findings: tuple[str, ...], resamples: int, seed: int
) -> dict[str, Estimate]:
    """First minus second by the names of `_by_name`; the rows are the same."""
    first, second = (WeightedAucs(*present_and_scores(each, findings)) for each in (model, competitor))
    areas = [_by_name(each(np.ones((1, len(model)))), findings) for each in (first, second)]

    def interval_of(name: str) -> IntervalOf:
        present, _ = present_and_scores(model, (name,) if name else findings)
        ordinary = interval_of_others(present, model.patients)

        def found(value: float, resampled: Floats, level: float = 0.95) -> Interval | None:
            usual = ordinary(value, resampled, level)
            if usual is not None or not resampled.size:
                return usual
            both = tuple(float(each[name][0]) for each in areas)
            return _without_spread(both, fewest_of_each(present, model.patients), level)

        return found

    return patient_intervals(
        lambda weights: _by_name(first(weights) - second(weights), findings),
        model.patients,
        resamples,
        seed=seed,
        interval_of=interval_of,
    )


def _without_spread(areas: tuple[float, ...], patients: tuple[int, int], level: float) -> Interval | None:
    """The interval of a difference on which all resamples agree, from the two AUCs and the patients with and without.

    An AUC of 1 or 0 counts with `perfect_interval`, any other here is of a model that orders nothing. None where
    neither is perfect, or of too few patients.
    """
    if min(patients) < INTERVAL_FROM or not {0.0, 1.0} & set(areas):
        return None
    first, second = (
        perfect_interval(area, *patients, level) if area in (0.0, 1.0) else Interval(area, area, level)
        for area in areas
    )
    return Interval(first.low - second.high, first.high - second.low, level)


def _delong(model: Predictions, competitor: Predictions, finding: str) -> float | None:
    """None where a patient has several rows, or the models order every case alike."""
    if len(np.unique(model.patients)) < len(model):
        return None
    try:
        return compare_means(model.present(finding), model.scores(finding), competitor.scores(finding)).p
    except ValueError:
        return None


def _corrected(found: list[Comparison]) -> tuple[Comparison, ...]:
    made = list(found)
    for test in {comparison.test for comparison in found}:
        places = [place for place, comparison in enumerate(found) if comparison.test == test]
        for place, p in zip(places, holm([found[place].p for place in places]), strict=True):
            made[place] = replace(found[place], p_holm=p)
    return tuple(made)


def _same_rows(model: Predictions, competitor: Predictions, name: str) -> Predictions:
    """The other model's rows in our order.

    Raises
    ------
    InputError : they are not the same, with the first that differs
    """
    if set(model.classes) != set(competitor.classes) or model.multilabel != competitor.multilabel:
        raise InputError(
            f"'{name}' cannot be compared: it answers {', '.join(competitor.classes)}, not {', '.join(model.classes)}."
        )
    if model.repeats != competitor.repeats:
        raise InputError(
            f"'{name}' cannot be compared: it was trained {competitor.repeats} times, the first model {model.repeats} "
            "times."
        )
    place = {key: number for number, key in enumerate(_keys(competitor))}
    for missing in [key for key in _keys(model) if key not in place][:1]:
        raise InputError(f"'{name}' cannot be compared: it lacks study '{missing[1]}' of patient '{missing[0]}'.")
    if len(model) != len(competitor):
        extra = next(key for key in _keys(competitor) if key not in set(_keys(model)))
        raise InputError(
            f"'{name}' cannot be compared: study '{extra[1]}' of patient '{extra[0]}' is among its own alone."
        )
    aligned = competitor.take(np.array([place[key] for key in _keys(model)]))
    for finding in model.classes:
        differ = np.flatnonzero(model.present(finding) != aligned.present(finding))
        if differ.size:
            raise InputError(
                f"'{name}' cannot be compared: its truth of study '{model.study_ids[differ[0]]}' of patient "
                f"'{model.patients[differ[0]]}' is another one."
            )
    return aligned


def _keys(predictions: Predictions) -> list[tuple[str, str, str]]:
    side = predictions.subgroups.get("laterality", np.full(len(predictions), ""))
    keys = list(zip(predictions.patients, predictions.study_ids, side, strict=True))
    return [(str(patient), str(study), str(laterality)) for patient, study, laterality in keys]
