"""Metrics of screening, of breasts with one finding: the steep end of the ROC curve, recalls, what a recall is worth.

Intervals are percentiles over resampled patients, with ten patients of each class or more. What needs scores alone is
averaged over the repeats; ``recall_rate``, predictive values and recalls are of what was called, of the first repeat.

``recall_rate`` counts the rows of the table. Other recall rates are those at the prevalence of screening, as that of
the operating point is: where a quarter of the rows are cancers, no score could find all of them with a tenth recalled.
"""

from __future__ import annotations

import math

import numpy as np

from ....metrics.binary import Floats
from ....metrics.bootstrap import patient_intervals, weighted_mean
from ....metrics.curves import Ranking, RocCurve
from ....metrics.screening import positive_predictive_value, recall_rate_at, sensitivity_at_recall
from ....reading import Estimate, Interval
from ..auc import interval_of_others
from ..calibrated_predictions import CalibratedPredictions
from ..sample_size import can_be_evaluated
from ..thresholds import SCREENING_PREVALENCE

OUTCOME = "label"
# Of 1000 women in screening; in the training set of the RSNA challenge.
PREVALENCES = {"6": SCREENING_PREVALENCE, "21": 0.021}
_RECALLED = (5, 10)  # %
_IN_SCREENING = f" at a prevalence of {100 * SCREENING_PREVALENCE:g} %"
TITLES = {
    "pauc_at_90_specificity": "partial AUC, specificity 90 % or more (McClish, 0.5 is chance)",
    "pauc_at_90_sensitivity": "partial AUC, sensitivity 90 % or more (McClish, 0.5 is chance)",
    **{
        f"sensitivity_at_{rate}_recall": f"sensitivity at a recall rate of {rate} %{_IN_SCREENING}"
        for rate in _RECALLED
    },
    "recall_rate_at_90_sensitivity": f"recall rate at 90 % sensitivity{_IN_SCREENING}",
    "recall_rate": "recall rate in this table",
    **{f"ppv_at_{name}_in_1000": f"PPV at a prevalence of {100 * p:g} %" for name, p in PREVALENCES.items()},
    **{
        f"recalls_per_cancer_at_{name}_in_1000": f"recalls for each cancer found, at a prevalence of {100 * p:g} %"
        for name, p in PREVALENCES.items()
    },
}


def compute(calibrated: CalibratedPredictions, resamples: int = 2000, seed: int = 0) -> dict[str, Estimate]:
    """Every metric that has a value; none where there are several findings. ``n`` counts rows."""
    rows = calibrated.predictions
    if rows.kind != "binary" or not can_be_evaluated(rows, rows.positive, 1):
        return {}
    truth = rows.present(rows.positive)
    called = calibrated.called[:, rows.classes.index(rows.positive)]
    rankings = [Ranking(truth, repeat) for repeat in rows.scores(rows.positive)]

    def values(weights: Floats) -> dict[str, Floats]:
        by_repeat = [_of_curve(ranking.curves(weights)[0]) for ranking in rankings]
        found = {name: np.asarray(np.mean([each[name] for each in by_repeat], axis=0)) for name in by_repeat[0]}
        with np.errstate(divide="ignore", invalid="ignore"):
            sensitivity = (weights @ (truth & called)) / (weights @ truth)
            specificity = (weights @ (~truth & ~called)) / (weights @ ~truth)
        found["recall_rate"] = weighted_mean(called, weights)
        for name, prevalence in PREVALENCES.items():
            found[f"ppv_at_{name}_in_1000"] = positive_predictive_value(sensitivity, specificity, prevalence)
        return found

    usual = interval_of_others(truth, rows.patients)
    measured = patient_intervals(values, rows.patients, resamples, seed=seed, interval_of=lambda _: usual)
    for name in PREVALENCES:
        measured[f"recalls_per_cancer_at_{name}_in_1000"] = _inverse(measured[f"ppv_at_{name}_in_1000"])
    return {name: measured[name] for name in TITLES if math.isfinite(measured[name].value)}


def _of_curve(roc: RocCurve) -> dict[str, Floats]:
    share = SCREENING_PREVALENCE
    return {
        "pauc_at_90_specificity": roc.partial_area(specificity=0.9),
        "pauc_at_90_sensitivity": roc.sensitive_partial_area(sensitivity=0.9),
        **{f"sensitivity_at_{rate}_recall": sensitivity_at_recall(roc, share, rate / 100) for rate in _RECALLED},
        "recall_rate_at_90_sensitivity": recall_rate_at(roc, share, 0.9),
    }


def _inverse(value: Estimate) -> Estimate:
    """1 / value, which has no interval where it would not end."""
    if not value.value > 0:
        return Estimate(math.inf, None, value.n)
    ends = value.interval
    interval = None if ends is None or ends.low <= 0 else Interval(1 / ends.high, 1 / ends.low, ends.level)
    return Estimate(1 / value.value, interval, value.n)
