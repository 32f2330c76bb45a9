"""The ``readingroom`` section of a bundle's ``configs/metadata.json``: what a trained model is and how far to trust it.

Every record is frozen and checked when built; a refusal is a ``ValueError`` with one sentence, which
`readingroom.bundles.bundle.load` turns into a `BundleError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import records
from ..reading import BundleFacts, Estimate
from ..reading import OperatingPoint as ReadingPoint
from .confidence import Calibration, Conformal, FeatureStatistics, OperatingPoint, PlattScaling
from .network import Explanation, ExplanationMethod, Label
from .preprocessing import InputKind, Normalize, Preprocessing, Preset
from .signature import SignatureFacts, SignatureFeature
from .training import ProtocolName, Training
from .validation import PLAIN_NAME, require, require_unique

__all__ = [
    "FORMAT",
    "BundleMetadata",
    "Calibration",
    "Conformal",
    "Explanation",
    "ExplanationMethod",
    "FeatureStatistics",
    "InputKind",
    "Label",
    "Normalize",
    "OperatingPoint",
    "PlattScaling",
    "Preprocessing",
    "Preset",
    "ProtocolName",
    "SignatureFacts",
    "SignatureFeature",
    "Training",
    "require_name",
]

FORMAT = 1

_BACKBONE = re.compile(
    r"[a-z0-9][a-z0-9_]{0,63}(\.[a-z0-9_]{1,63})?\Z"
)  # a timm name, with or without its weights' tag
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,2}([a-z0-9.+-]{1,20})?\Z")
# Folders are named after bundles, and Windows keeps these names for devices.
_DEVICE_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(frozen=True)
class BundleMetadata:
    """Everything that ReadingRoom knows of a bundle before its weights are loaded.

    Parameters
    ----------
    name, title, version : ``cxr-nih-pneumonia``, what people call it, ``1.0.0``
    reader, task : which reader uses it and for which question: ``chest-xray``, ``nih-pneumonia``
    backbone : name in our own registry of networks (timm's names); empty for a signature
    labels : one per network output, in order
    multilabel : True when labels do not exclude each other (sigmoid), False when exactly one holds (softmax)
    operating_points, default_operating_point : by finding and name; the default's name
    metrics : by name, such as ``auc``; measured on cases that trained nothing
    demonstration : True for bundles that were trained on phantoms; a banner says so everywhere
    extra : what readers of another kind need and check themselves
    preprocessing : None for a signature, which reads measured features and no pixels
    signature : what a signature is; None for a network

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
    preprocessing: Preprocessing | None
    training: Training
    intended_use: str
    license: str
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
    signature: SignatureFacts | None = None

    def __post_init__(self) -> None:
        require_name(self.name)
        for what, name in (("reader", self.reader), ("task", self.task)):
            require(bool(PLAIN_NAME.match(name)), f"The {what} is named {name!r}, which is not a plain name.")
        require(bool(_VERSION.match(self.version)), f"The version {self.version!r} is not written like 1.0.0.")
        self._check_kind()
        for what in ("title", "intended_use", "license"):
            require(bool(getattr(self, what).strip()), f"The bundle's '{what}' is empty.")
        require(bool(self.labels), "The bundle has no labels.")
        require_unique("labels", [label.name for label in self.labels])
        self._check_operating_points()
        self._check_references()
        object.__setattr__(self, "metrics", records.frozen(self.metrics))
        object.__setattr__(self, "extra", records.frozen(self.extra))

    def _check_kind(self) -> None:
        """A network reads pixels, a signature features; nothing is both."""
        if self.signature is not None:
            require(not self.backbone and self.preprocessing is None, "A signature has neither network nor pixels.")
            return
        require(bool(_BACKBONE.match(self.backbone)), f"The backbone {self.backbone!r} is not a plain name.")
        require(
            self.preprocessing is not None and self.preprocessing.complete,
            "The bundle does not say how pixels become the network's input.",
        )

    def _check_operating_points(self) -> None:
        names = [(point.finding, point.name) for point in self.operating_points]
        require_unique("operating points", [f"{finding}/{name}" for finding, name in names])
        if self.operating_points or self.default_operating_point:
            require(
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
            require(not strangers, f"{what} speaks of {', '.join(strangers)}, which is no label of the bundle.")
        if self.conformal and self.multilabel:
            missing = sorted(known - set(self.conformal.by_finding))
            require(not missing, f"The conformal calibration has no quantiles for {', '.join(missing)}.")
        elif self.conformal:
            require(bool(self.conformal.quantiles), "The conformal calibration has no quantiles for exclusive labels.")

    @property
    def outputs(self) -> int:
        """How many numbers the network gives: one per label."""
        return len(self.labels)

    @property
    def pixels(self) -> Preprocessing:
        """The preprocessing of a bundle that reads pixels.

        Raises
        ------
        ValueError : it is a signature, which reads none
        """
        if self.preprocessing is None:
            raise ValueError(f"The bundle '{self.name}' is a signature and reads no pixels.")
        return self.preprocessing

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
            license=self.license,
            warnings=self.warnings,
            metrics=self.metrics,
        )

    def to_json(self) -> dict[str, Any]:
        """The ``readingroom`` section as plain JSON values."""
        data = {"format": FORMAT, **records.to_json(self)}
        if self.signature is None:  # earlier versions read the bundles of networks, and do not know the word
            del data["signature"]
        return data

    @classmethod
    def from_json(cls, data: Any) -> BundleMetadata:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError : of another format, or something is missing, unknown or not plausible
        """
        require(isinstance(data, Mapping), "The metadata has no 'readingroom' section.")
        found = data.get("format")
        if isinstance(found, int) and found > FORMAT:
            raise ValueError(f"It is of format {found} and needs a newer ReadingRoom.")
        require(found == FORMAT, f"The 'readingroom' section is of format {found!r}, expected {FORMAT}.")
        return records.from_json(cls, {key: value for key, value in data.items() if key != "format"})


def require_name(name: str) -> None:
    """Refuse a bundle name that could not be a folder on every system.

    Raises
    ------
    ValueError : not lower-case letters, digits, ``-`` and ``_``, longer than 64, or a device's name on Windows
    """
    require(bool(PLAIN_NAME.match(name)), f"A bundle is named {name!r}, which is not a plain name.")
    require(name not in _DEVICE_NAMES, f"A bundle cannot be named '{name}': Windows keeps this name for a device.")
