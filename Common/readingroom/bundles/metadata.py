"""The ``readingroom`` section of a bundle's ``configs/metadata.json``: what a trained model is and how far to trust it.

Every record is frozen and checked when built; a refusal is a ``ValueError`` with one sentence, which
`readingroom.bundles.bundle.load` turns into a `BundleError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import records
from ..reading import BundleFacts, Estimate
from ..reading import OperatingPoint as ReadingPoint

FORMAT = 1

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_BACKBONE = re.compile(
    r"[a-z0-9][a-z0-9_]{0,63}(\.[a-z0-9_]{1,63})?\Z"
)  # a timm name, with or without its weights' tag
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,2}([a-z0-9.+-]{1,20})?\Z")
# Folders are named after bundles, and Windows keeps these names for devices.
_DEVICE_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_SMALLEST_SIZE, _LARGEST_SIZE = 16, 4096

Preset = Literal["published", "rigorous"]
Protocol = Literal["published", "rigorous"]
ExplanationMethod = Literal["cam", "grad-cam", "grad-cam++", "layer-cam", "hires-cam"]


@dataclass(frozen=True)
class Label:
    """One output of the network: ``name`` for machines (``no-finding``), ``title`` for people (``No finding``)."""

    name: str
    title: str

    def __post_init__(self) -> None:
        _require(bool(_PLAIN_NAME.match(self.name)), f"A label is named {self.name!r}, which is not a plain name.")
        _require(bool(self.title.strip()), f"The label '{self.name}' has no title.")


@dataclass(frozen=True)
class Preprocessing:
    """How pixels become the network's input.

    Parameters
    ----------
    preset : the recipe, ``published`` or ``rigorous``
    size : edge of the square input in pixels
    channels : 1, or 3 for networks that began on color photographs
    mean, std : of the training set, per channel, on pixels of 0 to 1
    settings : further numbers of the preset, such as clipping percentiles
    """

    preset: Preset
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    settings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(
            _SMALLEST_SIZE <= self.size <= _LARGEST_SIZE,
            f"An input of {self.size} pixels is not between {_SMALLEST_SIZE} and {_LARGEST_SIZE}.",
        )
        _require(self.channels in (1, 3), f"An input has 1 or 3 channels, not {self.channels}.")
        for what, values in (("mean", self.mean), ("std", self.std)):
            _require(
                len(values) == self.channels,
                f"The preprocessing has {len(values)} values of '{what}' for {self.channels} channels.",
            )
            _require_finite(f"the '{what}' of the preprocessing", values)
        _require(all(value > 0 for value in self.std), "A standard deviation of the preprocessing is not above 0.")
        _require_finite("the settings of the preprocessing", self.settings.values())
        object.__setattr__(self, "settings", records.frozen(self.settings))


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
        _require_finite(f"the calibration of '{self.finding}'", numbers)
        _require(self.slope > 0, f"The calibration of '{self.finding}' has a slope of {self.slope}, not above 0.")
        _require(
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
        _require(self.n > 0, f"A calibration on {self.n} cases is none.")
        _require_unique("calibrations", [scaling.finding for scaling in self.platt])
        _require(
            bool(self.platt) == (self.method == "platt") and (self.temperature is not None) == (not self.platt),
            f"The calibration by '{self.method}' needs the numbers of that method and of no other.",
        )
        temperatures = [] if self.temperature is None else [self.temperature, *self.temperature_resamples]
        _require_finite("the temperature of the calibration", temperatures)
        _require(all(value > 0 for value in temperatures), "A temperature of the calibration is not above 0.")


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
        _require(bool(self.name.strip()), f"An operating point of '{self.finding}' has no name.")
        _require(0 <= self.threshold <= 1, f"The {where} has a threshold of {self.threshold}, not between 0 and 1.")
        for what, estimate in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            _require(
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
        _require(self.n > 0, f"A conformal calibration on {self.n} cases is none.")
        tables = [self.quantiles] if self.quantiles else list(self.by_finding.values())
        _require(bool(tables), "The conformal calibration has no quantiles.")
        for table in tables:
            _require_quantiles(table)
            _require(
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
        _require(bool(_PLAIN_NAME.match(self.file)), f"The feature statistics lie in {self.file!r}, no plain name.")
        _require_finite("the limits of the feature distance", (self.warn_above, self.stop_above))
        _require(
            0 < self.warn_above <= self.stop_above,
            f"The feature distance warns above {self.warn_above:g} and stops above {self.stop_above:g}; "
            "the limits must be above 0 and in this order.",
        )
        _require(self.n > 0, f"Feature statistics of {self.n} images are none.")


@dataclass(frozen=True)
class Explanation:
    """How heat maps are made: the method, and the layer's dotted name (empty: the last one before pooling)."""

    method: ExplanationMethod
    layer: str = ""


@dataclass(frozen=True)
class Training:
    """What the weights have seen.

    Parameters
    ----------
    protocol : ``published`` (the paper's way, flaws labelled) or ``rigorous``
    patients, images : of the training cohort
    counts : images by label name
    sources : data sets, as a reader would look for them
    seed : of every random choice
    synthetic_images : how many of ``images`` were made by a generator
    settings : epochs, learning rate and the like, for those who repeat it
    """

    protocol: Protocol
    patients: int
    images: int
    counts: Mapping[str, int]
    sources: tuple[str, ...]
    seed: int
    synthetic_images: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(
            0 < self.patients <= self.images,
            f"A training cohort of {self.patients} patients and {self.images} images is not plausible.",
        )
        _require(all(count >= 0 for count in self.counts.values()), "A label of the training cohort has fewer than 0.")
        _require(0 <= self.synthetic_images <= self.images, "The cohort has more synthetic images than images.")
        object.__setattr__(self, "counts", records.frozen(self.counts))
        object.__setattr__(self, "settings", records.frozen(self.settings))


@dataclass(frozen=True)
class BundleMetadata:
    """Everything that ReadingRoom knows of a bundle before its weights are loaded.

    Parameters
    ----------
    name, title, version : ``cxr-nih-pneumonia``, what people call it, ``1.0.0``
    reader, task : which reader uses it and for which question: ``chest-xray``, ``nih-pneumonia``
    backbone : name in our own registry of networks (timm's names)
    labels : one per network output, in order
    multilabel : True when labels do not exclude each other (sigmoid), False when exactly one holds (softmax)
    operating_points, default_operating_point : by finding and name; the default's name
    metrics : by name, such as ``auc``; measured on cases that trained nothing
    demonstration : True for bundles that were trained on phantoms; a banner says so everywhere
    extra : what readers of another kind need and check themselves

    Raises
    ------
    ValueError : something is implausible or refers to a label that is not there
    """

    name: str
    title: str
    version: str
    reader: str
    task: str
    backbone: str
    labels: tuple[Label, ...]
    multilabel: bool
    preprocessing: Preprocessing
    training: Training
    intended_use: str
    licence: str
    demonstration: bool
    calibration: Calibration | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    default_operating_point: str = ""
    conformal: Conformal | None = None
    feature_statistics: FeatureStatistics | None = None
    explanation: Explanation | None = None
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    citation: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_name(self.name)
        for what, name in (("reader", self.reader), ("task", self.task)):
            _require(bool(_PLAIN_NAME.match(name)), f"The {what} is named {name!r}, which is not a plain name.")
        _require(bool(_VERSION.match(self.version)), f"The version {self.version!r} is not written like 1.0.0.")
        _require(bool(_BACKBONE.match(self.backbone)), f"The backbone {self.backbone!r} is not a plain name.")
        for what in ("title", "intended_use", "licence"):
            _require(bool(getattr(self, what).strip()), f"The bundle's '{what}' is empty.")
        _require(bool(self.labels), "The bundle has no labels.")
        _require_unique("labels", [label.name for label in self.labels])
        self._check_operating_points()
        self._check_references()
        object.__setattr__(self, "metrics", records.frozen(self.metrics))
        object.__setattr__(self, "extra", records.frozen(self.extra))

    def _check_operating_points(self) -> None:
        names = [(point.finding, point.name) for point in self.operating_points]
        _require_unique("operating points", [f"{finding}/{name}" for finding, name in names])
        if self.operating_points or self.default_operating_point:
            _require(
                self.default_operating_point in {name for _, name in names},
                f"The default operating point '{self.default_operating_point}' is none of the bundle's points.",
            )

    def _check_references(self) -> None:
        known = {label.name for label in self.labels}
        scalings = self.calibration.platt if self.calibration else ()
        for what, names in (
            ("An operating point", [point.finding for point in self.operating_points]),
            ("The calibration", [scaling.finding for scaling in scalings]),
            ("The conformal calibration", self.conformal.by_finding if self.conformal else ()),
            ("The training cohort", self.training.counts),
        ):
            strangers = sorted(set(names) - known)
            _require(not strangers, f"{what} speaks of {', '.join(strangers)}, which is no label of the bundle.")
        if self.conformal and self.multilabel:
            missing = sorted(known - set(self.conformal.by_finding))
            _require(not missing, f"The conformal calibration has no quantiles for {', '.join(missing)}.")
        elif self.conformal:
            _require(bool(self.conformal.quantiles), "The conformal calibration has no quantiles for exclusive labels.")

    @property
    def outputs(self) -> int:
        """How many numbers the network gives: one per label."""
        return len(self.labels)

    def points(self, finding: str) -> tuple[ReadingPoint, ...]:
        """The operating points of one finding, as a reading carries them."""
        return tuple(
            ReadingPoint(point.name, point.threshold, point.sensitivity, point.specificity)
            for point in self.operating_points
            if point.finding == finding
        )

    def facts(self, sha256: str) -> BundleFacts:
        """What a reading says of the bundle; ``sha256`` is the bundle's identity."""
        return BundleFacts(
            name=self.name,
            title=self.title,
            version=self.version,
            sha256=sha256,
            demonstration=self.demonstration,
            intended_use=self.intended_use,
            licence=self.licence,
            warnings=self.warnings,
            metrics=self.metrics,
        )

    def to_json(self) -> dict[str, Any]:
        """The ``readingroom`` section as plain JSON values."""
        return {"format": FORMAT, **records.to_json(self)}

    @classmethod
    def from_json(cls, data: Any) -> BundleMetadata:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError : of another format, or something is missing, unknown or not plausible
        """
        _require(isinstance(data, Mapping), "The metadata has no 'readingroom' section.")
        found = data.get("format")
        if isinstance(found, int) and found > FORMAT:
            raise ValueError(f"It is of format {found} and needs a newer ReadingRoom.")
        _require(found == FORMAT, f"The 'readingroom' section is of format {found!r}, expected {FORMAT}.")
        return records.from_json(cls, {key: value for key, value in data.items() if key != "format"})


def require_name(name: str) -> None:
    """Refuse a bundle name that could not be a folder on every system.

    Raises
    ------
    ValueError : not lower-case letters, digits, ``-`` and ``_``, longer than 64, or a device's name on Windows
    """
    _require(bool(_PLAIN_NAME.match(name)), f"A bundle is named {name!r}, which is not a plain name.")
    _require(name not in _DEVICE_NAMES, f"A bundle cannot be named '{name}': Windows keeps this name for a device.")


def _require(right: bool, sentence: str) -> None:
    if not right:
        raise ValueError(sentence)


def _require_finite(what: str, numbers: Iterable[float]) -> None:
    _require(all(math.isfinite(number) for number in numbers), f"A number in {what} is not finite.")


def _require_unique(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    _require(not repeated, f"Two {what} are named {', '.join(repeated)}.")


def _require_quantiles(table: Mapping[str, float]) -> None:
    for key in table:
        try:
            coverage = float(key)
        except ValueError:
            coverage = math.nan
        _require(0 < coverage < 1, f"The conformal quantiles have an entry '{key}', which is no coverage.")
    values = [table[key] for key in sorted(table, key=float)]
    _require(all(0 <= value <= 1 for value in values), "A conformal quantile is not between 0 and 1.")
    _require(values == sorted(values), "The conformal quantiles fall with higher coverage.")
