"""From logits to probabilities that mean what they say: what a bundle stores, and the arithmetic on it.

`readingroom.trust.calibration` fits these records; the interval of a probability comes from the same fit on resampled
patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .. import records
from .validation import require, require_finite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlattScaling:
    """``P = 1 / (1 + exp(-(slope * logit + intercept)))`` for one finding (Platt 1999).

    ``logit`` is the finding's own output in a multi-label task, else its output minus the log-sum-exp of the others.
    ``resamples`` are (slope, intercept) of the fit on resampled patients.

    Raises
    ------
    ValueError : a number is not finite, or the probability does not rise with the logit
    """

    slope: float
    intercept: float
    resamples: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        numbers = [self.slope, self.intercept, *(number for pair in self.resamples for number in pair)]
        require_finite("a Platt calibration", numbers)
        require(self.slope > 0, f"A Platt calibration has a slope of {self.slope}, not above 0.")
        require(all(slope >= 0 for slope, _ in self.resamples), "A resampled Platt calibration falls with the logit.")

    def probabilities(self, logits: ArrayLike) -> Floats:
        """Calibrated probabilities in the shape of ``logits``."""
        import numpy as np
        from scipy import special

        return np.asarray(special.expit(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept))

    def intervals(self, logits: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end for each logit, in the shape of ``logits``.

        Raises
        ------
        ValueError : it was fitted without resamples
        """
        import numpy as np
        from scipy import special

        _require_resamples(self.resamples)
        fits = np.asarray(self.resamples, dtype=np.float64)
        values = np.asarray(logits, dtype=np.float64)[..., None] * fits[:, 0] + fits[:, 1]
        return _middle(special.expit(values), self.probabilities(logits), level)


@dataclass(frozen=True)
class TemperatureScaling:
    """``softmax(logits / temperature)`` of exclusive classes, a sigmoid of each otherwise (Guo et al., ICML 2017).

    ``resamples`` are the temperatures fitted on resampled patients.

    Raises
    ------
    ValueError : a temperature is not finite or not above 0
    """

    temperature: float
    resamples: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require_finite("the temperature of a calibration", (self.temperature, *self.resamples))
        require(min(self.temperature, *self.resamples, 1) > 0, "A temperature of the calibration is not above 0.")

    def probabilities(self, logits: ArrayLike) -> Floats:
        """Calibrated probabilities of exclusive classes, (cases, classes) or (classes,) in the shape of ``logits``."""
        import numpy as np
        from scipy import special

        return np.asarray(special.softmax(np.asarray(logits, dtype=np.float64) / self.temperature, axis=-1))

    def intervals(self, logits: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end for each class, in the shape of ``logits``.

        Raises
        ------
        ValueError : it was fitted without resamples
        """
        import numpy as np
        from scipy import special

        _require_resamples(self.resamples)
        values = np.asarray(logits, dtype=np.float64)[..., None] / np.asarray(self.resamples)
        return _middle(special.softmax(values, axis=-2), self.probabilities(logits), level)


@dataclass(frozen=True)
class HazardScaling:
    """``H'(t) = exp(intercept) * H(t) ** slope`` of a cumulative hazard ``H = -log(1 - F)``.

    Two numbers for a whole curve: it keeps its shape over time and never falls, as Platt's scaling keeps the order of
    patients. ``resamples`` are (slope, intercept) of the fit on resampled patients, ``n`` how many it was fitted on.

    Raises
    ------
    ValueError : a number is not finite, or the risk does not rise with the network's
    """

    slope: float
    intercept: float
    n: int
    resamples: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        numbers = [self.slope, self.intercept, *(number for pair in self.resamples for number in pair)]
        require_finite("a calibration of hazards", numbers)
        require(self.n > 0, f"A calibration on {self.n} patients is none.")
        require(self.slope > 0, f"A calibration of hazards has a slope of {self.slope}, not above 0.")
        require(all(slope >= 0 for slope, _ in self.resamples), "A resampled calibration of hazards falls.")

    def incidence(self, incidence: ArrayLike) -> Floats:
        """Calibrated cumulative incidence of all causes together, in the shape of the network's."""
        import numpy as np

        return np.asarray(_scaled_incidence(incidence, self.slope, self.intercept))

    def intervals(self, incidence: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end at each time, in the shape of ``incidence``.

        Raises
        ------
        ValueError : it was fitted without resamples
        """
        import numpy as np

        _require_resamples(self.resamples)
        slopes, intercepts = np.asarray(self.resamples, dtype=np.float64).T
        values = np.asarray(incidence, dtype=np.float64)[..., None]
        return _middle(_scaled_incidence(values, slopes, intercepts), self.incidence(incidence), level)


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities, fitted on ``n`` cases that trained nothing.

    ``platt`` has one scaling for each calibrated finding, by name; ``temperature`` divides all logits.
    """

    method: Literal["platt", "temperature"]
    n: int
    platt: Mapping[str, PlattScaling] = field(default_factory=dict)
    temperature: TemperatureScaling | None = None

    def __post_init__(self) -> None:
        require(self.n > 0, f"A calibration on {self.n} cases is none.")
        require(
            bool(self.platt) == (self.method == "platt") and (self.temperature is not None) == (not self.platt),
            f"The calibration by '{self.method}' needs the numbers of that method and of no other.",
        )
        object.__setattr__(self, "platt", records.frozen(self.platt))


def _scaled_incidence(incidence: ArrayLike, slope: ArrayLike, intercept: ArrayLike) -> Floats:
    """1 - exp(-exp(intercept) * H ** slope), where H is the cumulative hazard of an incidence below 1."""
    import numpy as np

    hazard = -np.log1p(-np.clip(np.asarray(incidence, dtype=np.float64), 0, 1 - 1e-12))
    return np.asarray(-np.expm1(-np.exp(intercept) * hazard ** np.asarray(slope)))


def _require_resamples(resamples: tuple) -> None:
    require(bool(resamples), "The calibration was fitted without resamples, so it gives no intervals.")


def _middle(values: Floats, point: Floats, level: float) -> tuple[Floats, Floats]:
    """The middle ``level`` of the last axis, widened to hold ``point``."""
    import numpy as np

    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2], axis=-1)
    return np.minimum(low, point), np.maximum(high, point)
