"""The record of an evaluation, made of a judgment: what ``metrics.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...bundles.bundle import Bundle
from ...metrics.decisions import confusion_matrix
from ...reading import Estimate
from ...trust.predictive_values import predictive_values
from ..cohorts.fingerprint import content_key
from ..evaluation.evaluation import EvaluationResult
from ..evaluation.outcomes import AnyPredictions, AnyResult
from ..evaluation.survival_evaluation import SurvivalResult
from . import survival_tables
from .evaluated import EvaluationRecord, Model, PointResult, PredictiveValue, Source, Studies
from .predict import answering
from .subgroup_table import subgroup_table


def studies_of(
    images: AnyPredictions,
    evaluation: AnyResult,
    table: Path,
    left_out: tuple[str, ...] = (),
    refused: tuple[str, ...] = (),
    far_away: int | None = None,
    too_far: int | None = None,
) -> Studies:
    """What was evaluated, with what was left out.

    Parameters
    ----------
    images : the predictions as they were, one row an image
    table : the file that they, or the cohort, were read from
    left_out, refused, far_away, too_far : see `Studies`
    """
    sites, counts = np.unique(images.sites, return_counts=True)
    return Studies(
        table=table.name,
        sha256=content_key(table),
        level=evaluation.level,
        images=len(images),
        evaluated=len(evaluation.calibrated.predictions),
        patients=len(np.unique(images.patients)),
        by_class=evaluation.patients,
        sites={str(site): int(count) for site, count in zip(sites, counts, strict=True)},
        left_out=left_out,
        refused=refused,
        far_away=far_away,
        too_far=too_far,
    )


def record_of(
    bundle: Bundle,
    evaluation: AnyResult,
    studies: Studies,
    prevalences: Sequence[float],
    settings: Mapping[str, int],
    source: Source,
) -> EvaluationRecord:
    """The record of a judgment, as yet without caveats, simple models and comparisons.

    Parameters
    ----------
    prevalences : for which predictive values are given
    settings : ``seed``, ``resamples`` and whatever else decided the numbers
    """
    own: dict[str, Any]
    resamples, seed = settings["resamples"], settings["seed"]
    if isinstance(evaluation, SurvivalResult):
        times = evaluation.calibrated.predictions
        subgroups = survival_tables.subgroups_of(times, resamples, seed)
        own = {"classes": times.causes, "horizons": survival_tables.horizons_of(evaluation), "subgroups": subgroups}
    else:
        own = _of_labels(evaluation, prevalences, resamples, seed)
    return EvaluationRecord(
        model=_model(bundle),
        source=source,
        studies=studies,
        caveats=(),
        exploratory=evaluation.exploratory,
        metrics=evaluation.metrics,
        measure=evaluation.measure,
        settings={**settings, "repeats": evaluation.calibrated.predictions.repeats},
        notes=evaluation.notes,
        software=f"ReadingRoom {__version__}",
        **own,
    )


def _of_labels(evaluation: EvaluationResult, prevalences: Sequence[float], resamples: int, seed: int) -> dict[str, Any]:
    """What a record has of labels alone, and how it has what both have."""
    calibrated = evaluation.calibrated
    rows = calibrated.predictions
    confusion: tuple[tuple[int, ...], ...] = ()
    if not rows.multilabel:
        counts = confusion_matrix(rows.truth, calibrated.called.argmax(axis=1), len(rows.classes))
        confusion = tuple(tuple(int(count) for count in row) for row in counts)
    return {
        "classes": rows.classes,
        "points": _points(evaluation, prevalences),
        "confusion": confusion,
        "subgroups": subgroup_table(calibrated, resamples, seed),
    }


def _points(evaluation: EvaluationResult, prevalences: Sequence[float]) -> tuple[PointResult, ...]:
    return tuple(
        PointResult(
            finding=point.finding,
            name=point.name,
            threshold=point.threshold,
            default=point.name == evaluation.default_point,
            sensitivity=point.sensitivity,
            specificity=point.specificity,
            predictive_values=_predictive_values(point.sensitivity, point.specificity, prevalences),
        )
        for point in evaluation.points
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
    metadata = answering(bundle)
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
        license=metadata.license,
        protocol=training.protocol,
        training_patients=training.patients,
        training_images=training.images,
        training_sources=training.sources,
        seed=training.seed,
    )
