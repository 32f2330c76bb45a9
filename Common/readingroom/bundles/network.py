"""Bundles whose weights are a network's: classifier, survival, segmenter."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .. import records
from .calibration import HazardScaling
from .common import CommonMetadata, ProbabilityMetadata
from .confidence import Conformal, FeatureStatisticsFile
from .explained import ExplainedFeatures
from .preprocessing import Preprocessing
from .validation import require, require_finite

Aggregation = Literal[
    "none",
    "mean",
    "vote",
    "max",
    "average-pooling",
    "linear-softmax",
    "soft-attention",
    "gated-attention",
    "self-attention",
    "slice-transformer",
]
ExplanationMethod = Literal["cam", "grad-cam", "grad-cam++", "layer-cam", "hires-cam"]
SurvivalHead = Literal["deephit", "deephit-published", "discrete-hazard", "cox"]

WEIGHTINGS, ANY_WEIGHTING = ("T1", "T2", "T2*", "PD"), "any"  # of the MR that a bundle is for
LOG_VOLUME = (
    "log volume"  # the term of a model on the volume of the tumor: natural logarithm of the mL, see `log_volume`
)

_SINGLE_CAUSE = ("discrete-hazard", "cox")
_MOST_LAYERS, _MOST_WIDTH = 16, 4096
_LEAST_ML = 0.1
_BACKBONE = re.compile(
    r"[a-z0-9][a-z0-9_]{0,63}(\.[a-z0-9_]{1,63})?\Z"
)  # a timm name, with or without its weights' tag


@dataclass(frozen=True)
class Explanation:
    """How heat maps are made: the method, and the layer's dotted name (empty: the last one before pooling)."""

    method: ExplanationMethod
    layer: str = ""


@dataclass(frozen=True, kw_only=True)
class NetworkMetadata(CommonMetadata):
    """Fields of every kind that has a network.

    Parameters
    ----------
    backbone : name in our own registry of networks (timm's names)
    aggregation : from slices or views to the study. ``mean``, ``vote`` (a tie is positive) and ``max`` join the answers
        to each of them; the others are a part of the network, which then sees the whole stack.
    """

    backbone: str
    preprocessing: Preprocessing
    aggregation: Aggregation = "none"
    feature_statistics: FeatureStatisticsFile | None = None
    explanation: Explanation | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(bool(_BACKBONE.match(self.backbone)), f"The backbone {self.backbone!r} is not a plain name.")
        require(self.preprocessing.complete, "The bundle does not say how pixels become the network's input.")

    @property
    def outputs(self) -> int:
        """How many numbers (of a segmenter: channels) the network gives: one per label."""
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class ClassifierMetadata(NetworkMetadata, ProbabilityMetadata):
    """A network that gives each label a probability.

    Parameters
    ----------
    multilabel : True when labels do not exclude each other (sigmoid), False when exactly one holds (softmax)
    explained : what the features of the network follow, of two exclusive labels
    weighting : of the MR that it learned from, as their headers say (`WEIGHTINGS`), ``any`` where there were several;
        empty where none says, or for other images
    """

    kind: Literal["classifier"] = "classifier"
    multilabel: bool
    conformal: Conformal | None = None
    explained: ExplainedFeatures | None = None
    weighting: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = ("", ANY_WEIGHTING, *WEIGHTINGS)
        require(self.weighting in known, f"The weighting '{self.weighting}' is none of {', '.join(known[1:])}.")
        if self.explained is not None:
            require(len(self.labels) == 2 and not self.multilabel, "Features are explained of two exclusive labels.")
            self.require_labels("The explanation of features", [self.explained.finding])
        if self.conformal is None:
            return
        self.require_labels("The conformal calibration", self.conformal.by_finding)
        if self.multilabel:
            missing = sorted({label.name for label in self.labels} - set(self.conformal.by_finding))
            require(not missing, f"The conformal calibration has no quantiles for {', '.join(missing)}.")
        else:
            require(bool(self.conformal.quantiles), "The conformal calibration has no quantiles for exclusive labels.")


@dataclass(frozen=True)
class CoxBand:
    """What the interval of a `CoxBaseline` follows from; see `readingroom.survival.cox.incidence_band`.

    Parameters
    ----------
    covariance : (terms, terms) of the coefficients
    spread : (terms, terms) covariance of the terms in the training cohort: what is not known varies as it does there
    hazard_variance : (months,) of the cumulative hazard with the coefficients known
    hazard_means : (months, terms) as in `readingroom.survival.cox.CoxFit`
    """

    covariance: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]
    hazard_variance: tuple[float, ...]
    hazard_means: tuple[tuple[float, ...], ...]

    def require_shape(self, terms: int, months: int) -> None:
        """Raises ValueError where it is not the band of so many terms and months, or not of finite numbers."""
        rows = (*self.covariance, *self.spread, *self.hazard_means)
        require(
            len(self.covariance) == len(self.spread) == terms
            and len(self.hazard_variance) == len(self.hazard_means) == months
            and all(len(row) == terms for row in rows),
            "The band of the Cox baseline does not fit its terms and months.",
        )
        require_finite("the band of the Cox baseline", (*self.hazard_variance, *itertools.chain(*rows)))


@dataclass(frozen=True)
class CoxBaseline:
    """A proportional-hazards model that needs no network, shown beside one (Cox 1972).

    ``H(t | x) = cumulative_hazard(t) * exp(sum of coefficient * (x - center))``.

    Parameters
    ----------
    coefficients : log hazard ratios by term: ``age``, or ``stage=IIIa`` for one value of a choice, which counts 0 or 1
    centers : mean of each term in the training cohort
    cumulative_hazard : at the ends of the bundle's time bins, for a patient at the centers
    usual : of each choice the value that has no term of its own; all its terms are 0
    patients : that it was fitted on; 0 where it was all of the training
    band : from which its interval follows; None where that is not known
    """

    coefficients: Mapping[str, float]
    centers: Mapping[str, float]
    cumulative_hazard: tuple[float, ...]
    usual: Mapping[str, str] = field(default_factory=dict)
    patients: int = 0
    band: CoxBand | None = None

    def __post_init__(self) -> None:
        require(bool(self.coefficients), "The Cox baseline has no terms.")
        require(set(self.coefficients) == set(self.centers), "The Cox baseline needs a center for each of its terms.")
        numbers = (*self.coefficients.values(), *self.centers.values(), *self.cumulative_hazard)
        require_finite("the Cox baseline", numbers)
        require(_rises((0.0, *self.cumulative_hazard)), "The cumulative hazard of the Cox baseline falls.")
        object.__setattr__(self, "coefficients", records.frozen(self.coefficients))
        require(self.patients >= 0, f"A Cox baseline of {self.patients} patients is none.")
        strangers = sorted(set(self.usual) - set(self.names))
        require(not strangers, f"The Cox baseline has no terms of {', '.join(strangers)}.")
        if self.band is not None:
            self.band.require_shape(len(self.coefficients), len(self.cumulative_hazard))
        for name in ("coefficients", "centers", "usual"):
            object.__setattr__(self, name, records.frozen(getattr(self, name)))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the facts that it takes."""
        return tuple(dict.fromkeys(term.partition("=")[0] for term in self.coefficients))

    def incidence(self, facts: Mapping[str, float | str | bool]) -> tuple[float, ...]:
        """Cumulative incidence at the ends of the time bins, of facts by name; what is not `known` counts as its mean.

        Raises
        ------
        ValueError : a fact that is a number here is none
        """
        centered = self.centered(facts)
        log_ratio = sum(b * x for b, x in zip(self.coefficients.values(), centered, strict=True) if x is not None)
        ratio = math.exp(min(log_ratio, 50.0))
        return tuple(-math.expm1(-hazard * ratio) for hazard in self.cumulative_hazard)

    def centered(self, facts: Mapping[str, float | str | bool]) -> tuple[float | None, ...]:
        """Each term of the facts minus its center; None of a fact that is missing, or of which it `knows` nothing.

        Raises
        ------
        ValueError : a fact that is a number here is none
        """
        known = [name for name in self.names if name in facts and self.knows(name, facts[name])]
        found: list[float | None] = []
        for term in self.coefficients:
            name, is_choice, value = term.partition("=")
            if name in known:
                said = float(_same(facts[name], value)) if is_choice else float(facts[name])
            found.append(said - self.centers[term] if name in known else None)
        return tuple(found)

    def knows(self, name: str, value: float | str | bool) -> bool:
        """Whether it has that fact and, of a choice, was told apart by this value in the training cohort."""
        terms = [term for term in self.coefficients if term.partition("=")[0] == name]
        if terms == [name]:
            return True
        values = [term.partition("=")[2] for term in terms]
        return bool(values) and (name not in self.usual or any(_same(value, v) for v in (*values, self.usual[name])))


@dataclass(frozen=True, kw_only=True)
class SurvivalMetadata(NetworkMetadata):
    """A network that gives the cumulative incidence of each cause over time; its labels are the competing causes.

    Parameters
    ----------
    head : ``deephit``: one softmax over bins and causes with a further logit of 0 for those who outlive the last bin
        (Lee 2018 as in pycox); ``deephit-published``: without that place (Paper 003), so that all die within the bins;
        ``discrete-hazard``: a sigmoid for each bin (Gensheimer 2019), of a single cause; ``cox``: a hazard ratio on the
        baseline hazard of the training patients, which lies in the weights, of a single cause
    layers, width : hidden layers of the head, and how many numbers each gives
    months : end of each time bin, rising; the last one is the horizon
    time_zero : what time counts from, such as "the planning CT"
    calibration : of the risk of all causes together, fitted on patients that trained nothing
    incidence : of each cause in the training cohort at the ends of the bins (Aalen-Johansen), shown as the baseline
    clinical : the model on clinical facts that stands beside the network
    volume : the same on the volume of the tumor, its one term `LOG_VOLUME`
    """

    kind: Literal["survival"] = "survival"
    head: SurvivalHead
    months: tuple[float, ...]
    time_zero: str
    layers: int = 0
    width: int = 0
    calibration: HazardScaling | None = None
    incidence: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    clinical: CoxBaseline | None = None
    volume: CoxBaseline | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_finite("the time bins", self.months)
        rising = all(a < b for a, b in itertools.pairwise((0.0, *self.months)))
        require(bool(self.months) and rising, "The time bins of the bundle do not rise from 0.")
        require(bool(self.time_zero.strip()), "The bundle does not say what time counts from.")
        require(
            0 <= self.layers <= _MOST_LAYERS
            and 0 <= self.width <= _MOST_WIDTH
            and bool(self.layers) == bool(self.width),
            f"A head of {self.layers} layers of {self.width} numbers is not plausible.",
        )
        require(
            self.head not in _SINGLE_CAUSE or len(self.labels) == 1,
            f"The head '{self.head}' knows one cause, and the bundle has several.",
        )
        self.require_labels("The incidence in the training cohort", self.incidence)
        for cause, values in self.incidence.items():
            require(len(values) == len(self.months), f"The incidence of '{cause}' has not one value for each time bin.")
            require(
                _rises((0.0, *values, 1.0)), f"The incidence of '{cause}' is not between 0 and 1, or falls with time."
            )
        for baseline in (self.clinical, self.volume):
            require(
                baseline is None or len(baseline.cumulative_hazard) == len(self.months),
                "The Cox baseline has not one hazard for each time bin.",
            )
        require(
            self.volume is None or tuple(self.volume.coefficients) == (LOG_VOLUME,),
            f"The Cox baseline of the tumor's volume has other terms than '{LOG_VOLUME}'.",
        )
        object.__setattr__(self, "incidence", records.frozen(self.incidence))

    @property
    def outputs(self) -> int:
        """How many numbers the network gives: one for each cause and time bin."""
        return len(self.labels) * len(self.months)


@dataclass(frozen=True, kw_only=True)
class SegmenterMetadata(NetworkMetadata):
    """A network that gives each voxel its labels; each label has a code, so that DICOM SEG can name it.

    Parameters
    ----------
    exclusive : a voxel has one label at most: softmax with a first channel for the background; else a sigmoid each
    overlap : of neighboring patches of the preprocessing's size, as a share of their edge (sliding window); 0 to 0.95
    """

    kind: Literal["segmenter"] = "segmenter"
    exclusive: bool = True
    overlap: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        bare = [label.name for label in self.labels if label.code is None]
        require(not bare, f"The segments {', '.join(bare)} have no code.")
        require(0 <= self.overlap <= 0.95, f"Patches that overlap by {self.overlap:g} are not between 0 and 0.95.")

    @property
    def outputs(self) -> int:
        """How many channels the network gives: one per label, and one for the background of exclusive labels."""
        return len(self.labels) + self.exclusive


def log_volume(ml: float) -> float:
    """What a Cox model on the volume of a tumor is given; 0.1 mL is the least that counts."""
    return math.log(max(ml, _LEAST_ML))


def _same(one: float | str | bool, other: str) -> bool:
    """Whether two values of a choice mean the same, however they are written."""
    return str(one).strip().lower() == other.strip().lower()


def _rises(values: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in itertools.pairwise(values))
