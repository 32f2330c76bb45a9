"""Area under the ROC curve with DeLong's variance, interval and paired test.

Source: DeLong, DeLong, Clarke-Pearson, Biometrics 1988; midranks as in Sun and Xu, IEEE Signal Processing Letters 2014.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from ..reading import Estimate, Interval
from .binary import Booleans, Floats, both_classes, labels_and_scores


@dataclass(frozen=True)
class PairedTest:
    """First AUC minus second AUC on the same cases; ``p`` is two-sided."""

    difference: float
    interval: Interval
    z: float
    p: float


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """The probability that a positive scores above a negative; ties count one half.

    Parameters
    ----------
    labels : (cases,) 0 or 1
    scores : (cases,) higher means more likely 1

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    truth, values = labels_and_scores(labels, scores)
    return float(_placements(truth, values)[0].mean())


def auc_estimate(
    labels: ArrayLike, scores: ArrayLike, level: float = 0.95, form: Literal["logit", "wald"] = "logit"
) -> Estimate:
    """AUC with DeLong's interval, on the logit scale (stays within 0 to 1) or as plain Wald.

    Cases count as independent: with several images of one patient use `bootstrap.patient_bootstrap`. An AUC of
    exactly 0 or 1 has no DeLong interval (its variance is 0), so ``interval`` is then None.
    """
    truth, values = labels_and_scores(labels, scores)
    areas, covariance = delong(truth, values[None])
    area, deviation = float(areas[0]), math.sqrt(covariance[0, 0])
    z = float(stats.norm.ppf(0.5 + level / 2))
    if area in (0.0, 1.0):
        return Estimate(area, None, truth.size)
    if form == "wald":
        return Estimate(area, Interval(area - z * deviation, area + z * deviation, level), truth.size)
    center, half = float(special.logit(area)), z * deviation / (area * (1 - area))
    interval = Interval(float(special.expit(center - half)), float(special.expit(center + half)), level)
    return Estimate(area, interval, truth.size)


def compare(labels: ArrayLike, first: ArrayLike, second: ArrayLike, level: float = 0.95) -> PairedTest:
    """DeLong's test of two scores for the same cases.

    Raises
    ------
    ValueError : the two scores order every case alike, so there is nothing to test
    """
    truth, values = labels_and_scores(labels, first)
    _, others = labels_and_scores(labels, second)
    areas, covariance = delong(truth, np.stack([values, others]))
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 0:
        raise ValueError("The two scores rank the cases alike; their AUCs do not differ.")
    difference, deviation = float(areas[0] - areas[1]), math.sqrt(variance)
    half = float(stats.norm.ppf(0.5 + level / 2)) * deviation
    z = difference / deviation
    return PairedTest(
        difference, Interval(difference - half, difference + half, level), z, float(2 * stats.norm.sf(abs(z)))
    )


def delong(labels: Booleans, scores: Floats) -> tuple[Floats, Floats]:
    """AUCs (models,) and their covariance (models, models) for ``scores`` (models, cases).

    Raises
    ------
    OneClassError : fewer than two positives or negatives
    """
    both_classes(labels)
    if min(labels.sum(), (~labels).sum()) < 2:
        raise ValueError("DeLong's variance needs two positives and two negatives.")
    placements = [_placements(labels, row) for row in scores]
    positives = np.stack([p for p, _ in placements])
    negatives = np.stack([n for _, n in placements])
    covariance = (
        np.atleast_2d(np.cov(positives)) / positives.shape[1] + np.atleast_2d(np.cov(negatives)) / negatives.shape[1]
    )
    return positives.mean(axis=1), covariance


def _placements(labels: Booleans, scores: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it, for each negative the share of positives above it."""
    both_classes(labels)
    ranks = stats.rankdata(scores)
    positives, negatives = scores[labels], scores[~labels]
    below = (ranks[labels] - stats.rankdata(positives)) / negatives.size
    above = 1 - (ranks[~labels] - stats.rankdata(negatives)) / positives.size
    return below, above
