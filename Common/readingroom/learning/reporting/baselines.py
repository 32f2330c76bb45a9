"""Simple models and other bundles beside the bundle that is evaluated, on the same studies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...bundles.explained import ExplainedFeatures
from ...errors import InputError
from ...progress import Progress
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import fingerprints
from ..cohorts.splits import Split, checked, k_fold
from ..evaluation.auc import auc_of
from ..evaluation.baselines import train_baselines
from ..evaluation.comparison import Comparison, advantage, compare
from ..evaluation.levels import Level, at_level
from ..evaluation.outcomes import AnyPredictions
from ..evaluation.predictions import Predictions
from ..evaluation.sample_size import can_be_evaluated, patients_of_each
from ..training.explained_run import explained_baseline, handcrafted_baseline
from .evaluated import BaselineResult

_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Baselines:
    """Simple models on the studies that were evaluated.

    Parameters
    ----------
    results : with their AUC and how much the bundle's exceeds it
    predictions : of each, joined like those that were evaluated
    notes : why there are none
    """

    results: tuple[BaselineResult, ...] = ()
    predictions: tuple[AnyPredictions, ...] = ()
    notes: tuple[str, ...] = ()


def simple_models(
    images: Predictions,
    cohort: Cohort,
    level: Level,
    resamples: int,
    seed: int,
    progress: Progress | None = None,
    explained: ExplainedFeatures | None = None,
    features: NDArray[np.float64] | None = None,
) -> Baselines:
    """Train simple models on other patients of the same table and compare the bundle with them.

    They have learned how this table chose its patients, which the bundle may not have: where they come close or win,
    ask why.

    Parameters
    ----------
    images : predictions of the bundle
    cohort : its rows, at least those that were predicted
    explained : of the bundle; handcrafted features are then measured as it says, inside the masks of the table
    features : (rows of ``images``, features) of the bundle's network, for its model of explained features
    """
    if images.multilabel:
        return Baselines(notes=("Simple models are made for classes that exclude each other only.",))
    if not any(can_be_evaluated(images, finding, 1) for finding in images.findings):
        return Baselines(notes=("No simple models beside the bundle: all studies are of one class.",))
    try:
        rows = _as_predicted(images, cohort)
        prints = fingerprints([row.image for row in rows.rows], progress=progress)
        splits = _splits(images, rows, prints.pixel_hashes, seed)
        found = train_baselines(images, rows, prints.prints, splits, images.classes, seed)
        notes: tuple[str, ...] = ()
        if explained is not None and features is not None and features.shape == (len(images), explained.deep_count):
            found += (explained_baseline(images, features, explained),)
        if explained is not None and any(explained.mask in row.masks for row in rows.rows):
            own, notes = handcrafted_baseline(images, rows, splits, explained, seed)
            found += () if own is None else (own,)
    except InputError as error:
        return Baselines(notes=(f"No simple models beside the bundle: {error}",))
    joined = [_rounded(at_level(baseline.predictions, level)) for baseline in found]
    model = at_level(images, level)
    results = tuple(
        BaselineResult(
            baseline.title,
            auc_of(competitor, resamples=resamples, seed=seed),
            advantage(model, competitor, "", resamples, seed),
        )
        for baseline, competitor in zip(found, joined, strict=True)
    )
    return Baselines(results, tuple(joined), notes)


def against(
    images: Predictions, name: str, other: Predictions, level: Level, permutations: int, resamples: int, seed: int
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    """Compare a bundle with another one on the studies that both answered, with a sentence where they are not all.

    Raises
    ------
    InputError : the other one answers other classes, or there is no common study
    """
    if not any(can_be_evaluated(images, finding, 1) for finding in images.findings):
        return (), (f"Not compared with '{name}': all studies are of one class.",)
    model, competitor = keys_of(images), keys_of(other)
    common = set(model) & set(competitor)
    if not common:
        raise InputError(f"'{name}' cannot be compared: it has no study in common with this evaluation.")
    first = images.take(np.array([key in common for key in model]))
    second = other.take(np.array([key in common for key in competitor]))
    notes = () if len(common) == len(model) else (f"Compared with '{name}' on {len(common)} of {len(model)} images.",)
    return compare(first, {name: second}, level, permutations=permutations, resamples=resamples, seed=seed), notes


def _as_predicted(images: Predictions, cohort: Cohort) -> Cohort:
    """The rows that were predicted, in that order, labeled with the bundle's classes.

    Raises
    ------
    InputError : a study that was predicted is not in the cohort
    """
    place = {(row.patient_id, row.study_id): row for row in cohort.rows}
    keys = keys_of(images)
    if missing := [key for key in keys if key not in place]:
        raise InputError(f"study '{missing[0][1]}' of patient '{missing[0][0]}' is not in the table.")
    named = zip(keys, images.truth, strict=True)
    return Cohort(tuple(replace(place[key], label=images.classes[int(truth)]) for key, truth in named))


def _splits(images: Predictions, rows: Cohort, hashes: tuple[str, ...], seed: int) -> list[list[Split]]:
    """The folds of the training where there were some, else (one network spoke of all rows) a cross-validation of them.

    Raises
    ------
    InputError : too few patients of a class
    """
    if any(len(np.unique(folds)) < 2 for folds in images.folds):
        count = max(min(_FOLDS, *patients_of_each(images).values()), 2)
        seeds = range(seed, seed + images.repeats)
        return [list(k_fold(rows, count, each, validation=0.0, hashes=hashes)) for each in seeds]
    return [[_held_out(rows, folds == fold, hashes) for fold in np.unique(folds)] for folds in images.folds]


def _held_out(rows: Cohort, tested: NDArray[np.bool_], hashes: tuple[str, ...]) -> Split:
    nobody = np.array([], dtype=np.intp)
    return checked(rows, Split(np.flatnonzero(~tested), nobody, np.flatnonzero(tested), "of the training"), hashes)


def _rounded(predictions: Predictions) -> Predictions:
    """Without the last digits, in which means of equal answers differ: a constant model must not order anything."""
    return replace(predictions, logits=np.round(predictions.logits, 9))


def keys_of(predictions: AnyPredictions) -> list[tuple[str, str]]:
    """Patient and study of each row."""
    pairs = zip(predictions.patients, predictions.study_ids, strict=True)
    return [(str(patient), str(study)) for patient, study in pairs]
