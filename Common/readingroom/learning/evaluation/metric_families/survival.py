"""Metrics of times: order, calibration and error over the months.

Order (C-td, Harrell's and Uno's index, the AUC at some months) is that of the networks' own risks, of pairs of patients
whom one network predicted; errors and calibration are those of risks that were calibrated on other rows. All are of the
first repeat: a mean of several networks would be worth more than the one that ships. Those lost from follow-up are
weighed for by the censoring of the evaluated patients themselves, with their full follow-up. With several causes each
has its own, named after it.

Intervals are percentiles over resampled patients, from ten events on.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ....metrics.bootstrap import INTERVAL_FROM
from ....reading import Estimate
from ....survival.calibration import Calibration, calibration
from ....survival.kaplan_meier import censoring
from ....survival.measures import HORIZONS, survival_measures
from ..calibrated_incidence import CalibratedIncidence

OUTCOME = "time"
CALIBRATED_AT = (12.0, 24.0)  # months
TITLES = {
    "c_td": "C-td (Antolini, ties counted half)",
    "harrell": "Harrell's C at the horizon",
    "uno": "Uno's C at the horizon",
    **{f"auc_{month:g}": f"AUC at {month:g} months" for month in HORIZONS},
    "ibs": "integrated Brier score",
    **{f"brier_{month:g}": f"Brier score at {month:g} months" for month in HORIZONS},
    **{f"slope_{month:g}": f"calibration slope at {month:g} months (1 is perfect)" for month in CALIBRATED_AT},
    **{f"ratio_{month:g}": f"events for each expected, by {month:g} months (1 is perfect)" for month in CALIBRATED_AT},
    **{f"ici_{month:g}": f"integrated calibration index at {month:g} months" for month in CALIBRATED_AT},
}


def compute(calibrated: CalibratedIncidence, resamples: int = 2000, seed: int = 0) -> dict[str, Estimate]:
    """Every metric that has a value. ``n`` counts rows."""
    found: dict[str, Estimate] = {}
    for number, name in enumerate(calibrated.predictions.causes, 1):
        end = "" if len(calibrated.predictions.causes) == 1 else f".{name}"
        of_cause = _of_cause(calibrated, number, resamples, seed)
        found |= {f"{metric}{end}": of_cause[metric] for metric in TITLES if metric in of_cause}
    return {name: estimate for name, estimate in found.items() if math.isfinite(estimate.value)}


def calibrations(calibrated: CalibratedIncidence, cause: int = 1, resamples: int = 200) -> tuple[Calibration, ...]:
    """At 12 and 24 months, as far as the months go and somebody was followed."""
    rows = calibrated.predictions
    found = []
    for month in CALIBRATED_AT:
        if month > rows.horizon or month > rows.times.max():
            continue
        risk = calibrated.at_month(month, cause)
        found.append(calibration(rows.times, rows.events, risk, month, 5, cause, rows.patients, resamples))
    return tuple(found)


def _of_cause(calibrated: CalibratedIncidence, cause: int, resamples: int, seed: int) -> dict[str, Estimate]:
    rows = calibrated.predictions
    lost = censoring(rows.times, rows.events)
    horizons = [month for month in HORIZONS if month <= rows.horizon]
    own, shown = (
        survival_measures(
            rows.times, rows.events, incidence, rows.months, lost, rows.patients, rows.folds[0], cause,
            horizons=horizons, resamples=resamples, seed=seed,
        )
        for incidence in (rows.incidence[0], calibrated.incidence)
    )  # fmt: skip
    found = dict(own) | {name: value for name, value in shown.items() if name.startswith(("ibs", "brier"))}
    few = (rows.events == cause).sum() < INTERVAL_FROM
    for each in calibrations(calibrated, cause):
        end = f"{each.horizon:g}"
        found[f"ratio_{end}"] = replace(each.ratio, interval=None) if few else each.ratio
        for name, value in (("slope", each.slope), ("ici", each.index)):
            if value is not None:
                found[f"{name}_{end}"] = value
    return found
