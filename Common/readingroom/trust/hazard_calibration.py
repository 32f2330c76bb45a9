"""From a network's risk over time to one that means what it says, with the interval of that translation.

Fitted on patients that trained nothing, by the likelihood of monthly times; see `bundles.calibration.HazardScaling`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from ..bundles.calibration import HazardScaling
from ..metrics.binary import Floats
from ..metrics.bootstrap import patient_resamples
from .calibration import RESAMPLES

_EDGE = 1e-7  # nearest to 0 and 1 that a risk counts as
_SLOPES = (1e-3, 50.0)  # outside them every risk would be the same, or a certainty
_INTERCEPTS = (-30.0, 30.0)


def fit_hazards(
    bins: ArrayLike,
    seen: ArrayLike,
    incidence: ArrayLike,
    patients: ArrayLike,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> HazardScaling:
    """Fit on held-out patients.

    Parameters
    ----------
    bins, seen : (cases,) the month of an event and whether one was seen; without one the last month that was outlived,
        -1 where that was none, which says nothing
    incidence : (cases, months) of all causes together, as the network gives it
    patients : (cases,) whose case it is

    Raises
    ------
    ValueError : shapes that do not fit, no event or nothing else, or risks that do not rise with what happened
    """
    months, events, risks = np.asarray(bins), np.asarray(seen, dtype=bool), np.asarray(incidence, dtype=np.float64)
    if risks.ndim != 2 or months.shape != events.shape or months.shape != risks.shape[:1]:
        raise ValueError(f"Months {months.shape}, events {events.shape} and risks {risks.shape} do not fit together.")
    if not events.any() or (events.all() and (months == months[0]).all()):
        raise ValueError("No event was seen, or all in one month; there is nothing to calibrate.")
    rows = _Rows(months, events, risks)
    slope, intercept = rows.fit(np.arange(months.size))
    if slope <= 2 * _SLOPES[0]:
        raise ValueError("The risks do not rise with what happened; such risks cannot be calibrated.")
    fits = [rows.fit(drawn) for drawn in patient_resamples(patients, resamples, seed) if events[drawn].any()]
    rounded = tuple((round(steep, 6), round(level, 6)) for steep, level in fits)
    return HazardScaling(slope, intercept, int(np.unique(np.asarray(patients)).size), rounded)


class _Rows:
    """Log cumulative hazards at the end of the month that each case tells of, and at its beginning."""

    def __init__(self, months: np.ndarray, events: np.ndarray, risks: Floats):
        hazard = np.log(-np.log1p(-np.clip(risks, _EDGE, 1 - _EDGE)))
        place = np.maximum(months, 0)
        cases = np.arange(months.size)
        self._at = hazard[cases, place]
        self._before = np.where(months > 0, hazard[cases, np.maximum(place - 1, 0)], -np.inf)
        self._seen, self._tells = events, events | (months >= 0)

    def fit(self, rows: np.ndarray) -> tuple[float, float]:
        """Slope and intercept of the highest likelihood."""
        kept = rows[self._tells[rows]]
        at, before, seen = self._at[kept], self._before[kept], self._seen[kept]

        def cost(numbers: Floats) -> tuple[float, Floats]:
            slope, intercept = numbers
            later, earlier = np.exp(intercept + slope * at), np.exp(intercept + slope * before)
            apart = np.maximum(later - earlier, 1e-300)
            # -log(S(earlier) - S(later)) of events, -log S(later) of the others
            value = np.where(seen, earlier - np.log(-np.expm1(-apart)), later)
            ratio = np.where(seen, -np.exp(-apart) / -np.expm1(-apart), 1.0)  # by later
            first = np.where(seen, 1.0 - ratio, 0.0)  # by earlier: 1 + exp(-apart) / (1 - exp(-apart))
            finite = np.where(np.isfinite(before), before, 0.0)
            by_slope = ratio * later * at + first * earlier * finite
            by_intercept = ratio * later + first * earlier
            return float(value.mean()), np.array([by_slope.mean(), by_intercept.mean()])

        found = optimize.minimize(
            cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=(_SLOPES, _INTERCEPTS)
        )
        return float(found.x[0]), float(found.x[1])
