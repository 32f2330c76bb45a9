"""What stands beside the network's risk without a network: Cox models on clinical facts and on the tumor's volume, and
the training cohort's own curve.

A change of a fact or of the tumor's outline is told at once: nothing here asks a network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK

from ..bundles.metadata import SurvivalMetadata
from ..bundles.network import LOG_VOLUME, CoxBaseline, log_volume
from ..errors import InputError
from ..formatting import counted, estimate_text, listed, number_text, percent
from ..reading import Check, Estimate, Interval, Line, Measurement, Reading
from ..study import ClinicalFact, Study
from ..survival.clinical_baseline import ClinicalBaseline
from ..survival.clinical_facts import disagreement
from ..survival.cox import incidence_band
from ..survival.incidence import at_month
from .answer import CorrectedMask
from .lung_survival import CT, TUMOUR
from .lung_tumor import NOT_MEASURED, measured_tumor

HORIZONS = (6.0, 12.0, 18.0, 24.0)  # months at which a risk is told
CLINICAL, VOLUME, COHORT = "Clinical facts", "Tumor volume", "Training cohort"
_ORDER = (CLINICAL, VOLUME, COHORT)  # how titles of lines and measurements begin, as they stand beside each other
_CHECKS = {CLINICAL: ("clinical facts", "stage beside T and N"), VOLUME: ("tumor volume",)}
_TRAINED = {CLINICAL: "clinical columns (Cox)", VOLUME: "the volume of the tumor (Cox)"}  # among a bundle's baselines
_COLLINEAR = ("stage", "t", "n")


@dataclass(frozen=True, eq=False)
class Baseline:
    """A risk beside the network's: a line of the curve and numbers (both empty where it has none), and checks on it.

    ``about`` is how the titles of all begin: `CLINICAL` or `VOLUME`.
    """

    about: str
    line: Line | None
    measurements: tuple[Measurement, ...]
    checks: tuple[Check, ...]


def clinical_risk(metadata: SurvivalMetadata, study: Study) -> Baseline:
    """The risk by clinical facts at the months of a bundle: of its own model where it has one, else of LUNG1's."""
    if metadata.clinical is not None:
        return _by_bundle(metadata, metadata.clinical, study.clinical)
    return _by_lung1(metadata, study.clinical)


def volume_risk(metadata: SurvivalMetadata, ml: float | None) -> Baseline:
    """The risk by the tumor's volume; nothing where it has no mask, or the bundle no such model."""
    if ml is None or metadata.volume is None:
        return Baseline(VOLUME, None, (), ())
    facts = {LOG_VOLUME: log_volume(ml)}
    worth = _worth(metadata.baselines.get(_TRAINED[VOLUME]), "The model on the tumor's volume")
    checks = (Check("tumor volume", "pass", worth),) if worth else ()
    return _of_model(VOLUME, metadata, metadata.volume, facts, checks)


def with_baseline(reading: Reading, found: Baseline) -> Reading:
    """The reading with this baseline in place of the one that told of the same."""
    curves = tuple(
        replace(curve, baselines=_ordered_lines(found, curve.baselines)) if number == 0 else curve
        for number, curve in enumerate(reading.curves)
    )
    names = _CHECKS[found.about]
    checks = [check for check in reading.checks if check.name not in names]
    place = next((n for n, check in enumerate(reading.checks) if check.name in names), len(checks))
    return replace(
        reading,
        curves=curves,
        measurements=in_order(
            (*(one for one in reading.measurements if not _is_of(one, found.about)), *found.measurements)
        ),
        checks=(*checks[:place], *found.checks, *checks[place:]),
    )


def with_tumor(reading: Reading, corrected: CorrectedMask, metadata: SurvivalMetadata) -> Reading:
    """The reading with the tumor as a person corrected its outline."""
    voxels, marked = (SimpleITK.GetArrayFromImage(one) for one in (corrected.image, corrected.mask))
    tumor = measured_tumor(voxels, marked != 0, corrected.image.GetSpacing(), CT, TUMOUR)
    now = {"tumor-volume": tumor.ml, "tumor-diameter": tumor.diameter}
    notes = [note for note in reading.provenance.notes if not note.startswith(NOT_MEASURED)]
    masks = tuple(
        replace(mask, source=corrected.source) if mask.role == TUMOUR else mask for mask in reading.study.masks
    )
    told = replace(
        reading,
        study=replace(reading.study, masks=masks),
        measurements=(*(one for one in reading.measurements if one.region != TUMOUR), *tumor.measurements),
        regions=tuple(replace(one, volume_ml=tumor.ml) if one.name == TUMOUR else one for one in reading.regions),
        comparisons=tuple(
            replace(one, now=value) if (value := now.get(one.name)) is not None else one for one in reading.comparisons
        ),
        checks=tuple(tumor.check if check.name == tumor.check.name else check for check in reading.checks),
        provenance=replace(reading.provenance, notes=(*notes, *([tumor.note] if tumor.note else []))),
    )
    return with_baseline(told, volume_risk(metadata, tumor.ml))


def in_order(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Measurements with the risks first: the network's, then its baselines'."""
    return tuple(sorted(measurements, key=lambda one: _place(one.title) if one.part else len(_ORDER)))


def trained_on(metadata: SurvivalMetadata, patients: int = 0) -> str:
    """Who stands behind a number of a bundle: no risk is told without that."""
    return counted(patients or metadata.training.patients, "phantom" if metadata.demonstration else "patient")


def _by_lung1(metadata: SurvivalMetadata, known: Mapping[str, ClinicalFact]) -> Baseline:
    baseline = ClinicalBaseline.load()
    names = [fact.name for fact in baseline.facts]
    facts = {name: known[name].value for name in names if name in known}
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
    curves = [_at(metadata.months, baseline.months, curve) for curve in (risk.risk, risk.low, risk.high)]
    title = f"{CLINICAL} alone (Cox model, {counted(baseline.patients, 'patient')} of {baseline.cohort})"
    sentence = f"{_worth(baseline.concordance, 'The clinical model')} {risk.note}".strip()
    checks = [Check(_CHECKS[CLINICAL][0], "pass", sentence)]
    if set(_COLLINEAR) <= set(risk.known):
        checks += _collinear(
            f"in {baseline.cohort} patients of a higher stage with the same T and N died less, so a higher stage "
            "lowers this risk"
        )
    line = Line(title, *((0.0, *curve) for curve in curves))
    behind = counted(baseline.patients, "patient")
    return Baseline(CLINICAL, line, _measured(CLINICAL, metadata.months, behind, *curves), tuple(checks))


def _by_bundle(metadata: SurvivalMetadata, model: CoxBaseline, known: Mapping[str, ClinicalFact]) -> Baseline:
    facts = {name: known[name].value for name in model.names if name in known}
    if not facts:
        return _without("No fact is known that the bundle's clinical model takes, so no risk by them is shown.")
    strange = [name for name in facts if not model.knows(name, facts[name])]
    if len(strange) == len(facts):
        return _without("The bundle's clinical model learned from nobody with these facts, so its risk is not shown.")
    try:
        model.centered(facts)
    except ValueError:
        return _without("The clinical facts are not of the kind that the bundle's clinical model takes: not shown.")
    missing = [name for name in model.names if name not in facts]
    said = [
        _worth(metadata.baselines.get(_TRAINED[CLINICAL]), "The clinical model"),
        _average(missing, "not known"),
        _average(strange, "of a kind that it learned nothing of"),
        disagreement(facts),
    ]
    sentence = " ".join(filter(None, said)) or "The bundle's clinical model knows all of its facts."
    checks = [Check(_CHECKS[CLINICAL][0], "pass", sentence)]
    if all(name in facts and name not in strange for name in _COLLINEAR):
        checks += _collinear("so the model cannot tell their parts in the risk from each other")
    return _of_model(CLINICAL, metadata, model, facts, tuple(checks))


def _collinear(why: str) -> list[Check]:
    sentence = f"Stage follows from T and N: {why}. Change the three together; a change of one alone is not its effect."
    return [Check(_CHECKS[CLINICAL][1], "warn", sentence)]


def _average(names: list[str], why: str) -> str:
    if not names:
        return ""
    words = listed([name.upper() if len(name) == 1 else name for name in names])
    verbs = ("is", "counts") if len(names) == 1 else ("are", "count")
    sentence = f"{words} {verbs[0]} {why} and {verbs[1]} as the average."
    return sentence[0].upper() + sentence[1:]


def _worth(concordance: Estimate | None, model: str) -> str:
    if concordance is None:
        return ""
    text = estimate_text(concordance, show=percent)
    return f"{model} puts {text} of pairs of patients new to it into the right order; 50 % is chance."


def _of_model(
    about: str,
    metadata: SurvivalMetadata,
    model: CoxBaseline,
    facts: Mapping[str, float | str | bool],
    checks: tuple[Check, ...],
) -> Baseline:
    behind = trained_on(metadata, model.patients)
    values, band = model.incidence(facts), _band(model, facts)
    line = Line(f"{about} alone (Cox model, {behind})", *((0.0, *curve) for curve in (values, *band)))
    return Baseline(about, line, _measured(about, metadata.months, behind, values, *band), checks)


def _band(model: CoxBaseline, facts: Mapping[str, float | str | bool]) -> tuple[tuple[float, ...], ...]:
    """The lower and the upper end of the model's risk; nothing where it does not say how sure it is.

    What is not known widens it by as much as it varies in the training cohort.
    """
    if (band := model.band) is None:
        return ()
    centered, coefficients = model.centered(facts), np.array(list(model.coefficients.values()))
    unknown = coefficients * [value is None for value in centered]
    _, low, high = incidence_band(
        np.array([[value or 0.0 for value in centered]]), coefficients, np.array(band.covariance),
        np.array(model.cumulative_hazard), np.array(band.hazard_variance), np.array(band.hazard_means), 0.95,
        more=float(unknown @ np.array(band.spread) @ unknown),
    )  # fmt: skip
    return tuple(low[0].tolist()), tuple(high[0].tolist())


def _measured(
    about: str, months: tuple[float, ...], behind: str, values: tuple[float, ...],
    low: tuple[float, ...] = (), high: tuple[float, ...] = (),
) -> tuple[Measurement, ...]:  # fmt: skip
    return tuple(
        Measurement(
            f"{about.lower().replace(' ', '-')}-{number_text(month)}-months", f"{about}, {behind}",
            100 * values[place], "%", Interval(100 * low[place], 100 * high[place]) if low else None,
            part=f"{number_text(month)} months",
        )
        for place, month in enumerate(months)
        if month in HORIZONS
    )  # fmt: skip


def _at(months: tuple[float, ...], ends: tuple[float, ...], curve: tuple[float, ...]) -> tuple[float, ...]:
    """A curve that is known at ``ends``, at the months of a bundle."""
    known = np.array([curve])
    found = (float(at_month(known, np.array(ends), month)[0]) for month in months)
    return tuple(min(max(value, 0.0), 1.0) for value in found)


def _ordered_lines(found: Baseline, earlier: tuple[Line, ...]) -> tuple[Line, ...]:
    others = [line for line in earlier if not line.title.startswith(found.about)]
    return tuple(sorted([*others, *([found.line] if found.line is not None else [])], key=lambda x: _place(x.title)))


def _place(title: str) -> int:
    """Where a title stands among those of the baselines; the network's own come before them."""
    return next((place for place, start in enumerate(_ORDER) if title.startswith(start)), -1)


def _is_of(one: Measurement, about: str) -> bool:
    return bool(one.part) and one.title.startswith(about)


def _without(sentence: str) -> Baseline:
    return Baseline(CLINICAL, None, (), (Check(_CHECKS[CLINICAL][0], "pass", sentence),))
