"""Maps of first-order statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .neighborhoods import Neighborhoods
from .repeats import Repeats, code_kind, entropy, sort

Map = NDArray[np.float64]


def features(
    boxes: Neighborhoods, voxel_volume: float, shift: float, excess: bool, names: Collection[str]
) -> dict[str, Map]:
    """First-order features ``(voxels,)``; the arguments are those of `first_order.features`."""
    found = _Values(boxes, voxel_volume, shift, excess)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return {name: _FEATURES[name](found) for name in names}


@dataclass(frozen=True)
class _Values:
    boxes: Neighborhoods
    voxel_volume: float
    shift: float
    excess: bool

    @cached_property
    def count(self) -> Map:
        if self.boxes.whole:
            return np.full(len(self.boxes.centers), float(len(self.boxes.ranks)))
        return np.count_nonzero(self.boxes.inside, axis=0).astype(np.float64)

    def total(self, values: Map) -> Map:
        """The sum over the places that count."""
        return np.asarray(
            np.sum(values, axis=0) if self.boxes.whole else np.sum(values, axis=0, where=self.boxes.inside)
        )

    def mean_of(self, values: Map) -> Map:
        return self.total(values) / self.count

    @cached_property
    def mean(self) -> Map:
        return self.mean_of(self.boxes.values)

    @cached_property
    def apart(self) -> Map:
        return self.boxes.values - self.mean

    @cached_property
    def apart_squared(self) -> Map:
        return np.square(self.apart)

    @cached_property
    def variance(self) -> Map:
        return self.mean_of(self.apart_squared)

    @cached_property
    def spread(self) -> Map:
        return np.where(self.variance == 0, 1.0, self.variance)

    @cached_property
    def energy(self) -> Map:
        return self.total(np.square(self.boxes.values + self.shift))

    @cached_property
    def ordered(self) -> Map:
        """Values from the least on, infinite after the last."""
        values = self.boxes.values
        return sort(values.copy() if self.boxes.whole else np.where(self.boxes.inside, values, np.inf))

    def percentile(self, percent: float) -> Map:
        """Between the two nearest values, as `numpy.percentile` does it."""
        place = (self.count - 1) * (percent / 100)
        below = np.floor(place)
        part = place - below
        columns = np.arange(len(place))
        low = self.ordered[below.astype(np.int64), columns]
        high = self.ordered[np.minimum(below + 1, self.count - 1).astype(np.int64), columns]
        step = high - low
        return np.where(part >= 0.5, high - step * (1 - part), low + step * part)

    @cached_property
    def p10(self) -> Map:
        return self.percentile(10)

    @cached_property
    def p90(self) -> Map:
        return self.percentile(90)

    @cached_property
    def highest(self) -> Map:
        values = self.boxes.values
        return np.asarray(np.max(values if self.boxes.whole else np.where(self.boxes.inside, values, -np.inf), axis=0))

    @cached_property
    def robust(self) -> Map:
        values = self.boxes.values
        kept = (values >= self.p10) & (values <= self.p90) & self.boxes.inside
        count = np.count_nonzero(kept, axis=0)
        mean = np.sum(values, axis=0, where=kept) / count
        return np.asarray(np.sum(np.abs(values - mean), axis=0, where=kept) / count)

    @cached_property
    def bins(self) -> Repeats:
        kinds = len(self.boxes.around.present) + 1
        ranks = self.boxes.ranks if self.boxes.whole else np.where(self.boxes.inside, self.boxes.ranks, kinds)
        return Repeats(sort(ranks.astype(code_kind(kinds))), None, None if self.boxes.whole else kinds)


def _ratio(numerator: Map, denominator: Map) -> Map:
    return np.where(denominator == 0, np.nan, numerator / denominator)


_FEATURES: dict[str, Callable[[_Values], Map]] = {
    "10Percentile": lambda v: v.p10,
    "90Percentile": lambda v: v.p90,
    "CoefficientOfVariation": lambda v: _ratio(np.sqrt(v.variance), v.mean),
    "Energy": lambda v: v.energy,
    "Entropy": lambda v: entropy(v.bins, v.count),
    "InterquartileRange": lambda v: v.percentile(75) - v.percentile(25),
    "Kurtosis": lambda v: v.mean_of(np.square(v.apart_squared)) / v.spread**2 - (3 if v.excess else 0),
    "Maximum": lambda v: v.highest,
    "MeanAbsoluteDeviation": lambda v: v.mean_of(np.abs(v.apart)),
    "Mean": lambda v: v.mean,
    "Median": lambda v: v.percentile(50),
    "MedianAbsoluteDeviation": lambda v: v.mean_of(np.abs(v.boxes.values - v.percentile(50))),
    "Minimum": lambda v: v.ordered[0],
    "QuartileCoefficientOfDispersion": lambda v: _ratio(
        v.percentile(75) - v.percentile(25), v.percentile(75) + v.percentile(25)
    ),
    "Range": lambda v: v.highest - v.ordered[0],
    "RobustMeanAbsoluteDeviation": lambda v: v.robust,
    "RootMeanSquared": lambda v: np.sqrt(v.energy / v.count),
    "Skewness": lambda v: v.mean_of(v.apart_squared * v.apart) / v.spread**1.5,
    "StandardDeviation": lambda v: np.sqrt(v.variance),
    "TotalEnergy": lambda v: v.energy * v.voxel_volume,
    "Uniformity": lambda v: v.bins.square_sum / v.count**2,
    "Variance": lambda v: v.variance,
}
