"""Whether one model is better than another on the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..errors import InputError
from ..evaluation.auc import compare_means
from ..evaluation.bootstrap import patient_intervals
from ..evaluation.holm import holm
from ..evaluation.permutation import paired_permutation
from ..reading import Estimate
from .area import judged_findings, mean_auc, present_and_scores
from .levels import How, Level, at_level
from .predictions import Floats, Predictions

Test = Literal["patient permutation", "DeLong"]

PERMUTATIONS = 5000


@dataclass(frozen=True)
class Comparison:
    """The AUC of two models on the same rows.

    Parameters
    ----------
    other : what the second model is called
    finding : the class against the rest; empty for the mean over classes
    test : ``patient permutation`` swaps the answers of whole patients; ``DeLong`` needs one row of each patient
    first, second : AUC of each, the mean over its repeats
    difference : first minus second, with its interval over resampled patients
    p, p_holm : two-sided; corrected by Holm for all that one call compared with this test
    rows : how many were judged
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
    """Hold a model against others: each finding, and the mean over classes where there are several.

    Raises
    ------
    InputError : another model answers other classes, other studies or a different truth, or has other repeats
    """
    ours = at_level(first, level, how)
    found: list[Comparison] = []
    for name, other in others.items():
        theirs = _same_rows(ours, at_level(other, level, how), name)
        for finding in _compared(ours):
            found += _tests(ours, theirs, name, finding, permutations, resamples, seed)
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
    present, ours = present_and_scores(first, finding)
    _, theirs = present_and_scores(_same_rows(first, second, "the other model"), finding)

    def difference(truth: NDArray, one: Floats, other: Floats) -> dict[str, float]:
        return {"difference": mean_auc(truth, one) - mean_auc(truth, other)}

    found = patient_intervals(difference, first.patients, present, ours, theirs, resamples=resamples, seed=seed)
    return found["difference"]


def _tests(
    ours: Predictions,
    theirs: Predictions,
    other: str,
    finding: str,
    permutations: int,
    resamples: int,
    seed: int,
) -> list[Comparison]:
    present, first = present_and_scores(ours, finding)
    _, second = present_and_scores(theirs, finding)
    # Two models have scales of their own; only the order of their scores is compared, so only that is swapped.
    ranks, other_ranks = stats.rankdata(first, axis=0), stats.rankdata(second, axis=0)
    swapped = paired_permutation(
        lambda answers: mean_auc(present, answers), ours.patients, ranks, other_ranks, permutations, seed
    )
    made = Comparison(
        other=other,
        finding=finding,
        test="patient permutation",
        first=mean_auc(present, first),
        second=mean_auc(present, second),
        difference=advantage(ours, theirs, finding, resamples, seed),
        p=swapped.p,
        p_holm=swapped.p,
        rows=len(ours),
    )
    p = _delong(ours, present, first, second)
    return [made] if p is None else [made, replace(made, test="DeLong", p=p, p_holm=p)]


def _delong(ours: Predictions, present: NDArray, first: Floats, second: Floats) -> float | None:
    """None for a mean over classes, several rows of a patient, or models that order every case alike."""
    if present.shape[1] > 1 or len(np.unique(ours.patients)) < len(ours):
        return None
    try:
        return compare_means(present[:, 0], first[:, :, 0].T, second[:, :, 0].T).p
    except ValueError:
        return None


def _corrected(found: list[Comparison]) -> tuple[Comparison, ...]:
    made = list(found)
    for test in {comparison.test for comparison in found}:
        places = [place for place, comparison in enumerate(found) if comparison.test == test]
        for place, p in zip(places, holm([found[place].p for place in places]), strict=True):
            made[place] = replace(found[place], p_holm=p)
    return tuple(made)


def _compared(predictions: Predictions) -> tuple[str, ...]:
    """The findings to compare, the mean over classes (empty) first; of two classes there is one."""
    findings = judged_findings(predictions)
    return ("", *findings) if len(findings) > 1 else findings


def _same_rows(ours: Predictions, theirs: Predictions, name: str) -> Predictions:
    """The other model's rows in our order.

    Raises
    ------
    InputError : they are not the same, with the first that differs
    """
    if set(ours.classes) != set(theirs.classes) or ours.multilabel != theirs.multilabel:
        raise InputError(
            f"'{name}' cannot be compared: it answers {', '.join(theirs.classes)}, not {', '.join(ours.classes)}."
        )
    if ours.repeats != theirs.repeats:
        raise InputError(
            f"'{name}' cannot be compared: it was trained {theirs.repeats} times, the first model {ours.repeats} times."
        )
    place = {key: number for number, key in enumerate(_keys(theirs))}
    for missing in [key for key in _keys(ours) if key not in place][:1]:
        raise InputError(f"'{name}' cannot be compared: it lacks study '{missing[1]}' of patient '{missing[0]}'.")
    if len(ours) != len(theirs):
        extra = next(key for key in _keys(theirs) if key not in set(_keys(ours)))
        raise InputError(
            f"'{name}' cannot be compared: study '{extra[1]}' of patient '{extra[0]}' is among its own alone."
        )
    aligned = theirs.take(np.array([place[key] for key in _keys(ours)]))
    for finding in ours.classes:
        differ = np.flatnonzero(ours.present(finding) != aligned.present(finding))
        if differ.size:
            raise InputError(
                f"'{name}' cannot be compared: its truth of study '{ours.study_ids[differ[0]]}' of patient "
                f"'{ours.patients[differ[0]]}' is another one."
            )
    return aligned


def _keys(predictions: Predictions) -> list[tuple[str, str, str]]:
    side = predictions.subgroups.get("laterality", np.full(len(predictions), ""))
    keys = list(zip(predictions.patients, predictions.study_ids, side, strict=True))
    return [(str(patient), str(study), str(laterality)) for patient, study, laterality in keys]
