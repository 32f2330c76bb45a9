"""A stored signature: applied and explained with numpy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ...bundles.bundle import Bundle
from ...bundles.metadata import PlattScaling, SignatureMetadata
from ...errors import BundleError, InputError
from ...reading import BundleFacts, Estimate, Interval
from .. import feature_classes
from ..robustness import STABLE_FROM
from ..settings import Settings, from_parameters
from ..units import feature_class_of
from .measured_with import require_same
from .model import Model, from_arrays
from .preparation import Floats
from .score import Contribution, Score
from .stored import LARGEST, numbers

READER = "radiomics"
QUANTILES = np.linspace(0, 1, 101)
_MOST_ROWS = 200  # of the cohort, which each score is compared with


@dataclass(frozen=True)
class Signature:
    """Made by `load`.

    Parameters
    ----------
    metadata, bundle : what the bundle says of itself, and what a report says of it
    mean, scale : (inputs,) that make z-scores of the features that are used
    model : on those z-scores
    background : (rows, inputs) z-scores of the cohort that a region is compared with
    quantiles : (features, 101) of the cohort, in the order of ``metadata.features``
    """

    metadata: SignatureMetadata
    bundle: BundleFacts
    mean: Floats
    scale: Floats
    model: Model
    background: Floats
    quantiles: Floats

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features that it needs."""
        return self.metadata.inputs

    @property
    def parameters(self) -> dict[str, Any]:
        """PyRadiomics' parameters to measure with: the cohort's, or the defaults where those are not known.

        What PyRadiomics measures only when it is asked for by name is asked for where the signature needs it.
        """
        parameters = dict(self.metadata.settings or Settings().parameters())
        chosen = dict(parameters.get("featureClass") or Settings().parameters()["featureClass"])
        for feature in self.inputs:
            feature_class, name = feature_class_of(feature), feature.rsplit("_", 1)[-1]
            if feature_class in feature_classes.NAMES and name not in (
                known := chosen.get(feature_class) or feature_classes.NAMES[feature_class]
            ):
                chosen[feature_class] = [*known, name]
            elif feature_class in feature_classes.NAMES:
                chosen.setdefault(feature_class, [])
        return {**parameters, "featureClass": chosen}

    def values(self, features: Floats) -> Floats:
        """Scores (rows,) before calibration of ``features`` (rows, inputs) in the order of `inputs`."""
        return self.model.values((features - self.mean) / self.scale)

    def probabilities(self, values: Floats) -> Floats:
        """Calibrated probabilities (rows,) of scores ``values`` (rows,)."""
        scaling = self._scaling
        result: Floats = special.expit(scaling.slope * values + scaling.intercept)
        return result

    def score(self, features: Mapping[str, float], measured_with: Mapping[str, Any] | None = None) -> Score:
        """Score one region.

        Parameters
        ----------
        features : by name, as measured
        measured_with : PyRadiomics' parameters of that measurement (`measured_with.parameters_of` its provenance);
            None where they are not known, which a note then says

        Raises
        ------
        InputError : a feature is missing or not a number, or was measured in another way
        """
        notes = self._notes_on_settings(measured_with)
        given = np.array([self._needed(features, name) for name in self.inputs])
        z = (given - self.mean) / self.scale
        value, cohort_mean = self._log_odds(z[None]), self._log_odds(self.background)
        contributions = self._scaling.slope * self.model.contributions(z, self.background)
        if not (np.abs([value, cohort_mean, *contributions]) <= LARGEST).all():
            raise InputError(f"The signature '{self.metadata.title}' gives no finite score for this region.")
        percentiles = self.percentiles(features)
        label = self.metadata.labels[0]
        probability = self._probability(z)
        points = self.metadata.points(label.name)
        point = next((p for p in points if p.name == self.metadata.default_operating_point), None)
        return Score(
            finding=label.name,
            title=label.title,
            value=value,
            kind="log odds",
            cohort_mean=cohort_mean,
            probability=probability,
            contributions=self._contributions(given, contributions, percentiles),
            bundle=self.bundle,
            positive=None if point is None else probability.value >= point.threshold,
            operating_point=point,
            percentiles=percentiles,
            unstable=tuple(f.name for f in self.metadata.features if f.icc_low is not None and f.icc_low < STABLE_FROM),
            notes=(*notes, *self._notes_on_range(features)),
        )

    def percentiles(self, features: Mapping[str, float]) -> dict[str, float]:
        """Where each feature that the cohort has lies in it, 0 to 100; ties count half."""
        found = {}
        for feature, quantiles in zip(self.metadata.features, self.quantiles, strict=True):
            value = features.get(feature.name, math.nan)
            if math.isfinite(value):
                low, high = np.interp(value, quantiles, QUANTILES), 1 - np.interp(-value, -quantiles[::-1], QUANTILES)
                found[feature.name] = float(50 * (low + high))
        return found

    @property
    def _scaling(self) -> PlattScaling:
        assert self.metadata.calibration is not None
        return self.metadata.calibration.platt[self.metadata.labels[0].name]

    def _log_odds(self, z: Floats) -> float:
        """Mean calibrated score of ``z`` (rows, inputs)."""
        return float(self._scaling.slope * self.model.values(z).mean() + self._scaling.intercept)

    def _probability(self, z: Floats) -> Estimate:
        assert self.metadata.calibration is not None
        scaling = self._scaling
        probability = float(special.expit(self._log_odds(z[None])))
        interval = None
        if scaling.resamples:
            value = float(self.model.values(z[None])[0])
            ends = [slope * value + intercept for slope, intercept in scaling.resamples]
            low, high = (float(special.expit(end)) for end in np.quantile(ends, [0.025, 0.975]))
            interval = Interval(min(low, probability), max(high, probability))
        return Estimate(probability, interval, self.metadata.calibration.n)

    def _contributions(
        self, given: Floats, contributions: Floats, percentiles: Mapping[str, float]
    ) -> tuple[Contribution, ...]:
        units = {feature.name: feature.unit for feature in self.metadata.features}
        found = [
            Contribution(name, float(value), units[name], percentiles[name], float(contribution))
            for name, value, contribution in zip(self.inputs, given, contributions, strict=True)
        ]
        return tuple(sorted(found, key=lambda contribution: -abs(contribution.contribution)))

    def _needed(self, features: Mapping[str, float], name: str) -> float:
        if name not in features:
            raise InputError(f"The signature '{self.metadata.title}' needs the feature {name}, which was not measured.")
        value = float(features[name])
        if not math.isfinite(value):
            raise InputError(
                f"The signature '{self.metadata.title}' needs the feature {name}, which is not defined for this region."
            )
        return value

    def _notes_on_settings(self, measured_with: Mapping[str, Any] | None) -> list[str]:
        if self.metadata.settings is None:
            return []  # a warning of the bundle says so
        if measured_with is None:
            return ["How these features were measured is not known; the signature needs its own settings."]
        require_same(self.metadata.settings, measured_with)
        return []

    def _notes_on_range(self, features: Mapping[str, float]) -> list[str]:
        rows = {feature.name: row for feature, row in zip(self.metadata.features, self.quantiles, strict=True)}
        outside = [name for name in self.inputs if not rows[name][0] <= features[name] <= rows[name][-1]]
        if not outside:
            return []
        which = ", ".join(outside[:3]) + (f" and {len(outside) - 3} more" if len(outside) > 3 else "")
        return [f"Outside the range of the cohort, where the score is a guess: {which}."]


def load(bundle: Bundle) -> Signature:
    """The signature of a bundle.

    Raises
    ------
    BundleError : it is the bundle of another reader, or its numbers do not fit together
    """
    facts = bundle.require(READER).of_kind(SignatureMetadata)
    calibration = facts.calibration
    if calibration is None or not calibration.platt:
        raise BundleError(f"The bundle '{bundle.metadata.name}' is no calibrated signature.")
    stored, cohort = bundle.arrays("model"), bundle.arrays("cohort")
    size, count = len(facts.inputs), len(facts.features)
    try:
        from_parameters(facts.settings or {})
        mean, scale = numbers(stored, "mean"), numbers(stored, "scale")
        background = numbers(stored, "background", dimensions=2)
        quantiles = numbers(cohort, "quantiles", dimensions=2)
        if mean.shape != (size,) or scale.shape != (size,) or background.shape[1] != size:
            raise ValueError(f"its z-scores are not those of {size} features")
        if not 0 < len(background) <= _MOST_ROWS or not (scale >= 1 / LARGEST).all():
            raise ValueError("its z-scores are not those of a cohort")
        if quantiles.shape != (count, len(QUANTILES)) or (np.diff(quantiles) < 0).any():
            raise ValueError(f"its quantiles are not those of {count} features")
        (scaling,) = calibration.platt.values()
        numbers({"calibration": [scaling.slope, scaling.intercept, *np.ravel(scaling.resamples)]}, "calibration")
        model = from_arrays(facts.form, stored, size)
    except KeyError as error:
        raise BundleError(
            f"The signature '{bundle.metadata.name}' cannot be used: it lacks {error.args[0]}."
        ) from error
    except (ValueError, InputError) as error:
        raise BundleError(f"The signature '{bundle.metadata.name}' cannot be used: {error}.") from error
    return Signature(facts, bundle.facts, mean, scale, model, background, quantiles)
