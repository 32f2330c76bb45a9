"""What an evaluation found, as plain records. ``metrics.json`` holds these, and all sentences are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...reading import Estimate
from ...records import frozen
from ..evaluation.comparison import Comparison

FORMAT = 1  # of metrics.json

Source = Literal["cohort", "out-of-fold"]
Level = Literal["info", "warn", "stop"]


@dataclass(frozen=True)
class Model:
    """The bundle that answered. ``protocol`` to ``seed`` are what it says of its own training."""

    name: str
    title: str
    version: str
    sha256: str
    reader: str
    task: str
    backbone: str
    demonstration: bool
    intended_use: str
    license: str
    protocol: str
    training_patients: int
    training_images: int
    training_sources: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Caveat:
    """A sentence that belongs above the numbers; ``stop`` means that they are worth nothing."""

    level: Level
    sentence: str


@dataclass(frozen=True)
class Studies:
    """What was evaluated.

    Parameters
    ----------
    table, sha256 : name and content of the file that was given
    images, evaluated, patients : rows that were predicted; rows that were evaluated, one for each of the ``level``;
        patients
    by_class : patients of each class
    sites : images of each site
    left_out : a sentence for each row of the table that could not be used
    refused : a sentence for each image that the reader would refuse to read; it was counted all the same
    far_away, too_far : images that lie further from the training images than 99 % of held-out ones, and so far that
        the reader would stop; None where the bundle cannot tell
    """

    table: str
    sha256: str
    level: str
    images: int
    evaluated: int
    patients: int
    by_class: Mapping[str, int]
    sites: Mapping[str, int]
    left_out: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    far_away: int | None = None
    too_far: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_class", frozen(self.by_class))
        object.__setattr__(self, "sites", frozen(self.sites))


@dataclass(frozen=True)
class PredictiveValue:
    """Chance of the finding after a positive answer, and of its absence after a negative one, at a prevalence."""

    prevalence: float
    positive: Estimate
    negative: Estimate


@dataclass(frozen=True)
class PointResult:
    """What a threshold on the calibrated probability did here."""

    finding: str
    name: str
    threshold: float
    default: bool
    sensitivity: Estimate | None
    specificity: Estimate | None
    predictive_values: tuple[PredictiveValue, ...] = ()


@dataclass(frozen=True)
class SubgroupResult:
    """A part of the studies.

    Parameters
    ----------
    exploratory : fewer than 30 patients have the finding, or have not; of times, fewer than 30 had an event
    score : the AUC, None where fewer than 5 have it, or have not; of times C-td, None with fewer than 5 events
    """

    variable: str
    value: str
    finding: str
    rows: int
    patients: int
    with_finding: int
    exploratory: bool
    score: Estimate | None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None


@dataclass(frozen=True)
class BaselineResult:
    """A simple model, by what it looks at; ``advantage`` is how much the bundle's AUC, of times C-td, exceeds its own.

    Of several classes the AUC is the mean over them.
    """

    title: str
    score: Estimate
    advantage: Estimate


@dataclass(frozen=True)
class HorizonResult:
    """How predicted risks agree with what happened by ``month``.

    Parameters
    ----------
    ratio : events for each that was expected
    slope, index : of the calibration, and its integrated index; None with too few events
    groups : by fifths of the prediction: mean predicted risk, and what was observed
    """

    month: float
    ratio: Estimate
    slope: Estimate | None
    index: Estimate | None
    groups: tuple[tuple[float, Estimate], ...]


@dataclass(frozen=True)
class EvaluationRecord:
    """Everything that an evaluation found.

    Parameters
    ----------
    source : a ``cohort`` that the bundle read, or ``out-of-fold`` predictions from its training
    metrics : by name, see `readingroom.learning.evaluation.metric_families`
    measure : by which models and subgroups are compared: ``AUC``, or ``C-td`` of times
    horizons : calibration of times
    confusion : [truth][called] counts by the classes' order; empty for labels that do not exclude each other
    settings : seed, resamples and the like
    notes : sentences on what was done and what could not be
    """

    model: Model
    source: Source
    classes: tuple[str, ...]
    studies: Studies
    caveats: tuple[Caveat, ...]
    exploratory: tuple[str, ...]
    metrics: Mapping[str, Estimate]
    measure: str = "AUC"
    horizons: tuple[HorizonResult, ...] = ()
    points: tuple[PointResult, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    subgroups: tuple[SubgroupResult, ...] = ()
    baselines: tuple[BaselineResult, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    software: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", frozen(self.metrics))
        object.__setattr__(self, "settings", frozen(self.settings))

    @property
    def external(self) -> bool:
        """Whether the studies come from a table that the bundle was applied to after its training."""
        return self.source == "cohort"
