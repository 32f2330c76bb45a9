"""Three models of the same children on the same folds, and what simpler ones make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.evaluation.auc import auc_of
from readingroom.learning.evaluation.comparison import advantage
from readingroom.learning.evaluation.levels import at_level, mean_logits
from readingroom.learning.evaluation.predictions import Floats, Predictions
from readingroom.learning.evaluation.simple_models import forest
from readingroom.metrics.bootstrap import patient_interval
from readingroom.metrics.decisions import f1
from readingroom.reading import Estimate

RESAMPLES = 1000
NORMAL, BACTERIAL, VIRAL = "normal", "bacterial-pneumonia", "viral-pneumonia"
MACRO_F1 = "macro F1 of patients"
PNEUMONIA = "AUC, pneumonia against normal"
BACTERIAL_OR_VIRAL = "AUC, bacterial against viral"


@dataclass(frozen=True)
class Numbers:
    """What a model is worth, and by how much the model that ships exceeds it; by the name of the measure."""

    values: Mapping[str, Estimate]
    behind: Mapping[str, Estimate]


def average(models: Sequence[Predictions]) -> Predictions:
    """The mean probability of several models.

    Raises
    ------
    ValueError : their rows or folds differ
    """
    first = models[0]
    for other in models[1:]:
        same = np.array_equal(first.study_ids, other.study_ids) and np.array_equal(first.folds, other.folds)
        if not same or first.classes != other.classes:
            raise ValueError("The models were not evaluated on the same rows and folds.")
    logits = np.stack(
        [mean_logits(np.stack([model.logits[:, row] for model in models], axis=1), False) for row in range(len(first))],
        axis=1,
    )
    return replace(first, logits=logits)


def measure(model: Predictions, ships: Predictions | None = None, resamples: int = RESAMPLES) -> Numbers:
    """Every AUC of studies, and the macro F1 of patients; ``ships`` is compared with the model, paired."""
    values, behind = {}, {}
    for name, found, other in _questions(model, ships):
        values[name] = auc_of(found, resamples=resamples)
        if other is not None:
            behind[name] = advantage(other, found, resamples=resamples)
    called, truth, patients = _called(model)
    values[MACRO_F1] = patient_interval(lambda weights: _macro(truth, called, weights), patients, resamples)
    if ships is not None:
        best = _called(ships)[0]
        behind[MACRO_F1] = patient_interval(
            lambda weights: _macro(truth, best, weights) - _macro(truth, called, weights), patients, resamples
        )
    return Numbers(values, behind)


def confusion(model: Predictions) -> NDArray[np.int64]:
    """(true classes, called classes) patients."""
    called, truth, _ = _called(model)
    counts = np.zeros((len(model.classes), len(model.classes)), dtype=np.int64)
    np.add.at(counts, (truth, called), 1)
    return counts


def original_size(model: Predictions, cohort: Cohort) -> tuple[Predictions, NDArray[np.bool_]]:
    """What a random forest makes of rows, columns and their ratio of the film as it was exported, on the same folds;
    and (rows,) of which films these are known."""
    place = {row.study_id: number for number, row in enumerate(cohort.rows)}
    rows = [cohort.rows[place[study]] for study in model.study_ids]
    sizes = np.array(
        [[_number(row.clinical.get("original_width")), _number(row.clinical.get("original_height"))] for row in rows]
    )
    known = np.isfinite(sizes).all(axis=1)
    facts = np.column_stack([sizes, sizes[:, 0] / sizes[:, 1]])
    logits = np.zeros(model.logits.shape)
    for repeat, folds in enumerate(model.folds):
        for fold in np.unique(folds):
            train, test = known & (folds != fold), known & (folds == fold)
            model_of_size = forest(0).fit(facts[train], model.truth[train])
            logits[repeat, test] = np.log(np.maximum(model_of_size.predict_proba(facts[test]), 1e-6))
    return replace(model, logits=logits).take(known), known


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _questions(model: Predictions, ships: Predictions | None) -> Iterator[tuple[str, Predictions, Predictions | None]]:
    """Each question by name, with what both models answer to it."""
    asked: dict[str, Callable[[Predictions], Predictions]] = {
        PNEUMONIA: pneumonia_or_normal,
        BACTERIAL_OR_VIRAL: bacterial_or_viral,
        f"AUC, {BACTERIAL} against the rest": partial(one_class, name=BACTERIAL),
        f"AUC, {VIRAL} against the rest": partial(one_class, name=VIRAL),
    }
    for name, ask in asked.items():
        yield name, ask(model), None if ships is None else ask(ships)


def one_class(model: Predictions, name: str) -> Predictions:
    """A class against the rest."""
    scores = model.scores(name)
    logits = np.stack([np.zeros_like(scores), scores], axis=2)
    truth = model.present(name).astype(np.int64)
    return replace(model, classes=(f"not {name}", name), truth=truth, logits=logits, positive=name)


def pneumonia_or_normal(model: Predictions) -> Predictions:
    """Either pneumonia against normal."""
    return replace(one_class(model, NORMAL), positive=f"not {NORMAL}")


def bacterial_or_viral(model: Predictions) -> Predictions:
    """Among films with pneumonia, by the probabilities of these two alone."""
    ill = model.take(~model.present(NORMAL))
    first, second = (ill.classes.index(name) for name in (BACTERIAL, VIRAL))
    truth = (ill.truth == first).astype(np.int64)
    logits = ill.logits[:, :, [second, first]]
    return replace(ill, classes=(VIRAL, BACTERIAL), truth=truth, logits=logits, positive=BACTERIAL)


def _called(model: Predictions) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.str_]]:
    """(patients,) the most probable class of the first repeat, the true one, and who they are."""
    patients = at_level(model, "patient")
    return patients.logits[0].argmax(axis=1), patients.truth, patients.patients


def _macro(truth: NDArray[np.int64], called: NDArray[np.int64], weights: Floats) -> Floats:
    found: Floats = np.mean([f1(truth == each, called == each, weights) for each in np.unique(truth)], axis=0)
    return found
