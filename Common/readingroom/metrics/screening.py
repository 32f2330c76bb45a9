"""Numbers of a screening program: who is recalled, and how many of them have cancer.

The recall rate is the share of all cases that are called. In a table with more cancers than a program sees it is higher
than there; predictive values are therefore given at a stated prevalence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .binary import Floats
from .curves import RocCurve


def recall_rates(curve: RocCurve, prevalence: ArrayLike) -> Floats:
    """The share (..., points) of cases that each threshold calls, at a prevalence (...), 0 to 1."""
    share = np.asarray(prevalence, dtype=np.float64)[..., None]
    return np.asarray(share * curve.sensitivity + (1 - share) * (1 - curve.specificity))


def sensitivity_at_recall(curve: RocCurve, prevalence: ArrayLike, rate: float) -> Floats:
    """The best sensitivity (...) that recalls at most this share of cases; NaN where the curve is."""
    rates = recall_rates(curve, prevalence)
    reached = np.where(rates <= rate + 1e-12, curve.sensitivity, 0.0)
    return np.asarray(np.where(np.isnan(rates), np.nan, reached).max(axis=-1))


def recall_rate_at(curve: RocCurve, prevalence: ArrayLike, sensitivity: float) -> Floats:
    """The smallest recall rate (...) with this sensitivity or more; NaN where the curve is."""
    rates = recall_rates(curve, prevalence)
    reached = np.where(curve.sensitivity >= sensitivity - 1e-12, rates, np.inf)
    return np.asarray(np.where(np.isnan(rates), np.nan, reached).min(axis=-1))


def positive_predictive_value(sensitivity: ArrayLike, specificity: ArrayLike, prevalence: float) -> Floats:
    """The share (...) of the recalled who have cancer, by Bayes' theorem; NaN where nobody is recalled.

    Its inverse is the number of recalls for each cancer that is found.
    """
    found = prevalence * np.asarray(sensitivity, dtype=np.float64)
    recalled = np.asarray(found + (1 - prevalence) * (1 - np.asarray(specificity, dtype=np.float64)))
    return np.divide(found, recalled, out=np.full(recalled.shape, np.nan), where=recalled > 0)
