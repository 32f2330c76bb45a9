"""What a model is worth: every number from rows that the network in question had not seen.

`evaluate` fits what a bundle stores (calibration, operating points, conformal quantiles) and measures it on rows that
had no part in fitting it. `evaluate_bundle` measures a finished bundle on a cohort that is new to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...bundles.metadata import Calibration, ClassifierMetadata, Conformal, OperatingPoint
from ...errors import InputError
from ...formatting import TOO_FEW, counted
from ...metrics.bootstrap import INTERVAL_FROM
from ...reading import Estimate
from ...records import frozen
from . import calibrate, prediction_sets, thresholds
from .auc import auc_of, fewest_of_each
from .calibrated_predictions import CalibratedPredictions
from .levels import How, Level, at_level
from .metric_families import load_family
from .predictions import Floats, Predictions
from .sample_size import EXPLORATORY_BELOW, can_be_evaluated, exploratory, patients_of_each

RESAMPLES = 2000  # of the patients, for each interval


@dataclass(frozen=True)
class EvaluationResult:
    """The numbers of a model.

    Parameters
    ----------
    answers : one row for each of ``level``, with probabilities, decisions and sets that come from other rows
    level : what a row is: a ``study``, a ``breast`` (then with the metrics of screening) or a ``patient``
    calibration, points, default_point, conformal : what a bundle stores; None or empty where ``notes`` says why
    metrics : by name, see `readingroom.learning.evaluation.metric_families.title`; intervals are over patients
    patients : how many by class
    exploratory : classes of fewer than 30 patients; with any of them no number may stand without a warning
    notes : sentences on what could not be fitted or measured
    """

    calibrated: CalibratedPredictions
    level: Level
    calibration: Calibration | None
    points: tuple[OperatingPoint, ...]
    default_point: str
    conformal: Conformal | None
    metrics: Mapping[str, Estimate]
    patients: Mapping[str, int]
    exploratory: tuple[str, ...]
    notes: tuple[str, ...]

    measure: ClassVar[str] = "AUC"  # by which models are compared
    main: ClassVar[str] = "auc"  # its name in ``metrics``

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", frozen(self.metrics))
        object.__setattr__(self, "patients", frozen(self.patients))


def evaluate(
    predictions: Predictions, level: Level = "study", how: How = "mean", resamples: int = RESAMPLES, seed: int = 0
) -> EvaluationResult:
    """Fit what a bundle stores, and measure it on rows that did not fit it.

    Calibration and conformal quantiles are fitted on all rows, which trained nothing; the probabilities, decisions and
    sets that are measured come from the other folds. Where one network predicted all rows, patients are dealt to folds
    for this alone.

    Parameters
    ----------
    level, how : what is evaluated, and how several images of it become one answer (see `levels.at_level`)
    resamples, seed : of the intervals over patients

    Raises
    ------
    InputError : there is nothing to evaluate: no class has patients both with and without it
    """
    rows = at_level(predictions, level, how)
    if not any(can_be_evaluated(rows, name, 1) for name in rows.findings):
        raise InputError(f"There is nothing to evaluate: all {len(rows)} rows agree on {', '.join(rows.findings)}.")
    folds = calibrate.fitting_folds(rows, seed)
    calibration, notes = calibrate.fit(rows)
    crossed = calibrate.cross_fitted(rows, folds)
    # A read compares thresholds with the probabilities that the bundle shows, so these choose them. Of several classes
    # one temperature was fitted on all rows: one number that moves all probabilities alike.
    shown = calibrate.probabilities(rows, calibration)
    choices = thresholds.SCREENING_POINTS if level == "breast" else thresholds.POINTS
    points = () if calibration is None else thresholds.fit(rows, shown, folds, choices)
    # Sets are of what the bundle shows, so all of it must be calibrated; a finding that is not has its note.
    conformal, missing = (None, ()) if notes else prediction_sets.fit(rows, crossed)
    covered = None if conformal is None else prediction_sets.covered_by_others(rows, crossed, folds)
    calibrated = CalibratedPredictions(
        rows, crossed, thresholds.called_by_others(rows, crossed, folds, points), covered
    )
    notes = (*notes, *missing, *_without_points(rows, calibration, points), *_fold_by_fold(rows, crossed))
    default = thresholds.DEFAULT_POINT
    return _result(calibrated, predictions, level, calibration, points, default, conformal, notes, resamples, seed)


def evaluate_bundle(
    predictions: Predictions,
    bundle: ClassifierMetadata,
    level: Level = "study",
    how: How = "mean",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> EvaluationResult:
    """Measure what a bundle says on rows that nothing of it has seen; nothing is fitted on them.

    Of rows that all have the same truth there are sensitivities or specificities alone, and no ``metrics``.

    Raises
    ------
    InputError : the predictions are of other classes
    """
    labels = tuple(label.name for label in bundle.labels)
    if (predictions.classes, predictions.multilabel) != (labels, bundle.multilabel):
        raise InputError(
            f"The bundle '{bundle.name}' answers {', '.join(labels)}; the predictions are of "
            f"{', '.join(predictions.classes)}."
        )
    if predictions.kind == "binary" and bundle.operating_points:
        predictions = replace(predictions, positive=bundle.operating_points[0].finding)
    rows = at_level(predictions, level, how)
    shown = calibrate.probabilities(rows, bundle.calibration)
    sets = None if bundle.conformal is None else prediction_sets.covered(rows, shown, bundle.conformal)
    called = thresholds.called(rows, shown, bundle.operating_points, bundle.default_operating_point)
    calibrated = CalibratedPredictions(rows, shown, called, sets)
    points = thresholds.measured(rows, shown, bundle.operating_points)
    notes = () if bundle.calibration else (f"The bundle '{bundle.name}' is not calibrated.",)
    default = bundle.default_operating_point
    return _result(
        calibrated, predictions, level, bundle.calibration, points, default, bundle.conformal, notes, resamples, seed
    )


def _result(
    calibrated: CalibratedPredictions,
    predictions: Predictions,
    level: Level,
    calibration: Calibration | None,
    points: tuple[OperatingPoint, ...],
    default_point: str,
    conformal: Conformal | None,
    notes: tuple[str, ...],
    resamples: int,
    seed: int,
) -> EvaluationResult:
    rows = calibrated.predictions
    by_patient, problems = _auc_by_patient(rows, level, resamples, seed)
    families = ("classification", "screening") if level == "breast" else ("classification",)
    measured = [load_family(family).compute(calibrated, resamples, seed) for family in families]
    few = exploratory(rows)
    return EvaluationResult(
        calibrated=calibrated,
        level=level,
        calibration=calibration,
        points=points,
        default_point=default_point if points else "",
        conformal=conformal,
        metrics={name: value for found in (*measured, by_patient) for name, value in found.items()},
        patients=patients_of_each(rows),
        exploratory=few,
        notes=(
            *_about(rows, level, predictions),
            *_exploratory(few),
            *_without_intervals(rows),
            *notes,
            *_not_measured(rows),
            *problems,
        ),
    )


def _about(rows: Predictions, level: Level, predictions: Predictions) -> tuple[str, ...]:
    patients = len(np.unique(rows.patients))
    evaluated = counted(len(rows), level, {"study": "studies"}.get(level, ""))
    made = f", from {len(predictions)} images" if len(predictions) > len(rows) else ""
    if len(rows) == patients:
        return (f"Evaluated on {evaluated}, one of each patient{made}.",)
    return (f"Evaluated on {evaluated} of {counted(patients, 'patient')}{made}; intervals resample patients.",)


def _exploratory(few: tuple[str, ...]) -> tuple[str, ...]:
    if not few:
        return ()
    return (f"Exploratory: fewer than {EXPLORATORY_BELOW} patients with {', '.join(few)}.",)


def _without_intervals(rows: Predictions) -> tuple[str, ...]:
    few = any(min(fewest_of_each(rows.present(name), rows.patients)) < INTERVAL_FROM for name in rows.findings)
    return (TOO_FEW,) if few else ()


def _not_measured(rows: Predictions) -> tuple[str, ...]:
    missing = [name for name in rows.findings if not can_be_evaluated(rows, name, 1)]
    return tuple(f"'{name}' has sensitivity or specificity alone: no patient has it, or every one." for name in missing)


def _without_points(
    rows: Predictions, calibration: Calibration | None, points: tuple[OperatingPoint, ...]
) -> tuple[str, ...]:
    """A sentence for each finding that is calibrated and could not be given a threshold."""
    if calibration is None:
        return ()
    known = set(calibration.platt) or set(rows.findings)
    missing = [name for name in rows.findings if name in known - {point.finding for point in points}]
    return tuple(
        f"'{name}' has no operating points: outside one of the folds there are no patients with it, or none without."
        for name in missing
    )


def _fold_by_fold(rows: Predictions, probabilities: Floats) -> tuple[str, ...]:
    """How far the networks of the folds are from one calibration: the final model is one more of them."""
    if len(np.unique(rows.folds[0])) < 2 or len(slopes := calibrate.slopes_by_fold(rows, probabilities)) < 2:
        return ()
    return (
        f"Fold by fold the calibration slope was {min(slopes):.2f} to {max(slopes):.2f}: so far a network that is "
        "trained alike, as the final model is, may be from the calibration of the others.",
    )


def _auc_by_patient(
    rows: Predictions, level: Level, resamples: int, seed: int
) -> tuple[dict[str, Estimate], tuple[str, ...]]:
    """The AUC of patients where they have several rows: by the mean probability of studies, by the worse breast."""
    if len(np.unique(rows.patients)) == len(rows):
        return {}, ()
    worse = level == "breast" and rows.kind == "binary"
    try:
        patients = at_level(rows, "patient", "max" if worse else "mean")
        name = "auc_by_worse_breast" if worse else "auc_by_patient"
        return {name: auc_of(patients, resamples=resamples, seed=seed)}, ()
    except InputError as error:
        return {}, (f"Patients as a whole are not evaluated: {error}",)
