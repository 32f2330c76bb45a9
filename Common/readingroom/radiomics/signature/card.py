"""The model card of a signature: every number in it comes from the run that made the bundle."""

from __future__ import annotations

import numpy as np

from ...bundles.metadata import SignatureMetadata
from ...formatting import TOO_FEW, counted, estimate_text
from ...reading import Estimate
from .baselines import TITLES
from .external import External
from .fit import RESAMPLES, Fitted

_SHOWN = 20  # features in the table of the card
_TITLES = {
    "auc": "AUC",
    "auc_volume": "AUC of volume alone",
    "brier": "Brier score",
    "calibration_slope": "calibration slope (1 is perfect)",
    "calibration_intercept": "calibration intercept (0 is perfect)",
}


def card(described: SignatureMetadata, fitted: Fitted, external: External | None) -> str:
    """``docs/README.md`` of the bundle, in Markdown."""
    parts = [
        f"# {described.title}, version {described.version}",
        described.intended_use,
        _warnings(described),
        _what(described, fitted),
        _numbers(described, fitted),
        _external(external),
        _points(described),
        _features(described, fitted),
        _how(described, fitted),
    ]
    return "\n\n".join(part for part in parts if part)


def _warnings(described: SignatureMetadata) -> str:
    return "\n".join(f"- **{warning}**" for warning in described.warnings)


def _what(described: SignatureMetadata, fitted: Fitted) -> str:
    table = fitted.table
    sources = "; ".join(described.training.sources) or "not stated"
    region = f"the region `{described.region}`" if described.region else "one segmented region"
    inside = "" if fitted.trained.model.form == "linear" else _PATIENTS_INSIDE
    return f"""## What it answers

{described.title}: from {counted(len(fitted.inputs), "feature")} of {region},
by {_MODELS[fitted.recipe.model]} ({fitted.made_with}).

Trained on {counted(len(table.patients), "region")} of {counted(len(np.unique(table.patients)), "patient")},
{int(table.outcome.sum())} with the outcome and {int((table.outcome == 0).sum())} without. Data: {sources}.{inside}"""


_MODELS = {
    "lasso": "logistic regression with an L1 penalty (LASSO)",
    "svm": "a support vector machine",
    "forest": "a random forest",
    "boosting": "gradient boosting",
}
_PATIENTS_INSIDE = (
    " The bundle holds the z-scores of single patients (without names), so its license is that of the data."
)


def _numbers(described: SignatureMetadata, fitted: Fitted) -> str:
    evaluation = fitted.evaluation
    rows = [f"| this signature | {_TITLES[name]} | {_estimate(found)} |" for name, found in _own(described).items()]
    rows += [f"| {TITLES[name]} | AUC | {_estimate(found)} |" for name, found in evaluation.baselines.items()]
    rows += [
        f"| this signature minus {TITLES[name]} | AUC | {estimate_text(found, signed=True)} |"
        for name, found in evaluation.advantage.items()
    ]
    rows.append(f"| the more frequent outcome | accuracy | {_estimate(evaluation.majority)} |")
    return f"""## Out of fold

Each patient was scored by models that had not seen the patient: {fitted.recipe.folds} folds by patient, run
{counted(fitted.recipe.repeats, "time")}. Filters, z-scores and the strength of the penalty were chosen without the
fold, too. The AUC compares patients that one model scored. Probabilities were calibrated on the other folds. Intervals
are 95 % and resample patients.

| model | measure | value |
| --- | --- | --- |
{chr(10).join(rows)}"""


def _own(described: SignatureMetadata) -> dict[str, Estimate]:
    return {name: described.metrics[name] for name in _TITLES if name in described.metrics}


def _external(external: External | None) -> str:
    if external is None:
        return ""
    rows = [f"| {_TITLES[name]} | {_estimate(found)} |" for name, found in external.metrics.items()]
    few = "" if all(found.interval is not None for found in external.metrics.values()) else f" {TOO_FEW}"
    return f"""## On patients of another table

The finished signature on {external.patients} other patients, {external.events} regions with the outcome.{few}

| measure | value |
| --- | --- |
{chr(10).join(rows)}"""


def _points(described: SignatureMetadata) -> str:
    rows = [
        f"| {point.name} | {point.threshold:.3f} | {_estimate(point.sensitivity)} | {_estimate(point.specificity)} |"
        for point in described.operating_points
    ]
    return f"""## Operating points

Thresholds on the calibrated probability. Sensitivity and specificity come from thresholds chosen on the other folds.

| name | threshold | sensitivity | specificity |
| --- | --- | --- | --- |
{chr(10).join(rows)}"""


def _features(described: SignatureMetadata, fitted: Fitted) -> str:
    kept = "has a weight" if fitted.recipe.model == "lasso" else "passes the filters"
    return f"""## Features

How often the recipe chooses a feature ({kept}) when the patients are drawn anew, {RESAMPLES} times; weights
are of z-scores. p-values after a selection mean nothing, so there are none.

| feature | unit | chosen in | weight | ICC, lower bound |
| --- | --- | --- | --- | --- |
{chr(10).join(_feature_rows(described, fitted))}"""


def _feature_rows(described: SignatureMetadata, fitted: Fitted) -> list[str]:
    weights = _weights(fitted)
    features = sorted(described.features, key=lambda f: (f.name not in fitted.inputs, -(f.selected or 0)))
    rows = []
    for feature in features[: max(_SHOWN, len(fitted.inputs))]:
        weight = f"{weights[feature.name]:+.3f}" if feature.name in weights else "–"
        weight = "used" if weight == "–" and feature.name in fitted.inputs else weight
        agreement = "–" if feature.icc_low is None else f"{feature.icc_low:.2f}"
        chosen = "left out" if feature.selected is None else f"{feature.selected:.0%}"
        rows.append(f"| {feature.name} | {feature.unit or '–'} | {chosen} | {weight} | {agreement} |")
    return rows


def _weights(fitted: Fitted) -> dict[str, float]:
    model = fitted.trained.model
    if model.form != "linear":
        return {}
    return dict(zip(fitted.inputs, model.only(model.used).arrays()["coefficients"].tolist(), strict=True))


def _how(described: SignatureMetadata, fitted: Fitted) -> str:
    settings = ", ".join(f"{name} {_number(value)}" for name, value in described.training.settings.items())
    notes = "\n".join(f"- {note}" for note in fitted.table.notes)
    return f"""## How it was made

`readingroom signature train`, protocol {described.training.protocol}, seed {described.training.seed}; {settings}.
{notes}""".rstrip()


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _estimate(estimate: Estimate | None) -> str:
    return estimate_text(estimate, cases=True)
