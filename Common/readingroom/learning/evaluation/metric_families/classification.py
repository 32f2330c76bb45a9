"""Metrics of classes: order, calibration, decisions.

``auc`` is that of the only finding of a binary task, else the mean over classes, whose own is ``auc.<class>``. What
needs scores alone (``auc``, ``average_precision``, ``sensitivity_at...``) is averaged over the repeats: it is what one
network does, not what an ensemble of them would do. Probabilities, decisions and sets are those of the first repeat.

Intervals are percentiles over resampled patients; where all resamples agree there is none, nor with fewer than ten
patients of a class. An AUC has its own (`readingroom.metrics.auc.auc_interval`). ``calibration_slope`` and
``calibration_intercept`` have robust Wald intervals, ``auc_delong`` (where no patient has two rows) DeLong's on the
logit scale. ``ece``, over ten bins of equal width, and ``majority_accuracy`` have none: resampling would only push the
former up, and the latter is no result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ....metrics.auc import mean_auc_estimate
from ....metrics.binary import Booleans, Floats
from ....metrics.bootstrap import INTERVAL_FROM, IntervalOf, Metrics, patient_intervals, weighted_mean
from ....metrics.calibration import expected_calibration_error, recalibration
from ....metrics.class_probabilities import brier_multiclass, disagreement, log_loss
from ....metrics.curves import Ranking
from ....metrics.decisions import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    majority_share,
    matthews,
    probabilistic_f1,
)
from ....reading import Estimate
from ..auc import fewest_of_each, interval_of_auc, interval_of_others
from ..calibrated_predictions import CalibratedPredictions
from ..predictions import Predictions
from ..sample_size import can_be_evaluated

OUTCOME = "label"
TITLES = {
    "auc": "AUC",
    "auc_delong": "AUC with DeLong's interval",
    "auc_by_patient": "AUC of patients, each by the mean of its studies",
    "auc_by_worse_breast": "AUC of patients, each by the more suspicious breast",
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
        _weighted(calibrated, findings),
        predictions.patients,
        resamples,
        seed=seed,
        interval_of=lambda metric: _interval_of(metric, predictions, findings),
    )
    every = {**resampled, **_without_resampling(calibrated, findings)}
    found = {name: estimate for name, estimate in every.items() if math.isfinite(estimate.value)}
    order = {name: place for place, name in enumerate(TITLES)}
    return {name: found[name] for name in sorted(found, key=lambda name: order[name.partition(".")[0]])}


def _interval_of(metric: str, rows: Predictions, findings: Sequence[str]) -> IntervalOf:
    name, _, finding = metric.partition(".")
    present = np.stack([rows.present(each) for each in ([finding] if finding else findings)], axis=1)
    if name == "auc":
        return interval_of_auc(present, rows.patients)
    return interval_of_others(present, rows.patients)


def _weighted(calibrated: CalibratedPredictions, findings: list[str]) -> Metrics:
    """The resampled metrics as a function of weights (resamples, rows); what need not be done again is done here."""
    predictions = calibrated.predictions
    of_findings = {name: _OneClass(calibrated, name) for name in findings}
    whole = None if predictions.multilabel else _AllClasses(calibrated)

    def values(weights: Floats) -> dict[str, Floats]:
        each = {name: metrics(weights) for name, metrics in of_findings.items()}
        found: dict[str, Floats] = {}
        if predictions.kind == "binary":
            found |= each[predictions.positive]
        else:
            found |= {f"{metric}.{name}": value for name, own in each.items() for metric, value in own.items()}
            found |= _means(list(each.values()))
        return found if whole is None else found | whole(weights)

    return values


class _OneClass:
    """Metrics of one class against the rest; scores are those of each repeat, the mean of what they give counts."""

    def __init__(self, calibrated: CalibratedPredictions, name: str):
        predictions = calibrated.predictions
        number = predictions.classes.index(name)
        self.truth: Booleans = predictions.present(name)
        self.rankings = [Ranking(self.truth, repeat) for repeat in predictions.scores(name)]
        self.probabilities, self.called = calibrated.probabilities[:, number], calibrated.called[:, number]
        own_sets = calibrated.covered is not None and predictions.multilabel
        self.covered = calibrated.covered[:, number] if own_sets and calibrated.covered is not None else None

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        """(resamples,) each, NaN where a resample holds the class alone or the rest alone."""
        by_repeat = [_of_ranking(ranking, weights) for ranking in self.rankings]
        found = {name: np.mean([values[name] for values in by_repeat], axis=0) for name in by_repeat[0]} | {
            "brier": weighted_mean((self.probabilities - self.truth) ** 2, weights),
            "pf1": probabilistic_f1(self.truth, self.probabilities, weights),
            "f1": f1(self.truth, self.called, weights),
        }
        if self.covered is not None:
            found["set_coverage"] = weighted_mean(self.covered, weights)
        both = (weights @ self.truth > 0) & (weights @ ~self.truth > 0)
        return {name: np.where(both, values, np.nan) for name, values in found.items()}


class _AllClasses:
    """Metrics of exclusive classes together."""

    def __init__(self, calibrated: CalibratedPredictions):
        self.calibrated, self.truth = calibrated, calibrated.predictions.truth
        self.log_loss = log_loss(self.truth, calibrated.probabilities)
        self.brier = brier_multiclass(self.truth, calibrated.probabilities)

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        """(resamples,) each; those that need every class are NaN where a resample, or the cohort, lacks one."""
        classes = self.calibrated.probabilities.shape[1]
        counts = confusion_matrix(self.truth, self.calibrated.called.argmax(axis=1), classes, weights)
        found = {
            "accuracy": accuracy(counts),
            "mcc": matthews(counts),
            "log_loss": weighted_mean(self.log_loss, weights),
            "balanced_accuracy": balanced_accuracy(counts),
        }
        if classes > 2:
            found["brier"] = weighted_mean(self.brier, weights)
        present = np.unique(self.truth)
        if len(present) == classes:
            each = [f1(self.truth == c, self.calibrated.called[:, c], weights) for c in present]
            found["macro_f1"] = np.mean(each, axis=0)
        if self.calibrated.covered is not None:
            found["set_coverage"] = weighted_mean(self.calibrated.covered[:, 0], weights)
        return found


def _of_ranking(ranking: Ranking, weights: Floats) -> dict[str, Floats]:
    roc, precision_recall = ranking.curves(weights)
    found = {"auc": roc.area, "average_precision": precision_recall.average_precision}
    for percent in _FIXED:
        found[f"sensitivity_at_{percent}_specificity"] = roc.sensitivity_at(percent / 100)
        found[f"specificity_at_{percent}_sensitivity"] = roc.specificity_at(percent / 100)
    return found


def _means(each: list[dict[str, Floats]]) -> dict[str, Floats]:
    """Over classes, of what is not better said of all classes at once."""
    means = {name: np.mean([values[name] for values in each], axis=0) for name in each[0]}
    means["macro_f1"] = means.pop("f1")
    return means


def _without_resampling(calibrated: CalibratedPredictions, findings: list[str]) -> dict[str, Estimate]:
    predictions = calibrated.predictions
    n = len(predictions)
    found: dict[str, Estimate] = {}
    for name in findings:
        end = "" if predictions.kind == "binary" else f".{name}"
        probabilities = calibrated.probabilities[:, predictions.classes.index(name)]
        truth = predictions.present(name)
        found[f"ece{end}"] = Estimate(expected_calibration_error(truth, probabilities), None, n)
        enough = min(fewest_of_each(truth, predictions.patients)) >= INTERVAL_FROM
        if len(np.unique(predictions.patients)) == n and enough:
            found[f"auc_delong{end}"] = mean_auc_estimate(truth, predictions.scores(name))
        try:
            fit = recalibration(truth, probabilities, predictions.patients)
        except ValueError:  # the classes are separated, or a probability is 0 or 1: there is no finite slope
            continue
        for part, estimate in (("slope", fit.slope), ("intercept", fit.intercept)):
            found[f"calibration_{part}{end}"] = estimate if enough else replace(estimate, interval=None)
    if not predictions.multilabel:
        share = float(majority_share(confusion_matrix(predictions.truth, predictions.truth, len(predictions.classes))))
        found["majority_accuracy"] = Estimate(share, None, n)
        if predictions.repeats > 1:
            between = disagreement(predictions.probabilities).between
            found["disagreement"] = Estimate(float(between.mean()), None, n)
    return found
