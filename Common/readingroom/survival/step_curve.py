"""A curve that changes at certain times alone, with the band around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..metrics.binary import Floats
from ..reading import Estimate, Interval


@dataclass(frozen=True)
class StepCurve:
    """Values that hold from each time until the next.

    Parameters
    ----------
    times : (steps,) rising, in months
    values, low, high : (steps,) from each time on; ``low`` and ``high`` are the band of ``level``
    at_risk, events : (steps,) patients followed until just before each time, and events at it
    start : before the first time
    last : longest follow-up, beyond which nothing is known; infinite where nobody was left
    n : patients
    """

    times: Floats
    values: Floats
    low: Floats
    high: Floats
    at_risk: Floats
    events: Floats
    start: float
    last: float
    n: int
    level: float = 0.95

    def at(self, months: ArrayLike) -> Floats:
        """Values at some months; NaN beyond the longest follow-up."""
        return self._of(self.values, months, "right")

    def before(self, months: ArrayLike) -> Floats:
        """Values just before some months."""
        return self._of(self.values, months, "left")

    def band(self, months: ArrayLike) -> tuple[Floats, Floats]:
        """Lower and upper ends at some months; NaN beyond the longest follow-up."""
        return self._of(self.low, months, "right"), self._of(self.high, months, "right")

    def estimate(self, month: float) -> Estimate:
        """The value at one month with its interval."""
        low, high = (float(end[0]) for end in self.band([month]))
        interval = None if np.isnan(low) or np.isnan(high) else Interval(low, high, self.level)
        return Estimate(float(self.at([month])[0]), interval, self.n)

    def _of(self, values: Floats, months: ArrayLike, side: Literal["left", "right"]) -> Floats:
        asked = np.asarray(months, dtype=np.float64)
        steps = np.searchsorted(self.times, asked, side=side)
        return np.where(asked > self.last, np.nan, np.concatenate([[self.start], values])[steps])


def log_log_band(survival: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """The band of a probability to be free of the event, on the scale ``log(-log S)``, which it cannot leave.

    Source: Kalbfleisch and Prentice 1980. Where S is 1 the band is 1; where S is 0 it ends where it ended before.

    Parameters
    ----------
    survival, variance : (steps,) S and its variance (Greenwood's, say)
    """
    z = float(stats.norm.ppf(0.5 + level / 2))
    inside = (survival > 0) & (survival < 1)
    logs = np.log(np.where(inside, survival, 0.5))
    half = z * np.sqrt(np.where(inside, variance, 0.0)) / np.abs(np.where(inside, survival, 0.5) * logs)
    half = np.minimum(half, 100.0)  # so wide that the band is all from 0 to 1
    low = np.where(inside, np.exp(logs * np.exp(half)), survival)
    high = np.where(inside, np.exp(logs * np.exp(-half)), survival)
    for step in np.flatnonzero(survival <= 0):
        high[step] = high[step - 1] if step else 1.0
    return low, high
