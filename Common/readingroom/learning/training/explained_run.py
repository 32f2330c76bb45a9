"""Explained features of a whole training: each fold for its own network, and the final model for the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...bundles.explained import ExplainedFeatures
from ...errors import InputError
from ...progress import Progress
from ...radiomics.followed import correlations
from ..cohorts.cohort import Cohort
from ..cohorts.handcrafted_features import HandcraftedFeatures, handcrafted_features
from ..cohorts.label_set import LabelSet
from ..cohorts.splits import Rows, Split
from ..evaluation.baselines import Baseline
from ..evaluation.model_table import ModelRow, model_table
from ..evaluation.outcomes import AnyPredictions
from ..evaluation.predictions import Predictions
from ..protocols.training_protocol import Explained, TrainingProtocol
from .cross_validation import CrossValidation
from .explained import Explanation, Floats, Table, explain, fit_handcrafted, record_of
from .fold_trainer import CrossValidationResult, FoldFeatures
from .question import Question

NETWORK = "the network"
EXPLAINED = "explained features of the network (L1)"
HANDCRAFTED = "72 handcrafted features (L1)"


@dataclass(frozen=True, eq=False)
class ExplainedRun:
    """What came of it.

    Parameters
    ----------
    record : for the bundle
    table : the network and both L1 models, out of fold on the same rows
    network, others : their predictions on these rows, the latter by title
    held_out : of pairs that training rows chose, the median absolute correlation there, and on held-out rows in the
        same direction; None without folds in which any was chosen
    notes : sentences for the card
    """

    record: ExplainedFeatures
    table: tuple[ModelRow, ...]
    network: Predictions
    others: dict[str, Predictions]
    held_out: tuple[float, float] | None
    notes: tuple[str, ...]


def explain_run(
    cohort: Cohort,
    question: Question,
    protocol: TrainingProtocol,
    planned: CrossValidation,
    result: CrossValidationResult,
    predictions: AnyPredictions,
    processes: int,
    resamples: int,
    progress: Progress,
) -> tuple[ExplainedRun | None, tuple[str, ...]]:
    """Explain the features of all networks of a run; None with a sentence where that cannot be done.

    Raises
    ------
    CancelledError : the user canceled
    """
    wanted = protocol.explained
    if wanted is None:
        return None, ()
    if not isinstance(question, LabelSet) or not question.positive or not isinstance(predictions, Predictions):
        return None, ("Features of the network are not explained: that is done for two classes alone.",)
    if not any(wanted.mask in row.masks for row in cohort.rows):
        return None, (
            f"Features of the network are not explained: the table has no masks (a column mask_{wanted.mask}), inside "
            "which handcrafted features would be measured.",
        )
    corrects = protocol.input.correct_bias_field  # as the network's input
    wanted = replace(wanted, measured=replace(wanted.measured, correct_bias_field=corrects))
    measured = handcrafted_features(cohort, wanted.mask, wanted.measured, processes, progress.part(0.0, 0.5))
    trial = _Trial(cohort, question, protocol, wanted, measured)
    try:
        return trial.run(planned, result, predictions, resamples, progress.part(0.5, 1.0)), ()
    except InputError as error:
        return None, (*measured.notes, f"Features of the network are not explained: {error}")


def explained_baseline(predictions: Predictions, features: Floats, known: ExplainedFeatures) -> Baseline:
    """The bundle's own L1 model of explained features, which learned nothing from these studies.

    Parameters
    ----------
    predictions : of the bundle
    features : (rows, features) of its network
    """
    said = np.full(len(features), known.intercept)
    for one in known.deep:
        said += one.coefficient * (features[:, one.number] - one.spread.center) / one.spread.scale
    logits = np.zeros(predictions.logits.shape)
    logits[:, :, predictions.classes.index(known.finding)] = said
    return Baseline(EXPLAINED, replace(predictions, logits=logits))


def handcrafted_baseline(
    predictions: Predictions,
    cohort: Cohort,
    repeats: Sequence[Sequence[Split]],
    known: ExplainedFeatures,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Baseline | None, tuple[str, ...]]:
    """An L1 model of handcrafted features on the splits of a cohort, measured as a bundle says; None with a sentence.

    Parameters
    ----------
    predictions : of the bundle, whose rows are those of the cohort, in its order
    """
    measured = handcrafted_features(cohort, known.mask, known.measured, progress=progress)
    if not measured.measured.all():
        return None, (f"{HANDCRAFTED}: not beside the bundle.", *measured.notes)
    wanted = Explained(known.mask, known.measured, known.correlation, known.least, known.rate)
    y = predictions.present(known.finding).astype(np.int64)
    logits = np.zeros(predictions.logits.shape)
    column = predictions.classes.index(known.finding)
    for repeat, splits in enumerate(repeats):
        for split in splits:
            train = np.concatenate([split.train, split.validation])
            model = fit_handcrafted(measured.values[train], y[train], cohort.patients[train], wanted, seed)
            logits[repeat, split.test, column] = model.logits(measured.values[split.test])
    return Baseline(HANDCRAFTED, replace(predictions, logits=logits)), ()


class _Trial:
    def __init__(
        self,
        cohort: Cohort,
        question: LabelSet,
        protocol: TrainingProtocol,
        wanted: Explained,
        measured: HandcraftedFeatures,
    ):
        self.question, self.wanted, self.seed = question, wanted, protocol.seed
        self.measured = measured
        self.patients = cohort.patients
        self.y = (question.truth(cohort) == 0).astype(np.int64)
        self.real = ~cohort.synthetic

    def run(
        self,
        planned: CrossValidation,
        result: CrossValidationResult,
        predictions: Predictions,
        resamples: int,
        progress: Progress,
    ) -> ExplainedRun:
        rows = planned.test_rows
        place = {int(row): number for number, row in enumerate(rows)}
        logits = {title: np.zeros(predictions.logits.shape[:2]) for title in (EXPLAINED, HANDCRAFTED)}
        pairs: list[tuple[Floats, Floats]] = []
        count, done = sum(map(len, planned.repeats)), 0
        for repeat, (splits, parts) in enumerate(zip(planned.repeats, result.folds, strict=True)):
            for split, part in zip(splits, parts, strict=True):
                progress(0.6 * done / count, f"Explaining features, {split.name}.")
                assert part.features is not None
                fitted = explain(self._learned(part.features), self.wanted, self.seed)
                at = [place[int(row)] for row in split.test]
                logits[EXPLAINED][repeat, at] = fitted.explained.logits(part.features.tested)
                logits[HANDCRAFTED][repeat, at] = fitted.handcrafted.logits(self.measured.values[split.test])
                pairs.append(self._held_out_pairs(fitted, split, part.features.tested))
                done += 1
        kept = np.flatnonzero(self.measured.measured[rows])
        others = {
            title: replace(predictions, logits=np.stack([values, np.zeros_like(values)], axis=2)).take(kept)
            for title, values in logits.items()
        }
        network = predictions.take(kept)
        table = model_table({NETWORK: network, **others}, resamples)
        record = self._record(planned, result, progress.part(0.6, 1.0))
        chosen, held_out = (np.concatenate(each) for each in zip(*pairs, strict=True))
        medians = (float(np.median(chosen)), float(np.median(held_out))) if chosen.size else None
        return ExplainedRun(record, table, network, others, medians, self._notes(record, medians, len(kept), len(rows)))

    def _learned(self, features: FoldFeatures) -> Table:
        """The training rows of a network that are real and have a mask."""
        kept = self._usable(features.rows)
        return self._table(features.learned[kept], features.rows[kept])

    def _table(self, deep: Floats, rows: Rows) -> Table:
        return Table(deep, self.measured.values[rows], self.y[rows], self.patients[rows])

    def _usable(self, rows: Rows) -> NDArray[np.bool_]:
        return self.real[rows] & self.measured.measured[rows]

    def _held_out_pairs(self, fitted: Explanation, split: Split, tested: Floats) -> tuple[Floats, Floats]:
        """Of the chosen pairs the absolute correlation on training rows, and on test rows in the same direction."""
        kept = self._usable(split.test)
        hand = self.measured.values[split.test[kept]]
        defined = np.isfinite(hand).all(axis=0)
        chosen = fitted.chosen & defined
        if kept.sum() < 3 or not chosen.any():
            return np.empty(0), np.empty(0)
        found = np.zeros(chosen.shape)
        found[:, defined] = correlations(tested[kept], hand[:, defined], self.wanted.correlation)
        trained = fitted.correlations[chosen]
        return np.abs(trained), found[chosen] * np.sign(trained)

    def _record(self, planned: CrossValidation, result: CrossValidationResult, progress: Progress) -> ExplainedFeatures:
        """Of the final model. It is tested on rows that chose its epoch, and on those that were held out from it."""
        final = planned.final
        learned = np.sort(np.concatenate([final.train, final.validation]))
        embeddings = np.full((len(self.y), result.final_model.embeddings.shape[1]), np.nan)
        embeddings[learned[self.real[learned]]] = result.final_model.embeddings
        if (part := result.folds[0][0] if planned.single_network else result.holdout) is not None:
            assert part.features is not None
            embeddings[final.test] = part.features.tested
        train = final.train if result.final_model.settings["mode"] == "fine-tune" else learned
        others = np.setdiff1d(np.concatenate([final.validation, final.test]), train)
        train, others = train[self._usable(train)], others[self._usable(others)]
        table = self._table(embeddings[train], train)
        return record_of(
            explain(table, self.wanted, self.seed),
            table,
            self._table(embeddings[others], others) if len(others) else None,
            self.wanted,
            self.question.positive,
            self.seed,
            self.measured.notes,
            progress,
        )

    def _notes(
        self, record: ExplainedFeatures, medians: tuple[float, float] | None, kept: int, rows: int
    ) -> tuple[str, ...]:
        used = sum(feature.coefficient != 0 for feature in record.deep)
        notes = [
            f"{len(record.deep)} of {record.deep_count} features of the final network follow a handcrafted one "
            f"({record.correlation.capitalize()}, at least {record.least:g} on training rows"
            + (f", false discoveries {record.rate:g}" if record.rate < 1 else "")
            + f"); the L1 model uses {used} of them.",
            *self.measured.notes,
        ]
        if medians is not None:
            notes.append(
                f"Pairs that training rows chose correlate by {medians[0]:.2f} there and by {medians[1]:.2f} on the "
                "held-out rows of their split (medians)."
            )
        if kept < rows:
            notes.append(f"The models are compared on the {kept} of {rows} studies that have handcrafted features.")
        return tuple(notes)
