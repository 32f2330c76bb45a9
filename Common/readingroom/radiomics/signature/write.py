"""From a fitted signature to a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...bundles import metadata
from ...bundles.bundle import Bundle
from ...bundles.write import write as write_bundle
from ...errors import InputError
from ...formatting import estimate_text
from ...metrics.patient_folds import fewest_patients
from ..units import unit
from .baselines import TITLES
from .card import card
from .evaluation import DEFAULT_POINT, EXPLORATORY_BELOW
from .external import External
from .fit import Fitted
from .preparation import Floats
from .signature import QUANTILES, READER

INTENDED_USE = "Research and teaching. Not a medical device, not for diagnosis."
UNSTATED_LICENSE = "Not stated; the license of the data applies."
_BACKGROUND_ROWS = 64


@dataclass(frozen=True)
class Description:
    """What nobody but its maker can say of a signature.

    Parameters
    ----------
    finding, title : what is asked, as a plain name and for people: ``death``, ``Death within two years``
    sources : data sets, as a reader would look for them
    license : of the bundle; the data may restrict it
    image_unit : of the gray values, ``HU`` for CT
    settings : PyRadiomics' parameters that the features were measured with; None when nobody knows
    version : of the bundle
    """

    finding: str
    title: str
    sources: tuple[str, ...] = ()
    license: str = UNSTATED_LICENSE
    image_unit: str = ""
    settings: Mapping[str, Any] | None = None
    version: str = "1.0.0"


def write(folder: Path, fitted: Fitted, description: Description, external: External | None = None) -> Bundle:
    """Write the bundle; it is named like the folder.

    Parameters
    ----------
    external : what the signature did on a table of other patients (`external.evaluate_external`)

    Raises
    ------
    InputError : the signature uses no feature, or its scores do not rise with the outcome; or a name is not plain
    OutputError : the folder holds something else, is read-only, or the disk is full
    SetupError : safetensors is not installed
    """
    require_signal(fitted)
    try:
        described = _metadata(folder.name, fitted, description, external)
    except ValueError as error:
        raise InputError(str(error)) from error
    quantiles = np.quantile(fitted.measured.values, QUANTILES, axis=0).T
    return write_bundle(
        folder,
        described,
        arrays(fitted),
        card=card(described, fitted, external),
        license_text=description.license,
        arrays={"cohort": {"quantiles": quantiles}},
    )


def require_signal(fitted: Fitted) -> None:
    """Refuse a signature that has learned nothing.

    Raises
    ------
    InputError : it uses no feature, or its scores do not rise with the outcome
    """
    said = f"out of fold its AUC is {estimate_text(fitted.evaluation.auc)}"
    if not fitted.inputs:
        raise InputError(f"No signature was found: the recipe keeps none of the features, and {said}.")
    if fitted.calibration is None:
        raise InputError(f"No signature was found: its scores do not rise with the outcome, and {said}.")


def arrays(fitted: Fitted) -> dict[str, np.ndarray]:
    """The numbers of the signature, on the features that it uses."""
    trained = fitted.trained
    used = trained.model.used
    return {
        "mean": trained.preparation.mean[used],
        "scale": trained.preparation.scale[used],
        "background": _background(fitted)[:, used],
        **trained.model.only(used).arrays(),
    }


def _background(fitted: Fitted) -> Floats:
    """The z-scores that a region is compared with: the mean for a linear model, which needs no more, else rows."""
    z = fitted.trained.preparation.apply(fitted.table.values)
    if fitted.trained.model.form == "linear":
        return np.zeros((1, z.shape[1]))
    generator = np.random.default_rng(fitted.recipe.seed)
    return z[np.sort(generator.permutation(len(z))[:_BACKGROUND_ROWS])]


def _metadata(
    name: str, fitted: Fitted, description: Description, external: External | None
) -> metadata.SignatureMetadata:
    table, recipe, evaluation = fitted.table, fitted.recipe, fitted.evaluation
    scaling = fitted.calibration
    assert scaling is not None
    finding = description.finding
    return metadata.SignatureMetadata(
        name=name,
        title=description.title,
        version=description.version,
        reader=READER,
        task=finding,
        labels=(metadata.Label(finding, description.title),),
        training=metadata.Training(
            protocol=recipe.protocol,
            patients=len(np.unique(table.patients)),
            images=len(table.patients),
            counts={finding: int(table.outcome.sum())},
            sources=description.sources,
            seed=recipe.seed,
            settings={"model": recipe.model, **fitted.trained.choice, "folds": recipe.folds, "repeats": recipe.repeats},
        ),
        intended_use=INTENDED_USE,
        license=description.license,
        demonstration=False,
        calibration=metadata.Calibration("platt", len(table.patients), {finding: scaling}),
        operating_points=tuple(
            metadata.OperatingPoint(
                finding, point, min(found.threshold, 1.0), found.confusion.sensitivity, found.confusion.specificity
            )
            for point, found in evaluation.points.items()
        ),
        default_operating_point=DEFAULT_POINT,
        metrics={
            "auc": evaluation.auc,
            **evaluation.metrics,
            **{f"external_{metric}": found for metric, found in (external.metrics if external else {}).items()},
        },
        warnings=warnings(fitted, description),
        model=recipe.model,
        form=fitted.trained.model.form,
        made_with=fitted.made_with,
        score=fitted.score,
        inputs=fitted.inputs,
        features=tuple(
            metadata.SignatureFeature(
                name, unit(name, description.image_unit), fitted.icc_low.get(name), fitted.selected.get(name)
            )
            for name in fitted.measured.names
        ),
        settings=description.settings,
        region=table.region,
        baselines={
            "accuracy_majority": evaluation.majority,
            **{f"auc_{baseline}": found for baseline, found in evaluation.baselines.items()},
            **{f"advantage_over_{baseline}": found for baseline, found in evaluation.advantage.items()},
        },
    )


def warnings(fitted: Fitted, description: Description) -> tuple[str, ...]:
    """What a reader has to know before believing the signature."""
    found = []
    fewest = fewest_patients(fitted.table.outcome, fitted.table.patients)
    if fewest < EXPLORATORY_BELOW:
        found.append(f"Exploratory: one of the outcomes has {fewest} patients only, fewer than {EXPLORATORY_BELOW}.")
    interval = fitted.evaluation.auc.interval
    if interval is not None and interval.low <= 0.5:
        found.append("The interval of the AUC holds 0.5: the signature may be no better than chance.")
    for baseline, gain in fitted.evaluation.advantage.items():
        if gain.interval is not None and gain.interval.low <= 0:
            found.append(f"It is not shown to be better than {TITLES[baseline]}.")
    if description.settings is None:
        found.append("How the features of the cohort were measured is not known.")
    if fitted.recipe.protocol == "published":
        found.append(
            "Made by the published recipe: raw deviations filter the features, so units matter, and seven penalties "
            "chosen by accuracy make ties."
        )
    return tuple(found)
