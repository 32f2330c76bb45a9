"""What clinical facts alone say of the risk, beside the network's answer: told anew at once when a fact changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..bundles.metadata import SurvivalMetadata
from ..errors import InputError
from ..formatting import counted, estimate_text, number_text, percent
from ..reading import Check, Interval, Line, Measurement, Reading
from ..study import Study
from ..survival.clinical_baseline import ClinicalBaseline
from ..survival.incidence import at_month

HORIZONS = (6.0, 12.0, 18.0, 24.0)  # months at which a risk is told
_CHECK = "clinical facts"
_PREFIX = "clinical-"


@dataclass(frozen=True, eq=False)
class Clinical:
    """The risk by clinical facts as it is shown: a line of the curve and numbers (both empty without any fact), and a
    check that says which facts were missing."""

    line: Line | None
    measurements: tuple[Measurement, ...]
    check: Check


def clinical_risk(metadata: SurvivalMetadata, study: Study) -> Clinical:
    """The risk that the clinical model gives for the facts of a study, at the months of a bundle."""
    baseline = ClinicalBaseline.load()
    names = [fact.name for fact in baseline.facts]
    facts = {name: study.clinical[name].value for name in names if name in study.clinical}
    if not facts:
        return _without("No clinical facts are known, so no risk by them stands beside the network's.")
    try:
        risk = baseline.cumulative_incidence(facts)
    except InputError as error:
        return _without(f"The clinical model does not know these facts, so its risk is not shown: {error}")
    if not risk.known:
        return _without("None of the clinical facts is one that the clinical model knows; its risk is not shown.")
    if metadata.months[-1] > baseline.months[-1]:
        return _without(f"The clinical model ends at {number_text(baseline.months[-1])} months; its risk is not shown.")
    values, low, high = (_at(metadata.months, baseline.months, curve) for curve in (risk.risk, risk.low, risk.high))
    title = f"Clinical facts alone (Cox model, {counted(baseline.patients, 'patient')} of {baseline.cohort})"
    measurements = tuple(
        Measurement(
            f"{_PREFIX}{number_text(month)}-months", f"Clinical facts, {counted(baseline.patients, 'patient')}",
            100 * values[place], "%",
            Interval(100 * low[place], 100 * high[place]), part=f"{number_text(month)} months",
        )
        for place, month in enumerate(metadata.months, start=1)
        if month in HORIZONS
    )  # fmt: skip
    worth = estimate_text(baseline.concordance, show=percent)
    sentence = f"The clinical model puts {worth} of pairs of patients new to it into the right order; 50 % is chance."
    return Clinical(
        Line(title, values, low, high), measurements, Check(_CHECK, "pass", f"{sentence} {risk.note}".strip())
    )


def _at(months: tuple[float, ...], ends: tuple[float, ...], curve: tuple[float, ...]) -> tuple[float, ...]:
    """A curve that is known at ``ends``, at 0 and at the months of a bundle."""
    known = np.array([curve])
    found = (float(at_month(known, np.array(ends), month)[0]) for month in months)
    return (0.0, *(min(max(value, 0.0), 1.0) for value in found))


def with_clinical(reading: Reading, study: Study, metadata: SurvivalMetadata) -> Reading:
    """The reading with the clinical facts of ``study`` in place of those that it was read with."""
    found = clinical_risk(metadata, study)
    curves = tuple(
        replace(curve, baselines=_baselines(found.line, curve.baselines)) if number == 0 else curve
        for number, curve in enumerate(reading.curves)
    )
    others = [one for one in reading.measurements if not one.name.startswith(_PREFIX)]
    first = next((place for place, one in enumerate(others) if one.name.startswith("cohort-")), len(others))
    return replace(
        reading,
        study=replace(reading.study, clinical=study.clinical),
        curves=curves,
        measurements=(*others[:first], *found.measurements, *others[first:]),
        checks=tuple(found.check if check.name == _CHECK else check for check in reading.checks),
    )


def _baselines(line: Line | None, earlier: tuple[Line, ...]) -> tuple[Line, ...]:
    """The cohort's line stays; that of the clinical facts goes before it."""
    cohort = tuple(one for one in earlier if one.title.startswith("Training cohort"))
    return cohort if line is None else (line, *cohort)


def _without(sentence: str) -> Clinical:
    return Clinical(None, (), Check(_CHECK, "pass", sentence))
