"""What the features of a network follow, in features that were handcrafted: kept in the metadata of a classifier.

Fitted on training rows alone by `readingroom.learning.training.explained`; a read finds here all that it needs to say
which deep features speak for a patient, what they follow, and how far the patient lies from the training cohort.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .validation import PLAIN_NAME, require, require_finite, require_unique

Correlation = Literal["pearson", "spearman"]

PERCENTS = (0, 5, 25, 50, 75, 95, 100)  # of the training cohort, kept of each feature

_MOST_DEEP, _MOST_HANDCRAFTED, _MOST_PARTNERS = 4096, 2048, 8
_LARGEST = 1e30


@dataclass(frozen=True)
class Spread:
    """One feature in the training cohort.

    Parameters
    ----------
    center, scale : mean and standard deviation; what makes z-scores
    percentiles : at `PERCENTS`
    """

    center: float
    scale: float
    percentiles: tuple[float, ...]

    def __post_init__(self) -> None:
        require_finite("the spread of a feature", (self.center, self.scale, *self.percentiles))
        require(self.scale > 0, f"A feature has a standard deviation of {self.scale:g}, which makes no z-score.")
        require(len(self.percentiles) == len(PERCENTS), f"A feature needs {len(PERCENTS)} percentiles.")
        rises = all(low <= high for low, high in itertools.pairwise(self.percentiles))
        require(rises, "The percentiles of a feature fall.")
        require(max(map(abs, (self.center, self.scale, *self.percentiles))) <= _LARGEST, "A feature is out of range.")

    def z(self, value: float) -> float:
        """How many standard deviations a value lies from the mean."""
        return (value - self.center) / self.scale

    def share_below(self, value: float) -> float:
        """The share of the training cohort that lies below a value, 0 to 1, by its percentiles; 0 or 1 outside."""
        if value <= self.percentiles[0]:
            return 0.0
        for (low, high), (share, next_share) in zip(
            itertools.pairwise(self.percentiles), itertools.pairwise(PERCENTS), strict=True
        ):
            if value < high:
                return (share + (next_share - share) * (value - low) / (high - low)) / 100
        return 1.0


@dataclass(frozen=True)
class Partner:
    """A handcrafted feature that a deep feature follows.

    Parameters
    ----------
    name : of the handcrafted feature
    correlation : on the training rows that chose it
    stability : share of bootstrap resamples of the patients in which the pair is chosen again
    held_out : the same correlation on rows that neither trained the network nor chose the pair; None where there were
        too few
    """

    name: str
    correlation: float
    stability: float
    held_out: float | None = None

    def __post_init__(self) -> None:
        for what, value in (("correlation", self.correlation), ("held-out correlation", self.held_out)):
            require(value is None or -1 <= value <= 1, f"The {what} with '{self.name}' is not between -1 and 1.")
        require(0 <= self.stability <= 1, f"The stability of '{self.name}' is not between 0 and 1.")


@dataclass(frozen=True)
class DeepFeature:
    """A feature of the network that follows handcrafted ones.

    Parameters
    ----------
    number : its place in the embedding of the network, from 0
    spread : in the training cohort
    partners : what it follows, the strongest first
    coefficient : of its z-score in the L1 model of explained features; 0 where the model does without it
    selected : share of bootstrap resamples of the patients in which that model uses it
    """

    number: int
    spread: Spread
    partners: tuple[Partner, ...]
    coefficient: float
    selected: float

    def __post_init__(self) -> None:
        require(0 <= self.number < _MOST_DEEP, f"A network has no feature number {self.number}.")
        require(1 <= len(self.partners) <= _MOST_PARTNERS, f"Deep feature {self.number} has no or too many partners.")
        require_unique(f"partners of deep feature {self.number}", [partner.name for partner in self.partners])
        _require_coefficient(f"deep feature {self.number}", self.coefficient)
        require(0 <= self.selected <= 1, f"Deep feature {self.number} was selected in no share between 0 and 1.")


@dataclass(frozen=True)
class HandcraftedFeature:
    """A handcrafted feature.

    Parameters
    ----------
    name : as measured, ``original_glcm_Contrast``
    spread : in the training cohort; None where it does not vary there
    coefficient : of its z-score in the L1 model of handcrafted features; 0 where the model does without it
    """

    name: str
    spread: Spread | None = None
    coefficient: float = 0.0

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "A handcrafted feature has no name.")
        _require_coefficient(self.name, self.coefficient)
        require(self.spread is not None or self.coefficient == 0, f"'{self.name}' has a weight and no z-score.")


@dataclass(frozen=True)
class HandcraftedSettings:
    """How the handcrafted features are measured.

    Parameters
    ----------
    bins : gray levels of first order and co-occurrence
    zone_bins : gray levels of size zones
    spacing : mm along i, j, k to which image and mask are resampled first; None measures the voxels as they are
    correct_bias_field : the bias field of an MR is taken out (N4) first
    """

    bins: int = 128
    zone_bins: int = 32
    spacing: tuple[float, float, float] | None = None
    correct_bias_field: bool = False

    def __post_init__(self) -> None:
        require(min(self.bins, self.zone_bins) >= 2, "Gray levels are 2 or more.")
        require(max(self.bins, self.zone_bins) <= 1024, "Gray levels are 1024 at most.")
        require(
            self.spacing is None or all(0.1 <= length <= 50 for length in self.spacing),
            f"A spacing of {self.spacing} mm is not between 0.1 and 50.",
        )


@dataclass(frozen=True)
class ExplainedFeatures:
    """What the deep features of a classifier follow, and the L1 models beside it.

    Parameters
    ----------
    mask : role of the mask inside which the handcrafted features are measured, on the image of the network
    finding : the label whose logit both L1 models give
    measured : how the handcrafted features are measured
    correlation, least, rate : of which kind it is, its least absolute value, and the rate of false discoveries
    patients : of the training rows
    deep_count : how many features the network has; those that follow nothing are not in ``deep``
    deep, intercept : the explained features, and the intercept of their L1 model
    handcrafted, handcrafted_intercept : the same of the handcrafted ones
    notes : sentences on how it was fitted
    """

    mask: str
    finding: str
    measured: HandcraftedSettings
    correlation: Correlation
    least: float
    rate: float
    patients: int
    deep_count: int
    deep: tuple[DeepFeature, ...]
    intercept: float
    handcrafted: tuple[HandcraftedFeature, ...]
    handcrafted_intercept: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, name in (("mask", self.mask), ("finding", self.finding)):
            require(bool(PLAIN_NAME.match(name)), f"The {what} of explained features is {name!r}, no plain name.")
        require(0 < self.least < 1, f"The least correlation of explained features is {self.least:g}.")
        require(0 < self.rate <= 1, f"The rate of false discoveries of explained features is {self.rate:g}.")
        require(self.patients > 0, f"Explained features of {self.patients} patients are none.")
        require(0 < self.deep_count <= _MOST_DEEP, f"A network of {self.deep_count} features is not plausible.")
        require(0 < len(self.handcrafted) <= _MOST_HANDCRAFTED, "There are no handcrafted features, or too many.")
        names = [feature.name for feature in self.handcrafted]
        require_unique("handcrafted features", names)
        numbers = [feature.number for feature in self.deep]
        require_unique("deep features", list(map(str, numbers)))
        require(all(n < self.deep_count for n in numbers), "An explained feature is none of the network's features.")
        followed = {partner.name for feature in self.deep for partner in feature.partners}
        strangers = sorted(followed - set(names))
        require(not strangers, f"Deep features follow {', '.join(strangers)}, of which nothing is known.")
        _require_coefficient("the intercepts", self.intercept, self.handcrafted_intercept)


def _require_coefficient(what: str, *values: float) -> None:
    require(all(math.isfinite(v) and abs(v) <= _LARGEST for v in values), f"A weight of {what} is no finite number.")


def logit(intercept: float, terms: Iterable[tuple[float, float]]) -> float:
    """The logit of a model of z-scores, given as pairs of coefficient and z-score."""
    return intercept + sum(coefficient * z for coefficient, z in terms)
