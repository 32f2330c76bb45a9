"""Of predictions of times: subgroups, simple models and other bundles beside the bundle that is evaluated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import InputError
from ...formatting import counted
from ...metrics.paired_tests import holm, wilcoxon
from ...progress import Progress
from ...survival.calibration import Calibration
from ...survival.follow_up import cut_at
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import fingerprints
from ..cohorts.splits import Split, checked, k_fold
from ..cohorts.tumor_volume import tumor_volumes
from ..evaluation.comparison import Comparison
from ..evaluation.sample_size import SUBGROUP_AUC_FROM, SUBGROUP_EXPLORATORY_BELOW
from ..evaluation.survival_baselines import advantage, c_td_of, compared, train_baselines
from ..evaluation.survival_evaluation import SurvivalResult
from ..evaluation.survival_predictions import SurvivalPredictions
from .baselines import Baselines, keys_of
from .evaluated import BaselineResult, HorizonResult, SubgroupResult
from .subgroup_table import MOST_VALUES, SITE, place_of

_FOLDS = 5


def horizons_of(result: SurvivalResult) -> tuple[HorizonResult, ...]:
    """The calibration at 12 and 24 months as records."""

    def record(found: Calibration) -> HorizonResult:
        groups = tuple((group.predicted, group.observed) for group in found.groups)
        return HorizonResult(found.horizon, found.ratio, found.slope, found.index, groups)

    return tuple(map(record, result.calibrations))


def subgroups_of(rows: SurvivalPredictions, resamples: int, seed: int) -> tuple[SubgroupResult, ...]:
    """One line for each value of each variable: C-td with its interval over patients."""
    found = []
    for variable, values in {SITE: rows.sites, **rows.subgroups}.items():
        names = np.unique(values)
        if not 1 < len(names) <= MOST_VALUES:
            continue
        for name in sorted(names, key=place_of):
            part = rows.take(values == name)
            _, seen = cut_at(part.times, part.events, part.horizon)
            patients = np.unique(part.patients[seen > 0]).size
            score = c_td_of(part, resamples, seed) if patients >= SUBGROUP_AUC_FROM else None
            found.append(
                SubgroupResult(
                    variable=variable,
                    value=str(name),
                    finding=rows.causes[0],
                    rows=len(part),
                    patients=len(np.unique(part.patients)),
                    with_finding=int((seen > 0).sum()),
                    exploratory=patients < SUBGROUP_EXPLORATORY_BELOW,
                    score=None if score is None or np.isnan(score.value) else score,
                )
            )
    return tuple(found)


def simple_models(
    rows: SurvivalPredictions, cohort: Cohort, resamples: int, seed: int, progress: Progress | None = None
) -> Baselines:
    """Train simple models on other patients of the same table, and compare the bundle with them by C-td."""
    place = {(row.patient_id, row.study_id): row for row in cohort.rows}
    try:
        if missing := [key for key in keys_of(rows) if key not in place]:
            raise InputError(f"study '{missing[0][1]}' of patient '{missing[0][0]}' is not in the table.")
        table = Cohort(tuple(place[key] for key in keys_of(rows)))
        prints = fingerprints([row.image for row in table.rows], progress=progress)
        splits = _splits(rows, table, prints.pixel_hashes, seed)
        found = train_baselines(rows, table, prints.prints, splits, tumor_volumes(table, progress))
    except InputError as error:
        return Baselines(notes=(f"No simple models beside the bundle: {error}",))
    results = tuple(
        BaselineResult(
            each.title, c_td_of(each.predictions, resamples, seed), advantage(rows, each.predictions, resamples, seed)
        )
        for each in found
    )
    return Baselines(results, tuple(each.predictions for each in found))


def against(
    rows: SurvivalPredictions, name: str, other: SurvivalPredictions, permutations: int, resamples: int, seed: int
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    """Compare a bundle with another one on the studies that both answered: patient by patient, and over their folds.

    Raises
    ------
    InputError : the other one answers other causes or months, there is no common study, or their times differ
    """
    if (rows.causes, rows.months) != (other.causes, other.months):
        raise InputError(f"'{name}' cannot be compared: it tells other causes, or other months.")
    places = {key: number for number, key in enumerate(keys_of(other))}
    common = [number for number, key in enumerate(keys_of(rows)) if key in places]
    if not common:
        raise InputError(f"'{name}' cannot be compared: it has no study in common with this evaluation.")
    first = rows.take(np.array(common))
    second = other.take(np.array([places[key] for key in keys_of(first)]))
    if not (np.allclose(first.times, second.times) and np.array_equal(first.events, second.events)):
        raise InputError(f"'{name}' cannot be compared: its times or events of the same studies are other ones.")
    notes = [] if len(common) == len(rows) else [f"Compared with '{name}' on {len(common)} of {len(rows)} studies."]
    _, seen = cut_at(first.times, first.events, first.horizon)
    if not seen.any():
        return (), (*notes, f"Not compared with '{name}': no event was seen among the common studies.")
    ((test, _),) = compared(first, (second,), permutations, resamples, seed)
    cause = "" if len(rows.causes) == 1 else rows.causes[0]
    found = [
        Comparison(
            name, cause, "patient permutation", test.first, test.second, test.difference, test.p, test.p, len(first)
        )
    ]
    by_fold, said = _over_folds(first, second, found[0])
    return _corrected([*found, *by_fold]), (*notes, *said)


def _over_folds(
    first: SurvivalPredictions, second: SurvivalPredictions, whole: Comparison
) -> tuple[list[Comparison], list[str]]:
    """Wilcoxon's test over the folds of the first repeat, where both have the same."""
    folds = first.folds[0]
    if np.unique(folds).size < 2 or not np.array_equal(folds, second.folds[0]):
        return [], []
    values = []
    for model in (first, second):
        parts = [model.take(folds == fold) for fold in np.unique(folds)]
        values.append([part.pairs().value() for part in parts])
    try:
        test = wilcoxon(*values)
    except ValueError as error:
        return [], [f"No Wilcoxon test over the folds: {error}"]
    sentence = (
        f"Wilcoxon's test over {counted(test.n, 'fold')} cannot give a p below {test.smallest_p:.3g}, however "
        "large the difference, and folds share their training patients: quote the permutation of patients."
    )
    return [replace(whole, test="Wilcoxon over folds", p=test.p, p_holm=test.p)], [sentence]


def _corrected(found: list[Comparison]) -> tuple[Comparison, ...]:
    """Each kind of test by itself, since they ask the same."""
    made = list(found)
    for kind in {each.test for each in found}:
        places = [place for place, each in enumerate(found) if each.test == kind]
        for place, p in zip(places, holm([found[place].p for place in places]), strict=True):
            made[place] = replace(found[place], p_holm=p)
    return tuple(made)


def _splits(rows: SurvivalPredictions, cohort: Cohort, hashes: tuple[str, ...], seed: int) -> list[list[Split]]:
    """The folds of the training where there were some, else a cross-validation of the rows.

    Raises
    ------
    InputError : too few patients whose event was seen
    """
    if any(len(np.unique(folds)) < 2 for folds in rows.folds):
        events = np.unique(rows.patients[rows.events > 0]).size
        count = max(min(_FOLDS, events), 2)
        return [list(k_fold(cohort, count, seed + n, validation=0.0, hashes=hashes)) for n in range(rows.repeats)]
    nobody = np.array([], dtype=np.intp)
    return [
        [
            checked(
                cohort,
                Split(np.flatnonzero(folds != fold), nobody, np.flatnonzero(folds == fold), "of the training"),
                hashes,
            )
            for fold in np.unique(folds)
        ]
        for folds in rows.folds
    ]
