"""How far the answers of a bundle can be trusted: conformal quantiles, distance from the training set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .. import records
from .validation import PLAIN_NAME, require, require_finite


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
class FeatureStatisticsFile:
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
