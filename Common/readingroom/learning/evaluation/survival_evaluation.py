"""What a model of times is worth: every number from rows that the network in question had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...bundles.calibration import HazardScaling
from ...bundles.metadata import SurvivalMetadata
from ...errors import InputError
from ...formatting import TOO_FEW, counted
from ...metrics.bootstrap import INTERVAL_FROM
from ...reading import Estimate
from ...records import frozen
from ...survival.calibration import Calibration
from ...survival.follow_up import cut_at
from ...survival.kaplan_meier import censoring
from . import calibrated_incidence
from .calibrated_incidence import CalibratedIncidence
from .evaluation import RESAMPLES
from .levels import Level
from .metric_families import survival
from .sample_size import EXPLORATORY_BELOW
from .survival_predictions import SurvivalPredictions


@dataclass(frozen=True)
class SurvivalResult:
    """The numbers of a model.

    Parameters
    ----------
    calibrated : risks that come from other rows
    calibration : what a bundle stores; None where ``notes`` says why
    metrics : by name, see `metric_families.title`; intervals are over patients
    calibrations : at 12 and 24 months
    patients : with an event of each cause within the horizon, and how many without one
    exploratory : causes of fewer than 30 events; with any of them no number may stand without a warning
    notes : sentences on what could not be fitted or measured
    """

    calibrated: CalibratedIncidence
    calibration: HazardScaling | None
    metrics: Mapping[str, Estimate]
    calibrations: tuple[Calibration, ...]
    patients: Mapping[str, int]
    exploratory: tuple[str, ...]
    notes: tuple[str, ...]

    measure: ClassVar[str] = "C-td"  # by which models are compared
    main: ClassVar[str] = "c_td"  # its name in ``metrics``
    level: ClassVar[Level] = "study"  # each study has its own time

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", frozen(self.metrics))
        object.__setattr__(self, "patients", frozen(self.patients))


def evaluate(predictions: SurvivalPredictions, resamples: int = RESAMPLES, seed: int = 0) -> SurvivalResult:
    """Fit what a bundle stores, and measure it on rows that did not fit it.

    Raises
    ------
    InputError : there is nothing to evaluate: no event, or a single patient
    """
    _refuse(predictions)
    scaling, notes = calibrated_incidence.fit(predictions)
    shown = CalibratedIncidence(predictions, calibrated_incidence.cross_fitted(predictions, seed))
    return _result(shown, scaling, notes, resamples, seed)


def evaluate_bundle(
    predictions: SurvivalPredictions, bundle: SurvivalMetadata, resamples: int = RESAMPLES, seed: int = 0
) -> SurvivalResult:
    """Measure what a bundle says on rows that nothing of it has seen; nothing is fitted on them.

    Raises
    ------
    InputError : the predictions are of other causes or months, or there is nothing to evaluate
    """
    causes = tuple(label.name for label in bundle.labels)
    if (predictions.causes, predictions.months) != (causes, bundle.months):
        raise InputError(
            f"The bundle '{bundle.name}' tells {', '.join(causes)} until {bundle.months[-1]:g} months; the predictions "
            f"are of {', '.join(predictions.causes)} until {predictions.horizon:g} months."
        )
    _refuse(predictions)
    shown = CalibratedIncidence(predictions, calibrated_incidence.calibrated(predictions, bundle.calibration))
    notes = () if bundle.calibration else (f"The bundle '{bundle.name}' is not calibrated.",)
    return _result(shown, bundle.calibration, notes, resamples, seed)


def _refuse(predictions: SurvivalPredictions) -> None:
    if np.unique(predictions.patients).size < 2:
        raise InputError("A model cannot be evaluated on a single patient.")
    _, seen = cut_at(predictions.times, predictions.events, predictions.horizon)
    if not seen.any():
        raise InputError(
            f"There is nothing to evaluate: of {counted(len(predictions), 'row')} no event was seen within "
            f"{predictions.horizon:g} months."
        )


def _result(
    calibrated: CalibratedIncidence, scaling: HazardScaling | None, notes: tuple[str, ...], resamples: int, seed: int
) -> SurvivalResult:
    rows = calibrated.predictions
    patients = patients_of_each(rows)
    few = tuple(cause for cause in rows.causes if patients[cause] < EXPLORATORY_BELOW)
    return SurvivalResult(
        calibrated=calibrated,
        calibration=scaling,
        metrics=survival.compute(calibrated, resamples, seed),
        calibrations=survival.calibrations(calibrated),
        patients=patients,
        exploratory=few,
        notes=(*_about(rows), *_warned(patients, few), *notes, *_of_folds(rows), *_of_repeats(rows)),
    )


def patients_of_each(rows: SurvivalPredictions) -> dict[str, int]:
    """Patients with an event of each cause within the horizon, and those without one."""
    _, seen = cut_at(rows.times, rows.events, rows.horizon)
    found = {name: np.unique(rows.patients[seen == n]).size for n, name in enumerate(rows.causes, 1)}
    return found | {"no event": np.unique(rows.patients[seen == 0]).size}


def _about(rows: SurvivalPredictions) -> tuple[str, ...]:
    patients, events = (
        np.unique(rows.patients).size,
        int(cut_at(rows.times, rows.events, rows.horizon)[1].astype(bool).sum()),
    )
    lost = int(((rows.events == 0) & (rows.times < rows.horizon)).sum())
    several = "" if patients == len(rows) else f" of {counted(patients, 'patient')}; intervals resample patients"
    return (
        f"Evaluated on {counted(len(rows), 'study', 'studies')}{several}: {counted(events, 'event')} within "
        f"{rows.horizon:g} months, {lost} lost from follow-up before; median follow-up {_followed(rows)}.",
    )


def _followed(rows: SurvivalPredictions) -> str:
    """The median by Kaplan and Meier's curve of the censoring (Schemper and Smith 1996)."""
    curve = censoring(rows.times, rows.events)
    half = curve.times[curve.values <= 0.5]
    return f"{half[0]:.0f} months" if half.size else f"more than {rows.times.max():.0f} months"


def _warned(patients: Mapping[str, int], few: tuple[str, ...]) -> tuple[str, ...]:
    if not few:
        return ()
    said = f"Exploratory: fewer than {EXPLORATORY_BELOW} patients with an event ({', '.join(few)})."
    return (said, TOO_FEW) if min(patients[name] for name in few) < INTERVAL_FROM else (said,)


def _of_folds(rows: SurvivalPredictions) -> tuple[str, ...]:
    """Which patients are compared, how far the networks of the folds differ, and that most of it is chance."""
    folds = np.unique(rows.folds[0])
    if len(folds) < 2:
        return ()
    values = [rows.take(rows.folds[0] == fold).pairs().value() for fold in folds]
    known = [value for value in values if not np.isnan(value)]
    everybody = rows.pairs(folds=np.zeros_like(rows.folds[0])).value()
    found = [
        "C-td and the other measures of order compare patients of the same fold, whom one network predicted; of all "
        f"pairs C-td is {everybody:.3f}, which in small tables is too low: where more died in a fold, fewer did among "
        "those who trained its network."
    ]
    if len(known) > 1:
        spread = f"{min(known):.2f} to {max(known):.2f}"
        found.append(f"Fold by fold C-td was {spread}; of folds so small most of that is chance.")
    if len(known) < len(values):
        found.append(f"{len(values) - len(known)} of the folds had no pair to compare.")
    return tuple(found)


def _of_repeats(rows: SurvivalPredictions) -> tuple[str, ...]:
    if rows.repeats == 1:
        return ()
    values = [rows.pairs(repeat).value() for repeat in range(rows.repeats)]
    return (
        f"The numbers are those of the first of {rows.repeats} repeats; over all of them C-td was {min(values):.3f} to "
        f"{max(values):.3f}.",
    )
