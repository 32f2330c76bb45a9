"""Metrics of classes: order, calibration, decisions.

``auc`` is that of the only finding of a binary task, else the mean over classes, whose own is ``auc.<class>``. What
needs scores alone (``auc``, ``average_precision``, ``sensitivity_at...``) is averaged over the repeats: it is what one
network does, not what an ensemble of them would do. Probabilities, decisions and sets are those of the first repeat.

Intervals are percentiles over resampled patients; where all resamples agree there is none, but for an AUC of 1 or 0
(`readingroom.metrics.auc.perfect_interval`). ``calibration_slope`` and ``calibration_intercept`` have robust Wald
intervals, ``auc_delong`` (where no patient has two rows) DeLong's on the logit scale. ``ece``, over ten bins of equal
width, and ``majority_accuracy`` have none: resampling would only push the former up, and the latter is no result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....metrics import curves
from ....metrics.auc import mean_auc_estimate
from ....metrics.binary import Booleans, Floats, OneClassError
from ....metrics.bootstrap import patient_intervals
from ....metrics.calibration import brier, expected_calibration_error, recalibration
from ....metrics.confusion_matrix import accuracy, balanced_accuracy, confusion_matrix, majority_share, matthews
from ....metrics.ensemble import disagreement
from ....metrics.f_score import f1, probabilistic_f1
from ....metrics.scoring_rules import brier_multiclass, log_loss
from ....reading import Estimate
from ..auc import with_interval_at_extremes
from ..calibrated_predictions import CalibratedPredictions
from ..sample_size import can_be_evaluated

OUTCOME = "label"
TITLES = {
    "auc": "AUC",
    "auc_delong": "AUC with DeLong's interval",
    "auc_by_patient": "AUC of patients, each by the mean of its studies",
    "average_precision": "average precision",
    "sensitivity_at_90_specificity": "sensitivity at 90 % specificity",
    "sensitivity_at_95_specificity": "sensitivity at 95 % specificity",
    "specificity_at_90_sensitivity": "specificity at 90 % sensitivity",
    "specificity_at_95_sensitivity": "specificity at 95 % sensitivity",
    "brier": "Brier score",
    "calibration_slope": "calibration slope (1 is perfect)",
    "calibration_intercept": "calibration intercept (0 is perfect)",
    "ece": "expected calibration error, 10 bins",
    "pf1": "probabilistic F1",
    "f1": "F1",
    "macro_f1": "F1, mean over classes",
    "log_loss": "log loss (nats)",
    "accuracy": "accuracy",
    "majority_accuracy": "accuracy of always the most frequent class",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "Matthews' correlation",
    "set_coverage": "share of prediction sets that hold the truth",
    "disagreement": "disagreement of the repeats (nats)",
}

_FIXED = (90, 95)  # % of specificity or sensitivity


def compute(calibrated: CalibratedPredictions, resamples: int = 2000, seed: int = 0) -> dict[str, Estimate]:
    """Every metric that has a value. ``n`` counts rows; see the module for names and intervals.

    A class that no patient or every patient has is left out of its own metrics and of the means over classes. The log
    loss is infinite, and left out, where the true class had a probability of 0.
    """
    predictions = calibrated.predictions
    findings = [name for name in predictions.findings if can_be_evaluated(predictions, name, 1)]
    if not findings:
        return {}
    resampled = patient_intervals(
        _values(calibrated, findings), predictions.patients, np.arange(len(predictions)), resamples=resamples, seed=seed
    )
    every = {
        **_with_intervals_at_extremes(resampled, calibrated, findings),
        **_without_resampling(calibrated, findings),
    }
    found = {name: estimate for name, estimate in every.items() if math.isfinite(estimate.value)}
    order = {name: place for place, name in enumerate(TITLES)}
    return {name: found[name] for name in sorted(found, key=lambda name: order[name.partition(".")[0]])}


def _with_intervals_at_extremes(
    resampled: Mapping[str, Estimate], calibrated: CalibratedPredictions, findings: Sequence[str]
) -> dict[str, Estimate]:
    """Without the intervals of no width: that all resamples agree does not make a number certain."""
    rows = calibrated.predictions
    found = {}
    for metric, estimate in resampled.items():
        name, _, finding = metric.partition(".")
        if name == "auc":
            about = [finding] if finding else findings
            present = np.stack([rows.present(each) for each in about], axis=1)
            found[metric] = with_interval_at_extremes(estimate, present, rows.patients)
        elif estimate.interval is not None and estimate.interval.low == estimate.interval.high:
            found[metric] = replace(estimate, interval=None)
        else:
            found[metric] = estimate
    return found


def _values(calibrated: CalibratedPredictions, findings: list[str]) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """The resampled metrics as a function of row numbers."""
    predictions = calibrated.predictions
    numbers = [predictions.classes.index(name) for name in findings]
    present = np.stack([predictions.present(name) for name in findings])
    scores = np.stack([predictions.scores(name) for name in findings])

    def values(rows: NDArray[np.intp]) -> dict[str, float]:
        found: dict[str, float] = {}
        each = []
        for place, (name, number) in enumerate(zip(findings, numbers, strict=True)):
            truth = present[place, rows]
            if truth.all() or not truth.any():
                continue
            own = _of_finding(
                truth, scores[place][:, rows], calibrated.probabilities[rows, number], calibrated.called[rows, number]
            )
            each.append(own)
            if calibrated.covered is not None and predictions.multilabel:
                own["set_coverage"] = float(calibrated.covered[rows, number].mean())
            if predictions.kind == "binary":
                found |= own
            else:
                found |= {f"{metric}.{name}": value for metric, value in own.items()}
        if predictions.kind != "binary" and len(each) == len(findings):
            found |= _means(each)
        if not predictions.multilabel:
            found |= _of_classes(predictions.truth[rows], calibrated.probabilities[rows], calibrated.called[rows])
            if calibrated.covered is not None:
                found["set_coverage"] = float(calibrated.covered[rows].mean())
        return found

    return values


def _of_finding(truth: Booleans, scores: Floats, probabilities: Floats, called: Booleans) -> dict[str, float]:
    """Metrics of one class against the rest; ``scores`` is (repeats, rows)."""
    by_repeat = [_of_scores(truth, repeat) for repeat in scores]
    found = {name: float(np.mean([values[name] for values in by_repeat])) for name in by_repeat[0]}
    return found | {
        "brier": brier(truth, probabilities),
        "pf1": probabilistic_f1(truth, probabilities),
        "f1": f1(truth, called),
    }


def _of_scores(truth: Booleans, scores: Floats) -> dict[str, float]:
    curve = curves.roc(truth, scores)
    found = {"auc": curve.area, "average_precision": curves.precision_recall(truth, scores).average_precision}
    for percent in _FIXED:
        found[f"sensitivity_at_{percent}_specificity"] = curve.sensitivity_at(percent / 100)
        found[f"specificity_at_{percent}_sensitivity"] = curve.specificity_at(percent / 100)
    return found


def _means(each: list[dict[str, float]]) -> dict[str, float]:
    """Over classes, of what is not better said of all classes at once."""
    means = {name: float(np.mean([values[name] for values in each])) for name in each[0]}
    means["macro_f1"] = means.pop("f1")
    return means


def _of_classes(truth: NDArray[np.int64], probabilities: Floats, called: Booleans) -> dict[str, float]:
    """Metrics of exclusive classes together."""
    counts = confusion_matrix(truth, called.argmax(axis=1), probabilities.shape[1])
    found = {
        "accuracy": accuracy(counts),
        "mcc": matthews(counts),
        "log_loss": log_loss(truth, probabilities),
    }
    if probabilities.shape[1] > 2:
        found["brier"] = brier_multiclass(truth, probabilities)
    try:
        found["balanced_accuracy"] = balanced_accuracy(counts)
        found["macro_f1"] = float(np.mean([f1(truth == c, called[:, c]) for c in range(probabilities.shape[1])]))
    except OneClassError:  # of a resample, or of a cohort without one of the classes: these two have no value there
        pass
    return found


def _without_resampling(calibrated: CalibratedPredictions, findings: list[str]) -> dict[str, Estimate]:
    predictions = calibrated.predictions
    n = len(predictions)
    found: dict[str, Estimate] = {}
    for name in findings:
        end = "" if predictions.kind == "binary" else f".{name}"
        probabilities = calibrated.probabilities[:, predictions.classes.index(name)]
        truth = predictions.present(name)
        found[f"ece{end}"] = Estimate(expected_calibration_error(truth, probabilities), None, n)
        if len(np.unique(predictions.patients)) == n and min(truth.sum(), (~truth).sum()) > 1:
            found[f"auc_delong{end}"] = mean_auc_estimate(truth, predictions.scores(name))
        try:
            fit = recalibration(truth, probabilities, predictions.patients)
        except ValueError:  # the classes are separated, or a probability is 0 or 1: there is no finite slope
            continue
        found[f"calibration_slope{end}"] = fit.slope
        found[f"calibration_intercept{end}"] = fit.intercept
    if not predictions.multilabel:
        share = majority_share(confusion_matrix(predictions.truth, predictions.truth, len(predictions.classes)))
        found["majority_accuracy"] = Estimate(share, None, n)
        if predictions.repeats > 1:
            between = disagreement(predictions.probabilities).between
            found["disagreement"] = Estimate(float(between.mean()), None, n)
    return found
