"""The result of a read: findings, measurements, regions, curves, heat maps, comparisons, checks, provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from . import records
from .codes import Code
from .study import Study

Status = Literal["pass", "warn", "stop"]
Decision = Literal["", "accept", "reject"]
MapShows = Literal["evidence", "attention", "asymmetry", "change", "feature", "bias-field"]
ModelKind = Literal["network", "explained", "handcrafted"]

FORMAT = 2


@dataclass(frozen=True)
class Interval:
    """A two-sided interval, ``low <= high``; ``level`` is its confidence, 0.95 for 95 %."""

    low: float
    high: float
    level: float = 0.95

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"The interval {self.low} to {self.high} runs backwards.")
        if not 0 < self.level < 1:
            raise ValueError(f"A confidence level of {self.level} is not between 0 and 1.")


@dataclass(frozen=True)
class Estimate:
    """A number measured on ``n`` cases, with its interval (a sensitivity, a specificity, an AUC)."""

    value: float
    interval: Interval | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if self.n is not None and self.n < 0:
            raise ValueError(f"An estimate cannot be measured on {self.n} cases.")


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
        if not self.name.strip():
            raise ValueError(f"An operating point of '{self.finding}' has no name.")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"The {where} has a threshold of {self.threshold}, not between 0 and 1.")
        for what, estimate in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            if estimate is not None and not 0 <= estimate.value <= 1:
                raise ValueError(f"The {where} has a {what} that is not between 0 and 1.")


@dataclass(frozen=True)
class Finding:
    """One answer: a label and its calibrated probability.

    ``positive`` is None when the finding has no operating point (it then only has a probability).
    ``interval`` is the uncertainty of the calibration, from the cases that it was fitted on.
    """

    name: str
    title: str
    probability: float
    interval: Interval | None = None
    positive: bool | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    chosen_point: str = ""
    code: Code | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"The probability of '{self.name}' is {self.probability}, not between 0 and 1.")
        if self.chosen_point and self.operating_point is None:
            raise ValueError(f"'{self.name}' was decided at '{self.chosen_point}', which is none of its points.")

    @property
    def operating_point(self) -> OperatingPoint | None:
        """The operating point that ``positive`` was decided at."""
        return next((point for point in self.operating_points if point.name == self.chosen_point), None)


@dataclass(frozen=True)
class PredictionSet:
    """Split-conformal set: the true label lies in ``labels`` in ``coverage`` of cases like the ``n`` calibration cases.

    For a multi-label task there is one set per finding, with labels such as ``present`` and ``absent``.
    """

    labels: tuple[str, ...]
    coverage: float
    n: int
    finding: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.coverage < 1:
            raise ValueError(f"A coverage of {self.coverage} is not between 0 and 1.")
        if self.n < 1:
            raise ValueError(f"A prediction set cannot be calibrated on {self.n} cases.")


@dataclass(frozen=True)
class Check:
    """One reason to trust or doubt a reading, with a sentence that a radiologist understands.

    Parameters
    ----------
    value : what was measured; None where the sentence says all that there is, such as the words of a header
    limit : that it was held against
    unit : of both, UCUM; ``1`` for a plain number
    """

    name: str
    status: Status
    sentence: str
    value: float | None = None
    limit: float | None = None
    unit: str = "1"

    @classmethod
    def of_share(cls, name: str, status: Status, sentence: str, share: float, limit: float) -> Check:
        """A check of a share and its limit, both 0 to 1, which it holds in percent."""
        return cls(name, status, sentence, 100 * share, 100 * limit, "%")


def has_stop(checks: Iterable[Check]) -> bool:
    """Whether one of the checks ends the read."""
    return any(check.status == "stop" for check in checks)


@dataclass(frozen=True)
class Box:
    """The strongest region of a map on ``image``: half-open index ranges in ``[i, j(, k)]`` order.

    An attention box, not a lesion outline.
    """

    start: tuple[int, ...]
    stop: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.start) != len(self.stop) or not all(a < b for a, b in zip(self.start, self.stop, strict=True)):
            raise ValueError(f"The box from {self.start} to {self.stop} is empty.")


@dataclass(frozen=True)
class Faithfulness:
    """How the probability falls as parts of the picture are removed, hottest first, against parts drawn at random.

    ``fractions`` of the picture removed; ``hottest`` and ``random`` are the probabilities left, the latter a mean.
    ``gain`` is the area between the two curves: from `least_gain` on, the map points at what the network uses.
    """

    fractions: tuple[float, ...]
    hottest: tuple[float, ...]
    random: tuple[float, ...]
    gain: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.fractions) == len(self.hottest) == len(self.random):
            raise ValueError("The curves of a faithfulness check differ in length.")

    @property
    def least_gain(self) -> float:
        """The gain when the curves differ by a hundredth of the probability on average.

        A report rounds to whole percent, and arithmetic alone leaves differences of a billionth.
        """
        return 0.01 * self.hottest[0] * self.fractions[-1]

    @property
    def points_at_evidence(self) -> bool:
        return self.gain > 0 and self.gain >= self.least_gain


@dataclass(frozen=True)
class Measurement:
    """A number with its unit: ``Measurement("lung-volume", "Lung volume", 4100.0, "mL")``.

    Parameters
    ----------
    name, title : for machines and for people
    value : in ``unit``, which is UCUM (``mL``, ``mm``, ``%``, ``[hnsf'U]``; ``1`` for a plain number)
    interval : its uncertainty, where known
    code : what was measured
    image, region : what it was measured on, by role and by `Region` name; empty: the study as a whole
    part : of the body, for people ("Right upper"), where the same is measured of several; they stand in one table
    """

    name: str
    title: str
    value: float
    unit: str
    interval: Interval | None = None
    code: Code | None = None
    image: str = ""
    region: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if not self.unit.strip():
            raise ValueError(f"The measurement '{self.name}' has no unit; a plain number has the unit '1'.")


@dataclass(frozen=True)
class Region:
    """A part of an image that the reader outlined or was given: an organ, a zone, a lesion.

    Parameters
    ----------
    name, title : for machines and for people
    image : role of the image that it lies on
    mask : label map in that image's geometry (non-zero is inside), relative to the folder of the reading
    code : what it is
    volume_ml : of a region in three dimensions
    color : red, green and blue, 0 to 1
    """

    name: str
    title: str
    image: str
    mask: Path
    code: Code | None = None
    volume_ml: float | None = None
    color: tuple[float, float, float] = (0.3, 0.7, 0.9)

    def __post_init__(self) -> None:
        _require_inside("region", self.mask)
        if self.volume_ml is not None and self.volume_ml < 0:
            raise ValueError(f"The region '{self.name}' has a volume of {self.volume_ml} mL.")


@dataclass(frozen=True)
class Line:
    """One line of a `Curve`: a value for each of its positions, with the band around it where one is known."""

    title: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or len(self.low) not in (0, len(self.values)):
            raise ValueError(f"The band of the line '{self.title}' does not have its length.")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"The band of the line '{self.title}' runs backwards.")


@dataclass(frozen=True)
class Curve:
    """Values over an axis: a survival curve over months, an attention profile over the slices of an image.

    Parameters
    ----------
    kind : ``survival`` (steps, from 0 to 1) or ``profile``
    positions : rising, in ``position_unit`` (UCUM; ``{slice}`` for slices of the image, the first is 1)
    line : the answer; ``baselines`` stand beside it for comparison
    level : confidence of the bands
    image : for a profile along an image, its role: choosing a position then moves the slice views there
    """

    name: str
    title: str
    kind: Literal["survival", "profile"]
    positions: tuple[float, ...]
    position_title: str
    position_unit: str
    value_title: str
    line: Line
    value_unit: str = "1"
    baselines: tuple[Line, ...] = ()
    level: float = 0.95
    image: str = ""

    def __post_init__(self) -> None:
        if not self.positions or any(a >= b for a, b in zip(self.positions, self.positions[1:], strict=False)):
            raise ValueError(f"The positions of the curve '{self.name}' do not rise.")
        for line in (self.line, *self.baselines):
            if len(line.values) != len(self.positions):
                raise ValueError(f"The line '{line.title}' of the curve '{self.name}' does not have its length.")
            if self.kind == "survival" and not all(0 <= value <= 1 for value in line.values):
                raise ValueError(f"The survival curve '{self.name}' leaves the range from 0 to 1.")


@dataclass(frozen=True)
class Comparison:
    """One number now against the same number on a prior image.

    Parameters
    ----------
    now, prior : in ``unit`` (UCUM)
    now_image, prior_image : roles; their dates say when
    change : interval of ``now - prior``, where known
    """

    name: str
    title: str
    unit: str
    now: float
    prior: float
    now_image: str
    prior_image: str
    change: Interval | None = None
    code: Code | None = None


@dataclass(frozen=True)
class KeyPicture:
    """A picture for the report: the slice or view of ``image`` that shows a finding best.

    Parameters
    ----------
    path : PNG, relative to the folder of the reading
    caption : what is to be seen
    image : role
    slice : index along the third array axis (k) of a volume; None for a flat picture
    finding : whose heat map lies on it; empty where none does
    """

    path: Path
    caption: str
    image: str
    slice: int | None = None
    finding: str = ""

    def __post_init__(self) -> None:
        _require_inside("key picture", self.path)


@dataclass(frozen=True)
class HeatMap:
    """Where one finding's answer comes from: a float volume 0 to 1 in the geometry of ``image``; hot is important.

    ``path`` is relative to the folder that holds ``reading.json``. ``shows`` the ``evidence`` of each place for the
    finding, the ``attention`` that a network pays to each slice, how far a place is brighter than the same place of
    the other breast (``asymmetry``) or of the prior (``change``), or where a ``feature`` of the network is active,
    which ``feature`` names; there is one map of each for an image and finding. A ``bias-field`` says no importance: it
    is what the coils multiply each place of an MR by, around 1, and its levels bound it in nine tenths of the body.
    """

    finding: str
    image: str
    method: str
    path: Path
    levels: tuple[float, ...] = (0.5, 0.75)
    box: Box | None = None
    faithfulness: Faithfulness | None = None
    shows: MapShows = "evidence"
    feature: str = ""

    def __post_init__(self) -> None:
        _require_inside("heat map", self.path)
        if (self.shows == "feature") != bool(self.feature):
            raise ValueError(f"A heat map of '{self.finding}' shows a feature exactly where it names one.")


@dataclass(frozen=True)
class FeatureValue:
    """A handcrafted feature of this patient, against the training cohort.

    Parameters
    ----------
    name, title : ``original_glcm_Contrast``, and what people call it
    value : in ``unit`` as people write it (``mm³``; empty where it has none); None where it is not defined here
    z : standard deviations above the mean of the cohort; None where nothing varies there
    share_below : share of the cohort that lies below, 0 to 1
    """

    name: str
    title: str
    value: float | None
    unit: str = ""
    z: float | None = None
    share_below: float | None = None

    def __post_init__(self) -> None:
        _require_share(f"share of the cohort below '{self.name}'", self.share_below)


@dataclass(frozen=True)
class Followed:
    """A handcrafted feature that a deep feature follows.

    Parameters
    ----------
    feature : name of the `FeatureValue`
    correlation : on training rows; ``held_out`` on others, where there were enough
    stability : share of bootstrap resamples of the patients that choose the pair again
    """

    feature: str
    correlation: float
    stability: float
    held_out: float | None = None


@dataclass(frozen=True)
class SpeakingFeature:
    """A deep feature that has a say in the model of explained features.

    Parameters
    ----------
    name : ``deep-12``, by its place in the network, from 0; its heat map names it
    title : what it follows, in words: "Rough texture (GLCM contrast)"
    value : as the network gives it; ``z`` and ``share_below`` as of a `FeatureValue`
    weight : in the model of explained features, to the logit for each standard deviation
    contribution : to the logit, over that of the mean of the cohort: ``weight`` times ``z``
    selected : share of bootstrap resamples of the patients in which the model uses it
    follows : the strongest first
    """

    name: str
    title: str
    value: float
    z: float
    share_below: float
    weight: float
    contribution: float
    selected: float
    follows: tuple[Followed, ...]

    def __post_init__(self) -> None:
        _require_share(f"share of the cohort below '{self.name}'", self.share_below)
        _require_share(f"share in which '{self.name}' was selected", self.selected)


@dataclass(frozen=True)
class ModelAnswer:
    """The probability that one of the models gives: the network, the explained features, the handcrafted ones."""

    kind: ModelKind
    title: str
    probability: float

    def __post_init__(self) -> None:
        _require_share(f"probability of '{self.title}'", self.probability)


@dataclass(frozen=True)
class FeatureExplanation:
    """What the features of the network follow in this patient, in features that were handcrafted.

    Parameters
    ----------
    finding : whose answer is explained
    image, mask : roles; the handcrafted features are measured inside the mask
    correlation, least : which kind it is, and its least absolute value
    patients : of the training cohort
    deep_count, explained_count : features of the network, and those that follow handcrafted ones
    speaking : those with a say, the strongest contribution first
    handcrafted : all of them; empty without a mask
    answers : of the models, side by side
    notes : what has to be known of it
    """

    finding: str
    image: str
    mask: str
    correlation: Literal["pearson", "spearman"]
    least: float
    patients: int
    deep_count: int
    explained_count: int
    speaking: tuple[SpeakingFeature, ...]
    handcrafted: tuple[FeatureValue, ...] = ()
    answers: tuple[ModelAnswer, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_unique("speaking features", [feature.name for feature in self.speaking])
        _require_unique("handcrafted features", [feature.name for feature in self.handcrafted])
        _require_unique("models", [answer.kind for answer in self.answers])
        if not len(self.speaking) <= self.explained_count <= self.deep_count:
            raise ValueError(
                f"{len(self.speaking)} of {self.explained_count} of {self.deep_count} features is no explanation."
            )

    @property
    def has_held_out(self) -> bool:
        """Whether correlations on held-out rows are known of anything that a speaking feature follows."""
        return any(one.held_out is not None for feature in self.speaking for one in feature.follows)

    def value(self, name: str) -> FeatureValue | None:
        """The handcrafted feature of that name, or None."""
        return next((feature for feature in self.handcrafted if feature.name == name), None)

    def answer(self, kind: ModelKind) -> ModelAnswer | None:
        """What that model says, or None."""
        return next((answer for answer in self.answers if answer.kind == kind), None)


@dataclass(frozen=True)
class Verdict:
    """What the reader of the images says of one finding."""

    finding: str
    decision: Decision = ""
    comment: str = ""


@dataclass(frozen=True)
class BundleFacts:
    """Which bundle answered, and what a report must say of it; its ``banner`` stands above every number."""

    name: str
    title: str
    version: str
    sha256: str
    demonstration: bool
    intended_use: str = ""
    license: str = ""
    warnings: tuple[str, ...] = ()
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    banner: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", records.frozen(self.metrics))


@dataclass(frozen=True)
class Provenance:
    """How the reading came about. Versions by package name; times in seconds; ``started`` is ISO 8601 in UTC."""

    software: Mapping[str, str]
    device: str
    started: str
    seconds: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # fallbacks that took over, said aloud

    def __post_init__(self) -> None:
        object.__setattr__(self, "software", records.frozen(self.software))
        object.__setattr__(self, "settings", records.frozen(self.settings))


@dataclass(frozen=True)
class Reading:
    """The answer to one question about one study. Immutable, checked when built.

    ``forced`` is True when a ``stop`` check was overruled by the user; reports say so. ``pending`` names, in words,
    the tests of the answer that are still running: the same reading without them follows when they are done.
    ``outdated`` says, in a sentence, what of it belongs to a mask that was corrected since; empty where nothing does.

    Raises
    ------
    ValueError : names repeat, something refers to a finding, image or region that is not there, or a ``stop`` check
        stands without ``forced``
    """

    reader: str
    task: str
    study: Study
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    bundle: BundleFacts
    provenance: Provenance
    prediction_sets: tuple[PredictionSet, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    regions: tuple[Region, ...] = ()
    curves: tuple[Curve, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    heat_maps: tuple[HeatMap, ...] = ()
    key_pictures: tuple[KeyPicture, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    comment: str = ""
    forced: bool = False
    pending: tuple[str, ...] = ()
    explained: FeatureExplanation | None = None
    outdated: str = ""

    def __post_init__(self) -> None:
        for what, items in (
            ("findings", self.findings),
            ("measurements", self.measurements),
            ("regions", self.regions),
            ("curves", self.curves),
            ("comparisons", self.comparisons),
        ):
            _require_unique(what, [item.name for item in items])
        _require_unique("heat maps", [f"{m.finding} on {m.image} ({m.feature or m.shows})" for m in self.heat_maps])
        self._check_references()
        if has_stop(self.checks) and not self.forced:
            raise ValueError("A reading with a 'stop' check needs forced=True.")

    def _check_references(self) -> None:
        findings = {finding.name for finding in self.findings}
        for what, referred in (
            ("heat map", [m.finding for m in self.heat_maps]),
            ("key picture", [p.finding for p in self.key_pictures if p.finding]),
            ("verdict", [v.finding for v in self.verdicts]),
            ("prediction set", [p.finding for p in self.prediction_sets if p.finding]),
            ("feature explanation", [self.explained.finding] if self.explained else []),
        ):
            if strangers := set(referred) - findings:
                raise ValueError(f"A {what} speaks of {', '.join(sorted(strangers))}, which is no finding here.")
        images = {image.role for image in self.study.images}
        for what, referred in (
            ("heat map", [m.image for m in self.heat_maps]),
            ("region", [r.image for r in self.regions]),
            ("key picture", [p.image for p in self.key_pictures]),
            ("measurement", [m.image for m in self.measurements if m.image]),
            ("curve", [c.image for c in self.curves if c.image]),
            ("comparison", [role for c in self.comparisons for role in (c.now_image, c.prior_image)]),
            ("feature explanation", [self.explained.image] if self.explained else []),
        ):
            if strangers := set(referred) - images:
                raise ValueError(f"A {what} lies on {', '.join(sorted(strangers))}, which is no image of the study.")
        regions = {region.name for region in self.regions}
        if strangers := {m.region for m in self.measurements if m.region} - regions:
            raise ValueError(f"A measurement is of the region {', '.join(sorted(strangers))}, which is not here.")
        features = {feature.name for feature in self.explained.speaking} if self.explained else set()
        if strangers := {m.feature for m in self.heat_maps if m.feature} - features:
            raise ValueError(f"A heat map shows the feature {', '.join(sorted(strangers))}, which does not speak here.")

    def finding(self, name: str) -> Finding:
        """The finding of that name.

        Raises
        ------
        KeyError : there is none
        """
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(f"The reading has no finding named '{name}'.")

    def heat_map(self, image: str, finding: str, shows: MapShows = "evidence", feature: str = "") -> HeatMap | None:
        """The heat map of a finding on an image, or None."""
        wanted = (image, finding, shows, feature)
        return next((m for m in self.heat_maps if (m.image, m.finding, m.shows, m.feature) == wanted), None)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that belong to the reading besides ``reading.json``, relative to its folder."""
        paths = [
            *(m.path for m in self.heat_maps),
            *(r.mask for r in self.regions),
            *(p.path for p in self.key_pictures),
        ]
        return tuple(dict.fromkeys(paths))

    def with_verdict(self, verdict: Verdict) -> Reading:
        """The same reading with this verdict in place of the finding's earlier one."""
        others = tuple(v for v in self.verdicts if v.finding != verdict.finding)
        return replace(self, verdicts=(*others, verdict))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values as described by ``schemas/reading.schema.json``."""
        return {"format": FORMAT, **records.to_json(self)}

    def to_bytes(self) -> bytes:
        """The content of a ``reading.json``, UTF-8."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        # A file name that is no Unicode (Linux allows any bytes) holds surrogates; JSON has them too, as \udcff.
        return text.encode("utf-8", errors="backslashreplace")

    @classmethod
    def from_json(cls, data: Any) -> Reading:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError : something is missing, unknown or contradictory
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"This is not a reading of format {FORMAT}.")
        return records.from_json(cls, {key: value for key, value in data.items() if key != "format"})


def _require_inside(what: str, path: Path) -> None:
    """A reading may come from elsewhere, and what it names is opened."""
    if path.is_absolute() or path.drive or ".." in path.parts:
        raise ValueError(f"The {what} {path} does not lie in the folder of its reading.")


def _require_share(what: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"The {what} is {value}, not between 0 and 1.")


def _require_unique(what: str, names: list[str]) -> None:
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two {what} are named {', '.join(sorted(repeated))}.")
