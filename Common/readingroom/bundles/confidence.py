"""How far the answers of a bundle can be trusted: calibration, operating points, conformal quantiles, distance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .. import records
from ..reading import Estimate
from .validation import PLAIN_NAME, require, require_finite, require_unique


@dataclass(frozen=True)
class PlattScaling:
    """Calibrated probability of one finding: ``1 / (1 + exp(-(slope * logit + intercept)))`` (Platt 1999).

    ``logit`` is the finding's own output in a multi-label task, else its output minus the log-sum-exp of the others.
    ``resamples`` holds (slope, intercept) refitted on resampled calibration cases; the interval comes from them.
    """

    finding: str
    slope: float
    intercept: float
    resamples: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        numbers = [self.slope, self.intercept, *(number for pair in self.resamples for number in pair)]
        require_finite(f"the calibration of '{self.finding}'", numbers)
        require(self.slope > 0, f"The calibration of '{self.finding}' has a slope of {self.slope}, not above 0.")
        require(
            all(slope >= 0 for slope, _ in self.resamples),
            f"A resampled calibration of '{self.finding}' falls with the logit.",
        )


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities, fitted on ``n`` cases that trained nothing.

    ``platt`` has one scaling per calibrated finding; ``temperature`` divides all logits before softmax or sigmoid
    (Guo 2017), with ``temperature_resamples`` for the interval.
    """

    method: Literal["platt", "temperature"]
    n: int
    platt: tuple[PlattScaling, ...] = ()
    temperature: float | None = None
    temperature_resamples: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require(self.n > 0, f"A calibration on {self.n} cases is none.")
        require_unique("calibrations", [scaling.finding for scaling in self.platt])
        require(
            bool(self.platt) == (self.method == "platt") and (self.temperature is not None) == (not self.platt),
            f"The calibration by '{self.method}' needs the numbers of that method and of no other.",
        )
        temperatures = [] if self.temperature is None else [self.temperature, *self.temperature_resamples]
        require_finite("the temperature of the calibration", temperatures)
        require(all(value > 0 for value in temperatures), "A temperature of the calibration is not above 0.")


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold on the calibrated probability of one finding, and what it did on cases that trained nothing."""

    finding: str
    name: str
    threshold: float
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None

    def __post_init__(self) -> None:
        where = f"operating point '{self.name}' of '{self.finding}'"
        require(bool(self.name.strip()), f"An operating point of '{self.finding}' has no name.")
        require(0 <= self.threshold <= 1, f"The {where} has a threshold of {self.threshold}, not between 0 and 1.")
        for what, estimate in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            require(
                estimate is None or 0 <= estimate.value <= 1,
                f"The {where} has a {what} that is not between 0 and 1.",
            )


@dataclass(frozen=True)
class Conformal:
    """Split-conformal quantiles by coverage (Sadinle 2019, LAC: score = 1 - probability of the true label).

    A label belongs to the prediction set when its probability is at least ``1 - quantile``.

    Parameters
    ----------
    n : calibration cases
    quantiles : quantile of the score by coverage, such as ``{"0.8": 0.31, "0.9": 0.52}``
    coverage : the one that is shown first
    by_finding : quantiles of each finding of a multi-label task, whose sets are of ``present`` and ``absent``
    """

    method: Literal["lac"]
    n: int
    quantiles: Mapping[str, float] = field(default_factory=dict)
    coverage: float = 0.9
    by_finding: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(self.n > 0, f"A conformal calibration on {self.n} cases is none.")
        tables = [self.quantiles] if self.quantiles else list(self.by_finding.values())
        require(bool(tables), "The conformal calibration has no quantiles.")
        for table in tables:
            _require_quantiles(table)
            require(
                self.coverage in {float(key) for key in table},
                f"The conformal quantiles have no entry for the default coverage {self.coverage:g}.",
            )
        object.__setattr__(self, "quantiles", records.frozen(self.quantiles))
        by_finding = {finding: records.frozen(table) for finding, table in self.by_finding.items()}
        object.__setattr__(self, "by_finding", records.frozen(by_finding))

    def quantile(self, coverage: float, finding: str = "") -> float:
        """The quantile of the score for this coverage.

        Raises
        ------
        KeyError : the bundle has none for this coverage or finding
        """
        table = self.by_finding.get(finding, self.quantiles)
        for key, value in table.items():
            if math.isclose(float(key), coverage, abs_tol=1e-9):
                return value
        raise KeyError(f"The bundle has no conformal quantile for a coverage of {coverage:g}.")


@dataclass(frozen=True)
class FeatureStatistics:
    """Where the training set lies in the space of embeddings, and how far away a study may lie.

    ``file`` is the name for `Bundle.arrays` (``features`` means ``models/features.safetensors``); a distance above
    ``warn_above`` warns, above ``stop_above`` stops the read. ``n`` training images were measured.
    """

    file: str
    warn_above: float
    stop_above: float
    n: int

    def __post_init__(self) -> None:
        require(bool(PLAIN_NAME.match(self.file)), f"The feature statistics lie in {self.file!r}, no plain name.")
        require_finite("the limits of the feature distance", (self.warn_above, self.stop_above))
        require(
            0 < self.warn_above <= self.stop_above,
            f"The feature distance warns above {self.warn_above:g} and stops above {self.stop_above:g}; "
            "the limits must be above 0 and in this order.",
        )
        require(self.n > 0, f"Feature statistics of {self.n} images are none.")


def _require_quantiles(table: Mapping[str, float]) -> None:
    for key in table:
        try:
            coverage = float(key)
        except ValueError:
            coverage = math.nan
        require(0 < coverage < 1, f"The conformal quantiles have an entry '{key}', which is no coverage.")
    values = [table[key] for key in sorted(table, key=float)]
    require(all(0 <= value <= 1 for value in values), "A conformal quantile is not between 0 and 1.")
    require(values == sorted(values), "The conformal quantiles fall with higher coverage.")
