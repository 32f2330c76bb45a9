"""What bundles of every kind say of themselves: names, labels, what they learned from, what they are meant for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import records
from ..codes import Code
from ..dicom_terms import OLDEST
from ..reading import BundleFacts, Estimate, OperatingPoint
from .calibration import Calibration
from .paths import is_device
from .validation import PLAIN_NAME, require, require_unique

FORMAT = 2

ProtocolName = Literal["published", "rigorous", "own"]

_LONGEST_BANNER = 120
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,2}([a-z0-9.+-]{1,20})?\Z")


@dataclass(frozen=True)
class Label:
    """What a bundle answers: ``name`` for machines (``no-finding``), ``title`` for people (``No finding``), and the
    coded term that DICOM SR and SEG write, where there is one."""

    name: str
    title: str
    code: Code | None = None

    def __post_init__(self) -> None:
        require(bool(PLAIN_NAME.match(self.name)), f"A label is named {self.name!r}, which is not a plain name.")
        require(bool(self.title.strip()), f"The label '{self.name}' has no title.")


@dataclass(frozen=True)
class Training:
    """What a bundle learned from.

    Parameters
    ----------
    protocol : ``published`` (the paper's way, flaws labeled), ``rigorous``, or ``own``: a changed copy of one of them
    patients, images : of the training cohort
    counts : images by label name; of survival, events by cause
    sources : data sets, as a reader would look for them
    seed : of every random choice
    synthetic_images : how many of ``images`` were made by a generator
    settings : epochs, learning rate and the like, for those who repeat it
    """

    protocol: ProtocolName
    patients: int
    images: int
    counts: Mapping[str, int]
    sources: tuple[str, ...]
    seed: int
    synthetic_images: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            0 < self.patients <= self.images,
            f"A training cohort of {self.patients} patients and {self.images} images is not plausible.",
        )
        require(all(count >= 0 for count in self.counts.values()), "A label of the training cohort has fewer than 0.")
        require(0 <= self.synthetic_images <= self.images, "The cohort has more synthetic images than images.")
        object.__setattr__(self, "counts", records.frozen(self.counts))
        object.__setattr__(self, "settings", records.frozen(self.settings))


@dataclass(frozen=True, kw_only=True)
class CommonMetadata:
    """Fields of every kind of bundle.

    Parameters
    ----------
    name, title, version : ``cxr-nih-pneumonia``, what people call it, ``1.0.0``
    reader, task : which reader uses it and for which question: ``chest-xray``, ``nih-pneumonia``
    labels : what it answers, in the order of its outputs
    metrics : by name, such as ``auc``; measured on cases that trained nothing
    baselines : the same of simpler models on the same cases, by what people call them
    demonstration : True for bundles that were trained on phantoms; a banner says so everywhere
    banner : a sentence that must stand above every number, such as that site and label were one; empty without need
    ages : completed years, lowest and highest, of the patients that it was trained on; None where nobody knows them

    Raises
    ------
    ValueError : something is implausible or refers to a label that is not there
    """

    name: str
    title: str
    version: str
    reader: str
    task: str
    labels: tuple[Label, ...]
    training: Training
    intended_use: str
    license: str
    demonstration: bool
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    baselines: Mapping[str, Estimate] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    banner: str = ""
    ages: tuple[float, float] | None = None
    citation: tuple[str, ...] = ()
    authors: str = ""

    def __post_init__(self) -> None:
        require_name(self.name)
        for what, name in (("reader", self.reader), ("task", self.task)):
            require(bool(PLAIN_NAME.match(name)), f"The {what} is named {name!r}, which is not a plain name.")
        require(bool(_VERSION.match(self.version)), f"The version {self.version!r} is not written like 1.0.0.")
        for what in ("title", "intended_use", "license"):
            require(bool(getattr(self, what).strip()), f"The bundle's '{what}' is empty.")
        require(len(self.banner) <= _LONGEST_BANNER, "The bundle's banner is longer than a line.")
        if self.ages is not None:
            low, high = self.ages
            require(0 <= low <= high <= OLDEST, f"Ages of {low:g} to {high:g} years are not plausible.")
        require(bool(self.labels), "The bundle has no labels.")
        require_unique("labels", [label.name for label in self.labels])
        self.require_labels("The training cohort", self.training.counts)
        object.__setattr__(self, "metrics", records.frozen(self.metrics))
        object.__setattr__(self, "baselines", records.frozen(self.baselines))

    def require_labels(self, what: str, names: Mapping[str, Any] | list[str]) -> None:
        """Refuse ``names`` that are no labels of the bundle; ``what`` begins the sentence."""
        strangers = sorted(set(names) - {label.name for label in self.labels})
        require(not strangers, f"{what} speaks of {', '.join(strangers)}, which is no label of the bundle.")

    def facts(self, sha256: str) -> BundleFacts:
        """What a reading says of the bundle; ``sha256`` is the bundle's identity."""
        return BundleFacts(
            name=self.name,
            title=self.title,
            version=self.version,
            sha256=sha256,
            demonstration=self.demonstration,
            intended_use=self.intended_use,
            license=self.license,
            warnings=self.warnings,
            banner=self.banner,
            metrics=self.metrics,
        )

    def to_json(self) -> dict[str, Any]:
        """The ``readingroom`` section of ``configs/metadata.json`` as plain JSON values."""
        data = records.to_json(self)
        return {"format": FORMAT, "kind": data.pop("kind"), **data}


@dataclass(frozen=True, kw_only=True)
class ProbabilityMetadata(CommonMetadata):
    """Fields of the kinds whose labels have probabilities.

    Parameters
    ----------
    operating_points, default_operating_point : thresholds by finding and name; the default's name
    """

    calibration: Calibration | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    default_operating_point: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [(point.finding, point.name) for point in self.operating_points]
        require_unique("operating points", [f"{finding}/{name}" for finding, name in names])
        self.require_labels("An operating point", [finding for finding, _ in names])
        self.require_labels("The calibration", self.calibration.platt if self.calibration else {})
        if self.operating_points or self.default_operating_point:
            require(
                self.default_operating_point in {name for _, name in names},
                f"The default operating point '{self.default_operating_point}' is none of the bundle's points.",
            )

    def points(self, finding: str) -> tuple[OperatingPoint, ...]:
        """The operating points of one finding."""
        return tuple(point for point in self.operating_points if point.finding == finding)


def require_name(name: str) -> None:
    """Refuse a bundle name that could not be a folder on every system.

    Raises
    ------
    ValueError : not lower-case letters, digits, ``-`` and ``_``, longer than 64, or a device's name on Windows
    """
    require(bool(PLAIN_NAME.match(name)), f"A bundle is named {name!r}, which is not a plain name.")
    # Folders are named after bundles.
    require(not is_device(name), f"A bundle cannot be named '{name}': Windows keeps this name for a device.")
