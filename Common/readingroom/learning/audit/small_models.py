"""How well a model predicts the class from the site, the header, the table or 32 x 32 pixels alone.

What such a model reaches, an image model may reach likewise, without recognizing any disease. All numbers come
from cross-validation by patient (groups of `splits`), with intervals over resampled patients.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics.auc import aucs
from ...metrics.bootstrap import Metric, patient_interval
from ...progress import Progress
from ...reading import Estimate
from ..cohorts.cohort import Cohort
from ..cohorts.fingerprint import Fingerprint
from ..cohorts.hashes import Fingerprints
from ..cohorts.splits import k_fold, patient_groups
from ..cohorts.time_to_event import is_timed
from ..evaluation.auc import WeightedAucs, interval_of_auc
from ..evaluation.simple_models import forest, regression
from .covariates import Floats, clinical, metadata, patient_numbers, sites, thumbnails
from .outcomes import horizon_of, lost_before, outcomes_of

FEWEST = 10  # patients of a class for it to take part
_FOLDS = 5
RESAMPLES = 400
_TREES = 40
_LEAF = 20  # rows, for a fact by itself
_SMALL_LEAF = 5  # for a column that may say the class of ten patients in other words
_OWN_NUMBERS = 0.95
SITE, METADATA, PIXELS, NUMBER = "site", "metadata", "32 x 32 pixels", "patient number"
CLINICAL = "clinical columns"


@dataclass(frozen=True)
class SmallModel:
    """What one input alone tells of the class.

    Parameters
    ----------
    inputs : `SITE`, `METADATA`, `PIXELS`, `NUMBER` or `CLINICAL`
    site : the site that it was trained and evaluated in; empty for all
    classes : those that took part
    auc : of two classes, or the mean of each against the rest
    by_class : AUC of each class against the rest
    facts : AUC by itself of each fact of the metadata, and of each clinical column for the class that it tells best;
        the best first
    studies, patients : that it was evaluated on
    note : what the numbers alone do not say
    scores : (rows, classes) probabilities for the rows of the cohort; NaN where a row did not take part
    """

    inputs: str
    site: str
    classes: tuple[str, ...]
    auc: Estimate
    by_class: Mapping[str, float]
    studies: int
    patients: int
    note: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)
    scores: Floats = field(
        default_factory=lambda: np.empty((0, 0)), compare=False, repr=False, metadata={"json": False}
    )


def small_models(cohort: Cohort, found: Fingerprints, seed: int, progress: Progress) -> tuple[SmallModel, ...]:
    """Train and evaluate them on all real studies that can be read, and within each site that has several classes."""
    usable = np.array(
        [each is not None and not row.synthetic for row, each in zip(cohort.rows, found.prints, strict=True)]
    )
    several_sites = len(set(cohort.sites[usable])) > 1
    wanted_sites = ["", *sorted(set(cohort.sites[usable]) - {""})] if several_sites else [""]
    models: list[SmallModel] = []
    for number, site in enumerate(wanted_sites):
        progress(number / len(wanted_sites), f"Small models: {site or 'all sites'}.")
        rows = np.flatnonzero(usable & ((cohort.sites == site) if site else True))
        models += _Trial.of(cohort, found, rows, site, seed)
    return tuple(models)


class _Trial:
    """Rows, classes and folds that several inputs are tried on."""

    def __init__(self, cohort: Cohort, found: Fingerprints, rows: NDArray[np.intp], place: str, seed: int):
        hashes = [found.pixel_hashes[row] for row in rows]
        groups = patient_groups(cohort.take(rows), hashes)
        names = np.array(outcomes_of(cohort))[rows]
        lost = lost_before(horizon_of(cohort)) if is_timed(cohort) else ""
        every = [str(name) for name in np.unique(names) if name != lost]
        self.classes = tuple(name for name in every if np.unique(groups[names == name]).size >= FEWEST)
        kept = np.isin(names, self.classes)
        self.all_rows, self.place, self.seed = len(cohort), place, seed
        self.rows, self.groups = rows[kept], groups[kept]
        self.cohort = cohort.take(self.rows)
        self.prints: list[Fingerprint] = [each for row in self.rows if (each := found.prints[row]) is not None]
        self.truth = np.searchsorted(self.classes, names[kept])
        self.present = np.arange(len(self.classes))[None] == self.truth[:, None]
        if len(self.classes) > 1:
            splits = k_fold(self.cohort, _FOLDS, seed, 0.0, [found.pixel_hashes[row] for row in self.rows])
            self.tests = [split.test for split in splits]

    @classmethod
    def of(cls, *arguments: Any) -> Iterator[SmallModel]:
        """What each input tells; nothing where there are not two classes."""
        trial = cls(*arguments)
        if len(trial.classes) < 2:
            return
        if not trial.place and len(set(trial.cohort.sites)) > 1:
            yield trial.evaluated(SITE, sites(trial.cohort), _forest)
        if facts := metadata(trial.cohort, trial.prints):
            yield trial.evaluated(
                METADATA, np.hstack(list(facts.values())), _forest, trial.singles(facts, _mean_class_auc, _LEAF)
            )
        if not trial.place and (columns := clinical(trial.cohort)):
            singles = trial.singles(columns, _best_class_auc, _SMALL_LEAF)
            yield trial.evaluated(CLINICAL, np.hstack(list(columns.values())), _forest, singles)
        yield trial.evaluated(PIXELS, thumbnails(trial.prints), regression)
        numbers = patient_numbers(trial.cohort)
        if trial.number_patients(numbers[:, 0]):
            yield trial.evaluated(NUMBER, numbers, _forest, note=trial.ranges(numbers[:, 0]))

    def number_patients(self, numbers: Floats) -> bool:
        """Whether every patient has a number, and nearly each another one: else it is not what they were counted by."""
        patients = np.unique(self.cohort.patients).size
        return bool(np.isfinite(numbers).all()) and np.unique(numbers).size >= _OWN_NUMBERS * patients

    def ranges(self, numbers: Floats) -> str:
        """From which to which number the patients of each class run."""
        told = []
        for place, name in enumerate(self.classes):
            own = numbers[self.truth == place]
            told.append(f"'{name}' {own.min():.0f} to {own.max():.0f}")
        return f"patient numbers of {', '.join(told)}"

    def singles(
        self, facts: Mapping[str, Floats], metric: Callable[[NDArray[np.bool_], Floats], float], leaf: int
    ) -> dict[str, float]:
        """What ``metric(present, scores)`` says of a tree for each fact by itself, the best first."""
        make = functools.partial(_tree, leaf=leaf)
        found = {name: metric(self.present, self._out_of_fold(columns, make)) for name, columns in facts.items()}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def evaluated(
        self,
        inputs: str,
        columns: Floats,
        make: Callable[[int], Any],
        facts: Mapping[str, float] | None = None,
        note: str = "",
    ) -> SmallModel:
        scores = self._out_of_fold(columns, make)
        interval = interval_of_auc(self.present, self.groups)
        found = patient_interval(
            class_auc(self.present, scores), self.groups, RESAMPLES, seed=self.seed, interval=interval
        )
        everywhere = np.full((self.all_rows, len(self.classes)), np.nan)
        everywhere[self.rows] = scores
        return SmallModel(
            inputs=inputs,
            site=self.place,
            classes=self.classes,
            auc=found,
            by_class=dict(zip(self.classes, map(float, aucs(self.present, scores)), strict=True)),
            studies=len(self.rows),
            patients=int(np.unique(self.groups).size),
            note=note,
            facts=facts or {},
            scores=everywhere,
        )

    def _out_of_fold(self, columns: Floats, make: Callable[[int], Any]) -> Floats:
        scores = np.empty((len(columns), len(self.classes)))
        for test in self.tests:
            train = np.setdiff1d(np.arange(len(columns)), test)
            with warnings.catch_warnings(action="ignore"):  # facts without a value in a fold
                model = make(self.seed).fit(columns[train], self.truth[train])
            scores[test] = model.predict_proba(columns[test])
        return scores


def class_auc(present: NDArray[np.bool_], scores: Floats) -> Metric:
    """AUC of two classes, or the mean of each against the rest, for ``present`` and ``scores`` (cases, classes).

    Raises
    ------
    OneClassError : a class is missing
    """
    first = 1 if present.shape[1] == 2 else 0  # each against the other is the same
    each = WeightedAucs(present[:, first:], scores[:, None, first:])
    return lambda weights: each(weights).mean(axis=1)


def _mean_class_auc(present: NDArray[np.bool_], scores: Floats) -> float:
    return float(class_auc(present, scores)(np.ones((1, len(present))))[0])


def _best_class_auc(present: NDArray[np.bool_], scores: Floats) -> float:
    """AUC of the class that is told best from the others: of several a column may restate but one."""
    return float(aucs(present, scores).max())


_forest = functools.partial(forest, trees=_TREES)


def _tree(seed: int, leaf: int) -> Any:
    """One fact by itself needs no forest."""
    from sklearn.tree import DecisionTreeClassifier  # heavy, and of the extra "train" only

    return DecisionTreeClassifier(min_samples_leaf=leaf, random_state=seed)
