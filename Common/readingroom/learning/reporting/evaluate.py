"""What a bundle is worth on studies that trained nothing of it: everything measured, as one record.

There are two: `evaluate_cohort` applies the bundle to a table of studies, `evaluate_out_of_fold` takes the predictions
that its training made by cross-validation. `readingroom.learning.reporting.evaluation_page` makes the report of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...bundles.bundle import Bundle
from ...bundles.metadata import SurvivalMetadata
from ...device import Wanted
from ...errors import InputError
from ...progress import Progress
from ...trust.distance import FeatureStatistics
from ..cohorts.cohort import Cohort
from ..evaluation.comparison import PERMUTATIONS
from ..evaluation.evaluation import RESAMPLES, EvaluationResult
from ..evaluation.levels import Level
from ..evaluation.outcomes import AnyPredictions, AnyResult, evaluate, evaluate_bundle
from ..evaluation.predictions import Predictions
from ..evaluation.survival_predictions import SurvivalPredictions
from . import survival_tables
from .baselines import against as against_other
from .baselines import simple_models
from .caveats import age_caveats, baseline_caveats, caveats, out_of_fold_caveat, stored_answers_caveat
from .evaluated import Caveat, EvaluationRecord, Source
from .evaluation_record import record_of, studies_of
from .figures.embedding import Projection, project
from .overlap import Overlap
from .predict import Predicted, answering, predict

PREVALENCES = (0.005, 0.02, 0.1, 0.3)
_GRAVEST_FIRST = ("stop", "warn", "info")


@dataclass(frozen=True)
class Options:
    """What the user may decide.

    Parameters
    ----------
    level : what is evaluated: each ``study``, ``breast`` or ``patient``
    labels : the bundle's label for a label of the table, where they differ
    negative : labels of the table that mean that nothing was found, where findings may hold together
    prevalences : for which predictive values are given
    exclude_training_studies : leave out studies that trained the bundle; else the report says that the numbers are
        worthless
    resamples, permutations : of the intervals and of the tests
    seed : of both and of the picture of features
    """

    level: Level = "patient"
    labels: Mapping[str, str] = field(default_factory=dict)
    negative: tuple[str, ...] = ()
    prevalences: tuple[float, ...] = PREVALENCES
    exclude_training_studies: bool = False
    device: Wanted = "auto"
    resamples: int = RESAMPLES
    permutations: int = PERMUTATIONS
    seed: int = 0

    @property
    def settings(self) -> dict[str, int]:
        """What decides the numbers beside the studies."""
        return {"seed": self.seed, "resamples": self.resamples, "permutations": self.permutations}


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The record, and the arrays that its figures are drawn from.

    Parameters
    ----------
    images : the predictions as they were, one row an image
    judgment : those rows, joined and measured
    projection : of the features of ``images``; None where there are none or too few
    baselines : what the simple models of ``metrics.baselines`` said, joined like the rows of ``judgment``
    """

    record: EvaluationRecord
    images: AnyPredictions
    evaluation: AnyResult
    projection: Projection | None = None
    baselines: tuple[AnyPredictions, ...] = ()

    @property
    def of_labels(self) -> tuple[Predictions, EvaluationResult]:
        """Of labels the images and what was measured; times have neither classes nor decisions."""
        assert isinstance(self.images, Predictions)
        assert isinstance(self.evaluation, EvaluationResult)
        return self.images, self.evaluation

    def with_caveats(self, *found: Caveat) -> Evaluated:
        """The same with more caveats, the gravest first."""
        caveats = sorted((*self.record.caveats, *found), key=lambda caveat: _GRAVEST_FIRST.index(caveat.level))
        return replace(self, record=replace(self.record, caveats=tuple(caveats)))

    def with_notes(self, *notes: str) -> Evaluated:
        """The same with more notes."""
        return replace(self, record=replace(self.record, notes=(*self.record.notes, *notes)))


def evaluate_cohort(
    bundle: Bundle,
    cohort: Cohort,
    table: Path,
    options: Options,
    against: Bundle | None = None,
    progress: Progress | None = None,
) -> Evaluated:
    """Apply the bundle to every study of a cohort and measure its predictions.

    Parameters
    ----------
    table : the file that the cohort was read from
    against : another bundle, applied to the same studies

    Raises
    ------
    InputError : no row can be used, or there is nothing to evaluate
    BundleError, SetupError : as `predict`
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    overlap = Overlap.of(bundle, cohort, progress.part(0.0, 0.1))
    left_out = cohort.problems
    if options.exclude_training_studies:
        left_out += overlap.sentences(cohort)
        cohort, overlap = overlap.without(cohort)
    predicted = predict(bundle, cohort, options.labels, options.device, progress.part(0.1, 0.6), options.negative)
    images = predicted.predictions
    other = None
    if against is not None:
        other = predict(against, cohort, options.labels, options.device, progress.part(0.6, 0.8), options.negative)
    progress(0.8, "Measuring.")
    evaluation = evaluate_bundle(
        images, answering(bundle), options.level, resamples=options.resamples, seed=options.seed
    )
    studies = studies_of(
        images,
        evaluation,
        table,
        left_out=(*left_out, *predicted.problems),
        refused=predicted.refused,
        **_distances(bundle, predicted),
    )
    record = record_of(bundle, evaluation, studies, options.prevalences, options.settings, "cohort")
    found = Evaluated(record, images, evaluation, _project(predicted.features, options))
    found = found.with_caveats(*overlap.caveats(bundle, images), *caveats(bundle, evaluation, studies))
    found = found.with_notes(*predicted.notes)
    used = cohort.take(predicted.rows)
    found = found.with_caveats(*age_caveats(bundle, used))
    found = _with_baselines(found, bundle, used, options, progress.part(0.85, 1.0), predicted.features)
    if against is None or other is None:
        return found
    return _against(found, against.metadata.name, other.predictions, options)


def evaluate_out_of_fold(
    bundle: Bundle,
    predictions: AnyPredictions,
    table: Path,
    options: Options,
    cohort: Cohort | None = None,
    against: tuple[str, AnyPredictions] | None = None,
    progress: Progress | None = None,
) -> Evaluated:
    """Measure predictions of a bundle's training, each by a network that had not seen the row's patient.

    Where the table says that it holds answers of one network to a cohort that trained nothing (fold -1), nothing is
    fitted to it, as by `evaluate_cohort`.

    Parameters
    ----------
    table : the file that the predictions were read from
    cohort : the table of the training, for simple models on the same splits
    against : name and predictions of another training on the same studies

    Raises
    ------
    InputError : they are of other classes, or there is nothing to evaluate
    """
    labels = tuple(label.name for label in bundle.metadata.labels)
    timed = isinstance(predictions, SurvivalPredictions)
    named = predictions.causes if isinstance(predictions, SurvivalPredictions) else predictions.classes
    if set(named) != set(labels) or timed != isinstance(bundle.metadata, SurvivalMetadata):
        asked = "the time of " if isinstance(bundle.metadata, SurvivalMetadata) else ""
        raise InputError(
            f"The bundle '{bundle.metadata.name}' answers {asked}{', '.join(labels)}; {table.name} is of "
            f"{'the time of ' if timed else ''}{', '.join(named)}."
        )
    source: Source = "cohort" if predictions.external else "out-of-fold"
    if predictions.external:  # answers to a table that trained nothing: the bundle is held to what it says
        evaluation = evaluate_bundle(
            predictions,
            answering(bundle),
            options.level,
            resamples=options.resamples,
            seed=options.seed,
        )
    else:
        evaluation = evaluate(predictions, options.level, resamples=options.resamples, seed=options.seed)
    studies = studies_of(predictions, evaluation, table)
    record = record_of(bundle, evaluation, studies, options.prevalences, options.settings, source)
    found = Evaluated(record, predictions, evaluation)
    where = stored_answers_caveat(bundle) if predictions.external else out_of_fold_caveat()
    found = found.with_caveats(where, *caveats(bundle, evaluation, studies))
    if cohort is not None:
        found = _with_baselines(found, bundle, cohort, options, progress or Progress())
    return found if against is None else _against(found, *against, options)


def _with_baselines(
    found: Evaluated,
    bundle: Bundle,
    cohort: Cohort,
    options: Options,
    progress: Progress,
    features: NDArray[np.float64] | None = None,
) -> Evaluated:
    if isinstance(found.images, SurvivalPredictions):
        baselines = survival_tables.simple_models(found.images, cohort, options.resamples, options.seed, progress)
    else:
        explained = getattr(bundle.metadata, "explained", None)
        baselines = simple_models(
            found.images, cohort, options.level, options.resamples, options.seed, progress, explained, features
        )
    made = replace(found, baselines=baselines.predictions, record=replace(found.record, baselines=baselines.results))
    return made.with_notes(*baselines.notes).with_caveats(
        *baseline_caveats(baselines.results, found.evaluation.measure)
    )


def _against(found: Evaluated, name: str, other: AnyPredictions, options: Options) -> Evaluated:
    numbers = (options.permutations, options.resamples, options.seed)
    if isinstance(found.images, SurvivalPredictions) and isinstance(other, SurvivalPredictions):
        tests, notes = survival_tables.against(found.images, name, other, *numbers)
    elif isinstance(found.images, Predictions) and isinstance(other, Predictions):
        tests, notes = against_other(found.images, name, other, options.level, *numbers)
    else:
        raise InputError(f"'{name}' cannot be compared: one of both is of times, the other of classes.")
    return replace(found, record=replace(found.record, comparisons=tests)).with_notes(*notes)


def _project(features: NDArray[np.float64] | None, options: Options) -> Projection | None:
    if features is None:
        return None
    try:
        return project(features, options.seed)
    except ValueError:  # too few cases for a picture of neighborhoods
        return None


def _distances(bundle: Bundle, predicted: Predicted) -> dict[str, int]:
    """How many images lie beyond the bundle's limits of the feature distance; nothing where it has none."""
    described = answering(bundle).feature_statistics
    if described is None or predicted.features is None:
        return {}
    distances = FeatureStatistics.from_arrays(bundle.arrays(described.file)).distance(predicted.features)
    return {
        "far_away": int((distances > described.warn_above).sum()),
        "too_far": int((distances > described.stop_above).sum()),
    }
