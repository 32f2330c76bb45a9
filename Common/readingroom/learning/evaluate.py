"""What a bundle is worth on studies that trained nothing of it: everything measured, as one record.

Two ways in: `evaluate_cohort` asks the bundle about a table of studies, `evaluate_out_of_fold` takes the predictions
that its training made by cross-validation. `readingroom.learning.evaluation_page` makes the report of either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..bundles.bundle import Bundle
from ..engine.device import Wanted
from ..engine.progress import Progress
from ..errors import InputError
from ..evaluation.confusion_matrix import confusion_matrix
from ..reading import Estimate
from ..trust.distance import FeatureStatistics
from ..trust.predictive_values import predictive_values
from .caveats import caveats
from .cohort import Cohort
from .evaluated import Caveat, Evaluation, Model, PointResult, PredictiveValue, Source, Studies
from .figures.embedding import Projection, project
from .judgement import RESAMPLES, Judgement, judge, judge_bundle
from .levels import Level
from .overlap import Overlap
from .predict import Predicted, predict
from .predictions import Predictions
from .subgroup_table import subgroup_table

PREVALENCES = (0.005, 0.02, 0.1, 0.3)


@dataclass(frozen=True)
class Options:
    """What the user may decide.

    Parameters
    ----------
    level : what is judged: each ``study``, ``breast`` or ``patient``
    labels : the bundle's label for a label of the table, where they differ
    prevalences : for which predictive values are given
    leave_out_seen : leave out studies that trained the bundle, instead of saying that the numbers are worthless
    resamples, seed : of the intervals; the seed is also that of the picture of features
    """

    level: Level = "patient"
    labels: Mapping[str, str] = field(default_factory=dict)
    prevalences: tuple[float, ...] = PREVALENCES
    leave_out_seen: bool = False
    device: Wanted = "auto"
    resamples: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The record, and the arrays that its figures are drawn from.

    Parameters
    ----------
    images : the predictions as they were, one row an image
    judgement : those rows, joined and measured
    projection : of the features of ``images``; None where there are none or too few
    """

    evaluation: Evaluation
    images: Predictions
    judgement: Judgement
    projection: Projection | None = None


def evaluate_cohort(
    bundle: Bundle, cohort: Cohort, table: Path, options: Options, progress: Progress | None = None
) -> Evaluated:
    """Ask the bundle about every study of a cohort and measure what it says.

    Raises
    ------
    InputError : no row can be used, or there is nothing to judge
    BundleError, SetupError : as `predict`
    CancelledError : the user cancelled
    """
    progress = progress or Progress()
    overlap = Overlap.of(bundle, cohort, progress.part(0.0, 0.2))
    left_out = list(cohort.problems)
    if options.leave_out_seen and overlap.rows.any():
        left_out += [f"Study {cohort.rows[n].study_id} trained the bundle." for n in np.flatnonzero(overlap.rows)]
        cohort = cohort.take(~overlap.rows)
        overlap = Overlap(overlap.known, np.zeros(len(cohort), dtype=bool), 0, 0)
        if not len(cohort):
            raise InputError("All studies of the table trained the bundle; there is nothing left to judge it on.")
    predicted = predict(bundle, cohort, options.labels, options.device, progress.part(0.2, 0.8))
    progress(0.8, "Measuring.")
    judgement = judge_bundle(
        predicted.predictions, bundle.metadata, options.level, resamples=options.resamples, seed=options.seed
    )
    progress(0.95, "Drawing the features.")
    projection = _project(predicted.features, options.seed)
    far_away, too_far = _distances(bundle, predicted)
    studies = _studies(
        predicted.predictions,
        judgement,
        table,
        left_out=(*left_out, *predicted.problems),
        refused=predicted.refused,
        far_away=far_away,
        too_far=too_far,
    )
    warned = (*overlap.caveats(bundle, predicted.predictions), *caveats(bundle, judgement, studies))
    evaluation = _evaluation(bundle, judgement, studies, warned, options, projection, "cohort", predicted.notes)
    return Evaluated(evaluation, predicted.predictions, judgement, projection)


def evaluate_out_of_fold(bundle: Bundle, predictions: Predictions, table: Path, options: Options) -> Evaluated:
    """Measure predictions of a bundle's training, each by a network that had not seen the row's patient.

    Raises
    ------
    InputError : they are of other classes, of another cohort's kind, or there is nothing to judge
    """
    labels = tuple(label.name for label in bundle.metadata.labels)
    if set(predictions.classes) != set(labels):
        raise InputError(
            f"The bundle '{bundle.metadata.name}' answers {', '.join(labels)}; {table.name} is of "
            f"{', '.join(predictions.classes)}."
        )
    judgement = judge(predictions, options.level, resamples=options.resamples, seed=options.seed)
    studies = _studies(predictions, judgement, table)
    warned = caveats(bundle, judgement, studies)
    evaluation = _evaluation(bundle, judgement, studies, warned, options, None, "out-of-fold", ())
    return Evaluated(evaluation, predictions, judgement)


def _project(features: NDArray[np.float64] | None, seed: int) -> Projection | None:
    if features is None:
        return None
    try:
        return project(features, seed)
    except ValueError:  # too few cases for a picture of neighborhoods
        return None


def _distances(bundle: Bundle, predicted: Predicted) -> tuple[int | None, int | None]:
    """How many images lie beyond the bundle's limits of the feature distance; None where it has none."""
    described = bundle.metadata.feature_statistics
    if described is None or predicted.features is None:
        return None, None
    distances = FeatureStatistics.from_arrays(bundle.arrays(described.file)).distance(predicted.features)
    return int((distances > described.warn_above).sum()), int((distances > described.stop_above).sum())


def _studies(
    images: Predictions,
    judgement: Judgement,
    table: Path,
    left_out: tuple[str, ...] = (),
    refused: tuple[str, ...] = (),
    far_away: int | None = None,
    too_far: int | None = None,
) -> Studies:
    sites, counts = np.unique(images.sites, return_counts=True)
    return Studies(
        table=table.name,
        sha256=hashlib.sha256(table.read_bytes()).hexdigest(),
        level=judgement.level,
        images=len(images),
        judged=len(judgement.answers.predictions),
        patients=len(np.unique(images.patients)),
        by_class=judgement.patients,
        sites={str(site): int(count) for site, count in zip(sites, counts, strict=True)},
        left_out=left_out,
        refused=refused,
        far_away=far_away,
        too_far=too_far,
    )


def _evaluation(
    bundle: Bundle,
    judgement: Judgement,
    studies: Studies,
    warned: tuple[Caveat, ...],
    options: Options,
    projection: Projection | None,
    source: Source,
    notes: tuple[str, ...],
) -> Evaluation:
    answers = judgement.answers
    rows = answers.predictions
    confusion: tuple[tuple[int, ...], ...] = ()
    if not rows.multilabel:
        counts = confusion_matrix(rows.truth, answers.called.argmax(axis=1), len(rows.classes))
        confusion = tuple(tuple(int(count) for count in row) for row in counts)
    return Evaluation(
        model=_model(bundle),
        source=source,
        classes=rows.classes,
        studies=studies,
        caveats=warned,
        exploratory=judgement.exploratory,
        metrics=judgement.metrics,
        points=_points(judgement, options.prevalences),
        confusion=confusion,
        subgroups=subgroup_table(answers, options.resamples, options.seed),
        trustworthiness=None if projection is None else projection.trustworthiness,
        settings={"seed": options.seed, "resamples": options.resamples, "repeats": rows.repeats},
        notes=(*judgement.notes, *notes),
        software=f"ReadingRoom {__version__}",
    )


def _points(judgement: Judgement, prevalences: Sequence[float]) -> tuple[PointResult, ...]:
    return tuple(
        PointResult(
            finding=point.finding,
            name=point.name,
            threshold=point.threshold,
            default=point.name == judgement.default_point,
            sensitivity=point.sensitivity,
            specificity=point.specificity,
            predictive_values=_predictive_values(point.sensitivity, point.specificity, prevalences),
        )
        for point in judgement.points
    )


def _predictive_values(
    sensitivity: Estimate | None, specificity: Estimate | None, prevalences: Sequence[float]
) -> tuple[PredictiveValue, ...]:
    if sensitivity is None or specificity is None:
        return ()
    found = []
    for prevalence in prevalences:
        try:
            values = predictive_values(sensitivity, specificity, prevalence)
        except ValueError:  # everybody or nobody was called, so one of the two answers never occurs
            continue
        found.append(PredictiveValue(prevalence, values.positive, values.negative))
    return tuple(found)


def _model(bundle: Bundle) -> Model:
    metadata = bundle.metadata
    training = metadata.training
    return Model(
        name=metadata.name,
        title=metadata.title,
        version=metadata.version,
        sha256=bundle.sha256,
        reader=metadata.reader,
        task=metadata.task,
        backbone=metadata.backbone,
        demonstration=metadata.demonstration,
        intended_use=metadata.intended_use,
        licence=metadata.licence,
        protocol=training.protocol,
        training_patients=training.patients,
        training_images=training.images,
        training_sources=training.sources,
        seed=training.seed,
    )
