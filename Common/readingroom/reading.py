"""The result of a read: findings with calibrated probabilities, heat maps, checks, provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from . import records
from .study import Study

Status = Literal["pass", "warn", "stop"]
Decision = Literal["", "accept", "reject"]


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
    """A threshold on the calibrated probability and what it did on cases that trained nothing."""

    name: str
    threshold: float
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"The threshold of '{self.name}' is {self.threshold}, not between 0 and 1.")


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
    """One reason to trust or doubt a reading, with a sentence that a radiologist understands."""

    name: str
    status: Status
    sentence: str
    value: float | None = None
    limit: float | None = None


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
    ``gain`` is the area between the two curves: above 0, the map points at what the network uses.
    """

    fractions: tuple[float, ...]
    hottest: tuple[float, ...]
    random: tuple[float, ...]
    gain: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.fractions) == len(self.hottest) == len(self.random):
            raise ValueError("The curves of a faithfulness check differ in length.")


@dataclass(frozen=True)
class HeatMap:
    """Where one finding's answer comes from: a float volume 0 to 1 in the geometry of ``image``; hot is important.

    ``path`` is relative to the folder that holds ``reading.json``.
    """

    finding: str
    image: str
    method: str
    path: Path
    levels: tuple[float, ...] = (0.5, 0.75)
    box: Box | None = None
    faithfulness: Faithfulness | None = None

    def __post_init__(self) -> None:
        # A reading may come from elsewhere; what it names is opened.
        if self.path.is_absolute() or self.path.drive or ".." in self.path.parts:
            raise ValueError(f"The heat map {self.path} does not lie in the folder of its reading.")


@dataclass(frozen=True)
class Verdict:
    """What the reader of the images says of one finding."""

    finding: str
    decision: Decision = ""
    comment: str = ""


@dataclass(frozen=True)
class BundleFacts:
    """Which bundle answered, and what a report must say of it."""

    name: str
    title: str
    version: str
    sha256: str
    demonstration: bool
    intended_use: str = ""
    license: str = ""
    warnings: tuple[str, ...] = ()
    metrics: Mapping[str, Estimate] = field(default_factory=dict)

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

    ``forced`` is True when a ``stop`` check was overruled by the user; reports say so.

    Raises
    ------
    ValueError : findings repeat, something refers to a finding or image that is not there, or a ``stop`` check
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
    heat_maps: tuple[HeatMap, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    comment: str = ""
    forced: bool = False

    def __post_init__(self) -> None:
        names = [finding.name for finding in self.findings]
        if repeated := {n for n in names if names.count(n) > 1}:
            raise ValueError(f"Two findings are named {', '.join(sorted(repeated))}.")
        for what, referred in (
            ("heat map", [m.finding for m in self.heat_maps]),
            ("verdict", [v.finding for v in self.verdicts]),
            ("prediction set", [p.finding for p in self.prediction_sets if p.finding]),
        ):
            if strangers := set(referred) - set(names):
                raise ValueError(f"A {what} speaks of {', '.join(sorted(strangers))}, which is no finding here.")
        for heat_map in self.heat_maps:
            self.study.image(heat_map.image)
        if has_stop(self.checks) and not self.forced:
            raise ValueError("A reading with a 'stop' check needs forced=True.")

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

    def with_verdict(self, verdict: Verdict) -> Reading:
        """The same reading with this verdict in place of the finding's earlier one."""
        others = tuple(v for v in self.verdicts if v.finding != verdict.finding)
        return replace(self, verdicts=(*others, verdict))

    @property
    def anonymous(self) -> Reading:
        """The same reading without what names the patient (file paths can hold names, so they go too)."""
        study = self.study.anonymous
        images = tuple(replace(image, path=Path(image.name)) for image in study.images)
        masks = tuple(replace(mask, path=Path(mask.name)) for mask in study.masks)
        return replace(self, study=replace(study, images=images, masks=masks))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values as described by ``schemas/reading.schema.json``."""
        return {"format": 1, **records.to_json(self)}

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
        if not isinstance(data, dict) or data.get("format") != 1:
            raise ValueError("This is not a reading of format 1.")
        return records.from_json(cls, {key: value for key, value in data.items() if key != "format"})
