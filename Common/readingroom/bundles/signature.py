"""Bundles that are signatures: a model on measured features in place of a network on pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .. import records
from .common import ProbabilityMetadata
from .validation import require, require_finite, require_unique

SignatureModel = Literal["lasso", "svm", "forest", "boosting"]
SignatureForm = Literal["linear", "kernel", "trees"]


@dataclass(frozen=True)
class SignatureFeature:
    """One feature of the training table.

    Parameters
    ----------
    name : as measured, ``original_glcm_Contrast``
    unit : ``mm³``; empty where it has none
    icc_low : lower bound of ICC(A,1) under changes of mask and image, where it is known
    selected : share of bootstrap resamples of the patients in which the recipe chose it
    """

    name: str
    unit: str = ""
    icc_low: float | None = None
    selected: float | None = None

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "A feature of the signature has no name.")
        require(
            self.selected is None or 0 <= self.selected <= 1,
            f"The feature '{self.name}' was selected in a share that is not between 0 and 1.",
        )
        require_finite(f"the agreement of '{self.name}'", () if self.icc_low is None else (self.icc_low,))


@dataclass(frozen=True, kw_only=True)
class SignatureMetadata(ProbabilityMetadata):
    """A model on measured features; it has one label.

    Parameters
    ----------
    model : what was fitted
    form : how its numbers are applied
    made_with : the library and its version
    score : what the model gives before calibration: ``logit``, ``margin``, ``share of trees``
    inputs : the features that it needs, in the order of its numbers
    features : all features of the training table; their percentiles lie in ``models/cohort.safetensors``
    settings : PyRadiomics' parameters that features must be measured with; None when nobody knows them
    region : whose features they are, by its mask role: ``lungs``; empty when nobody knows
    """

    kind: Literal["signature"] = "signature"
    model: SignatureModel
    form: SignatureForm
    made_with: str
    score: str
    inputs: tuple[str, ...]
    features: tuple[SignatureFeature, ...]
    settings: Mapping[str, Any] | None = None
    region: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.labels) == 1, f"A signature has one label, not {len(self.labels)}.")
        require(bool(self.inputs), "The signature needs no feature at all.")
        require_unique("inputs of the signature", list(self.inputs))
        names = [feature.name for feature in self.features]
        require_unique("features of the signature", names)
        strangers = sorted(set(self.inputs) - set(names))
        require(not strangers, f"The signature needs {', '.join(strangers)}, of which it knows nothing.")
        if self.settings is not None:
            object.__setattr__(self, "settings", records.frozen(self.settings))
