"""What a positive and a negative answer are worth at a prevalence, from sensitivity and specificity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from ..reading import Estimate, Interval


@dataclass(frozen=True)
class PredictiveValues:
    """PPV and NPV at ``prevalence``, each with an interval where sensitivity and specificity have one."""

    prevalence: float
    positive: Estimate
    negative: Estimate


def predictive_values(sensitivity: Estimate, specificity: Estimate, prevalence: float) -> PredictiveValues:
    """Bayes' theorem, with the intervals of sensitivity and specificity carried through.

    The odds behind each value are a ratio of two independent proportions; the interval of its logarithm follows from
    the two given intervals by square-and-add (Newcombe 2001; MOVER, Zou and Donner, Statistics in Medicine 2008), which
    keeps their asymmetry and needs no counts. The prevalence counts as known.

    Example
    -------
    >>> values = predictive_values(Estimate(0.70), Estimate(0.95), prevalence=0.006)
    >>> round(values.positive.value, 3)
    0.078

    Raises
    ------
    ValueError : a prevalence that is not between 0 and 1, or intervals of different levels
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"A prevalence of {prevalence} is not between 0 and 1.")
    prior = float(special.logit(prevalence))
    missed, false_alarms = _complement(sensitivity), _complement(specificity)
    positive = _from_odds(prior, sensitivity, false_alarms)
    negative = _from_odds(-prior, specificity, missed)
    return PredictiveValues(prevalence, positive, negative)


def _from_odds(prior: float, numerator: Estimate, denominator: Estimate) -> Estimate:
    """Probability with the log odds ``prior + log(numerator / denominator)``."""
    top, bottom = _log(numerator.value), _log(denominator.value)
    if math.isinf(top) and math.isinf(bottom):
        raise ValueError("Neither answer occurs at this operating point, so its predictive value is not defined.")
    value = float(special.expit(prior + top - bottom))
    if numerator.interval is None or denominator.interval is None:
        return Estimate(value)
    if numerator.interval.level != denominator.interval.level:
        raise ValueError("Sensitivity and specificity have intervals of different levels.")
    low = _lower(top, _log(numerator.interval.low), bottom, _log(denominator.interval.high))
    high = -_lower(bottom, _log(denominator.interval.low), top, _log(numerator.interval.high))
    ends = Interval(float(special.expit(prior + low)), float(special.expit(prior + high)), numerator.interval.level)
    return Estimate(value, ends)


def _lower(top: float, top_low: float, bottom: float, bottom_high: float) -> float:
    """The lower end of ``top - bottom`` by square-and-add; its limit where a term is minus infinity."""
    if math.isinf(top_low):
        return -math.inf
    if math.isinf(bottom):
        return top - bottom_high
    return top - bottom - math.hypot(top - top_low, bottom_high - bottom)


def _complement(estimate: Estimate) -> Estimate:
    if estimate.interval is None:
        return Estimate(1 - estimate.value)
    ends = estimate.interval
    return Estimate(1 - estimate.value, Interval(1 - ends.high, 1 - ends.low, ends.level))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
