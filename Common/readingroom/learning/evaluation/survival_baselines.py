"""What simpler models make of the same times on the same splits: a curve for all, and Cox models without a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...metrics.bootstrap import INTERVAL_FROM, no_interval, patient_interval, percentiles
from ...metrics.paired_tests import holm
from ...reading import Estimate
from ...survival.comparison import ConcordanceTest, compare
from ...survival.cox import fit_cox
from ...survival.cumulative_incidence import cumulative_incidence
from ...survival.follow_up import cut_at
from ..audit.covariates import metadata, sites, thumbnails
from ..cohorts.clinical_design import ClinicalDesign
from ..cohorts.cohort import Cohort
from ..cohorts.fingerprint import Fingerprint
from ..cohorts.splits import Rows, Split
from ..cohorts.time_to_event import times_of
from .predictions import Floats
from .survival_predictions import SurvivalPredictions, folds_of_both

RIDGE = 5.0  # of many columns on few events; see `survival.cox.fit_cox`
_COMPONENTS = 10  # principal ones of 32 x 32 pixels


@dataclass(frozen=True)
class SurvivalBaseline:
    """A simple model; ``title`` says what it looks at. Its ``predictions`` have the rows and repeats of the model's,
    and the folds of its own splits."""

    title: str
    predictions: SurvivalPredictions


def train_baselines(
    predictions: SurvivalPredictions,
    cohort: Cohort,
    prints: Sequence[Fingerprint | None],
    repeats: Sequence[Sequence[Split]],
    volumes: Floats | None = None,
) -> tuple[SurvivalBaseline, ...]:
    """Train them on the training and validation rows of each split, and predict its test rows.

    The curve of all always takes part; the site, the metadata, the clinical columns, the picture at 32 x 32 and the
    volume of the tumor where the table has them.

    Parameters
    ----------
    predictions : of the model that is evaluated, each row a study of the cohort
    prints : fingerprint of each row of the cohort
    repeats : splits of the cohort for each repeat of the predictions
    volumes : (rows of the cohort,) of the tumor in ml, NaN where not known

    Raises
    ------
    InputError : a study that was predicted is not in the cohort, or in no test part
    """
    trial = _Trial(predictions, cohort, repeats)
    known = [each for each in prints if each is not None]
    columns: list[tuple[str, Floats]] = []
    design = ClinicalDesign.of(cohort)
    if design.terms:
        columns.append(("clinical columns", design.columns))
    if volumes is not None and np.isfinite(volumes).any():
        columns.append(("the volume of the tumor", np.log(np.maximum(volumes, 0.1))[:, None]))
    if len(set(cohort.sites)) > 1:
        columns.append(("the site alone", sites(cohort)))
    if len(known) == len(cohort):
        if facts := metadata(cohort, known):
            columns.append(("site and metadata", np.hstack([*facts.values(), sites(cohort)])))
        columns.append((f"the picture at 32 x 32 pixels, {_COMPONENTS} components", thumbnails(known)))
    found = [SurvivalBaseline("one curve for all", trial.constant())]
    for title, values in columns:
        made = trial.predicted(values, _components if "32 x 32" in title else _varying)
        if made is not None:
            found.append(SurvivalBaseline(f"{title} (Cox)", made))
    return tuple(found)


def c_td_of(predictions: SurvivalPredictions, resamples: int = 2000, seed: int = 0) -> Estimate:
    """C-td of the first repeat, within its folds, with its interval over patients, from ten events on."""
    seen = cut_at(predictions.times, predictions.events, predictions.horizon)[1] > 0
    interval = percentiles if np.unique(predictions.patients[seen]).size >= INTERVAL_FROM else no_interval
    return patient_interval(predictions.pairs().values, predictions.patients, resamples, seed=seed, interval=interval)


def advantage(model: SurvivalPredictions, other: SurvivalPredictions, resamples: int = 2000, seed: int = 0) -> Estimate:
    """By how much the first C-td exceeds the second on the same pairs, with its interval over patients; no test."""
    folds = folds_of_both(model, other)
    first, second = (each.pairs(folds=folds) for each in (model, other))
    seen = cut_at(model.times, model.events, model.horizon)[1] > 0
    return patient_interval(
        lambda weights: first.values(weights) - second.values(weights),
        model.patients,
        resamples,
        seed=seed,
        interval=percentiles if np.unique(model.patients[seen]).size >= INTERVAL_FROM else no_interval,
    )


def compared(
    model: SurvivalPredictions,
    others: Sequence[SurvivalPredictions],
    permutations: int = 5000,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[tuple[ConcordanceTest, float], ...]:
    """The model against each other on the same rows by C-td, with p-values that are corrected by Holm for all.

    Raises
    ------
    ValueError : other rows or months
    """
    tests = []
    for other in others:
        if not np.array_equal(model.study_ids, other.study_ids) or model.months != other.months:
            raise ValueError("Models are compared on the same rows and months.")
        tests.append(
            compare(
                model.times, model.events, model.incidence[0], other.incidence[0], model.months, model.patients,
                folds_of_both(model, other), permutations=permutations, resamples=resamples, seed=seed,
            )
        )  # fmt: skip
    return tuple(zip(tests, holm([test.p for test in tests]) if tests else (), strict=True))


class _Trial:
    """The rows and splits on which all baselines are tried."""

    def __init__(self, predictions: SurvivalPredictions, cohort: Cohort, repeats: Sequence[Sequence[Split]]):
        place = {(row.patient_id, row.study_id): n for n, row in enumerate(cohort.rows)}
        keys = list(zip(predictions.patients.tolist(), predictions.study_ids.tolist(), strict=True))
        if missing := [key for key in keys if key not in place]:
            raise InputError(f"Study '{missing[0][1]}' of patient '{missing[0][0]}' is not in the cohort.")
        self.rows = np.array([place[key] for key in keys], dtype=np.intp)
        for splits in repeats:
            if not np.isin(self.rows, np.concatenate([split.test for split in splits])).all():
                raise InputError("A study that was predicted is in the test part of no split.")
        self.predictions, self.repeats = predictions, repeats
        self.times, self.events = cut_at(*times_of(cohort), predictions.horizon)

    def constant(self) -> SurvivalPredictions:
        """The cumulative incidence of the training rows for everybody: it orders nobody of a fold."""

        def told(train: Rows, tested: Rows) -> Floats:
            curve = cumulative_incidence(self.times[train], self.events[train])
            return np.repeat(_to_the_end(curve.at(self._months)[None]), len(tested), axis=0)

        return self._told(told)

    def predicted(self, columns: Floats, reduced: Callable[[Floats, Rows], Floats]) -> SurvivalPredictions | None:
        """Out-of-sample predictions from ``columns`` (cohort's rows, columns); None where they tell nothing."""

        def told(train: Rows, tested: Rows) -> Floats:
            values = reduced(columns, train)
            fit = fit_cox(values[train], self.times[train], self.events[train], ridge=RIDGE)
            return _to_the_end(fit.incidence(values[tested], self._months)[0])

        try:
            return self._told(told)
        except InputError:
            return None

    @property
    def _months(self) -> Floats:
        return np.asarray(self.predictions.months)

    def _told(self, told: Callable[[Rows, Rows], Floats]) -> SurvivalPredictions:
        found, folds = np.zeros_like(self.predictions.incidence[:, :, 0]), np.zeros_like(self.predictions.folds)
        for repeat, splits in enumerate(self.repeats):
            for fold, split in enumerate(splits):
                inside = np.flatnonzero(np.isin(self.rows, split.test))
                train = np.concatenate([split.train, split.validation])
                folds[repeat, inside] = fold
                found[repeat, inside] = told(train[np.isfinite(self.times[train])], self.rows[inside])
        return replace(self.predictions, incidence=found[:, :, None], folds=folds)


def _to_the_end(incidence: Floats) -> Floats:
    """(cases, months) with what is not known beyond the longest follow-up as it was then."""
    known = np.where(np.isnan(incidence), 0.0, incidence)
    return np.maximum.accumulate(known, axis=1).clip(0, 1)


def _varying(columns: Floats, train: Rows) -> Floats:
    """The columns that vary among the training rows.

    Raises
    ------
    InputError : none does
    """
    own = columns[train]
    kept = [n for n, column in enumerate(own.T) if np.unique(column[np.isfinite(column)]).size > 1]
    if not kept:
        raise InputError("No column varies.")
    return columns[:, kept]


def _components(columns: Floats, train: Rows) -> Floats:
    """(rows, components) of the training rows' first principal components."""
    center = columns[train].mean(axis=0)
    _, strengths, directions = np.linalg.svd(columns[train] - center, full_matrices=False)
    count = min(_COMPONENTS, int((strengths > 1e-9).sum()))
    if not count:
        raise InputError("All pictures are the same.")
    return np.asarray((columns - center) @ directions[:count].T)
