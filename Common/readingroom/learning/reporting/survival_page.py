"""What a report says of times: numbers, calibration, and how patients of low and high risk fared."""

from __future__ import annotations

import numpy as np

from ...formatting import estimate_text
from ...survival.follow_up import cut_at
from ...survival.kaplan_meier import kaplan_meier as estimated
from ..evaluation.metric_families import title
from ..evaluation.survival_evaluation import SurvivalResult
from .evaluate import Evaluated
from .evaluation_figures import Drawing
from .figures.kaplan_meier import RiskCurve, kaplan_meier
from .figures.risk_calibration import risk_calibration
from .page import Page

_GROUPS = ("low risk", "middle risk", "high risk")
_FEWEST = 15  # patients for three curves


def numbers(made: Page, found: Evaluated) -> None:
    """Every measure, and curves by thirds of the predicted risk."""
    rows = [
        [text[:1].upper() + text[1:], estimate_text(estimate, 3), estimate.n or ""]
        for name, estimate in found.record.metrics.items()
        for text in (title(name),)
    ]
    made.table(
        ["Measure", "Value (95 % interval)", "n"],
        rows,
        caption="0.5 is chance for C-td, Harrell's and Uno's index and the AUC; a Brier score is better where it is "
        "smaller. Those lost from follow-up are weighed for by the censoring of these very patients.",
    )
    if (drawing := risk_groups(found)) is not None:
        made.figure(drawing.figure, drawing.caption)


def calibration(made: Page, found: Evaluated) -> None:
    """At 12 and 24 months."""
    if not found.record.horizons:
        made.paragraph("Nobody was followed for 12 months: whether risks mean what they say cannot be told.")
    for each in found.record.horizons:
        words = f"events for each expected {estimate_text(each.ratio)}\nslope {estimate_text(each.slope)}"
        made.figure(
            risk_calibration(each.groups, words),
            f"Calibration at {each.month:g} months, by fifths of the predicted risk; observed by Aalen and Johansen. "
            "Points on the line mean what they say.",
        )


def risk_groups(found: Evaluated) -> Drawing | None:
    """Kaplan and Meier's curves by thirds of the risk at the horizon; None of too few patients."""
    result = found.evaluation
    assert isinstance(result, SurvivalResult)
    rows = result.calibrated.predictions
    risk = result.calibrated.incidence[:, :, -1].sum(axis=1)
    if len(rows) < _FEWEST or np.unique(risk).size < len(_GROUPS):
        return None
    times, events = cut_at(rows.times, rows.events, rows.horizon)
    number = np.searchsorted(np.quantile(risk, [1 / 3, 2 / 3]), risk, side="left")
    curves = [
        RiskCurve(name, times[number == place], estimated(times[number == place], events[number == place]))
        for place, name in enumerate(_GROUPS)
        if (number == place).any()
    ]
    words = (
        "Free of the event (Kaplan and Meier) by thirds of the predicted risk, with 95 % bands. The thirds are those "
        "of these very patients: no threshold is proposed."
    )
    return Drawing("risk-groups", kaplan_meier(curves, rows.horizon), words)
