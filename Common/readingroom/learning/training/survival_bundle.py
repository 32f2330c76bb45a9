"""What a bundle for survival says beside its network: its head, the training cohort's own curve and its Cox model."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...bundles.network import LOG_VOLUME, CoxBand, CoxBaseline, SurvivalHead, log_volume
from ...errors import InputError
from ...formatting import counted
from ...readers.registry import readers
from ...survival.cox import CoxFit, fit_cox
from ...survival.cumulative_incidence import cumulative_incidence
from ...survival.follow_up import cut_at
from ..cohorts.clinical_design import ClinicalDesign
from ..cohorts.cohort import Cohort
from ..cohorts.time_to_event import TimeToEvent, times_of
from ..evaluation.survival_baselines import RIDGE
from ..protocols.training_protocol import TrainingProtocol
from .heads import head_of
from .heads.survival_head import SurvivalHead as TrainedHead


def head_fields(protocol: TrainingProtocol, question: TimeToEvent, time_zero: str) -> dict[str, Any]:
    """The head of the network and its time axis, as `bundles.network.SurvivalMetadata` has them."""
    head = cast(TrainedHead, head_of(protocol))
    return {
        "head": cast(SurvivalHead, protocol.head),
        "months": question.months,
        "layers": head.layers,
        "width": head.width,
        "time_zero": time_zero,
    }


def network_of_head(protocol: TrainingProtocol, question: TimeToEvent) -> dict[str, Any]:
    """How MONAI's tools make the layers at the end of the network, for as many features as it has."""
    head = cast(TrainedHead, head_of(protocol))
    return {
        "_target_": "readingroom.networks.survival_heads.create",
        "_mode_": "callable",
        "head": protocol.head,
        "causes": len(question.labels),
        "months": head.months,
        "layers": head.layers,
        "width": head.width,
    }


def incidence_of(cohort: Cohort, question: TimeToEvent) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """Cumulative incidence by cause at the ends of the months, and a sentence where nobody was followed so long."""
    times, events = times_of(cohort)
    found = {}
    for number, name in enumerate(question.classes, 1):
        values = cumulative_incidence(times, events, number).at(question.months)
        if np.isnan(values).any():
            return {}, (
                f"Nobody of the training cohort was followed for {question.horizon:g} months: its curve is left out.",
            )
        found[name] = tuple(float(value) for value in values)
    return found, ()


def clinical_of(cohort: Cohort, question: TimeToEvent, reader: str) -> tuple[CoxBaseline | None, tuple[str, ...]]:
    """A Cox model on the clinical columns that the reader's form asks for, of the patients up to the horizon.

    Returns
    -------
    None where the table has no such column, or where no finite model fits; with sentences on that and on missing values
    """
    known = readers().get(reader)
    design = ClinicalDesign.of(cohort, None if known is None else [item.name for item in known.clinical])
    if not design.terms:
        return None, ("The table has no clinical column that varies: no clinical model stands beside the network.",)
    times, events = cut_at(*times_of(cohort), question.horizon)
    try:
        fit = fit_cox(design.columns, times, events, ridge=RIDGE)
    except InputError as error:
        return None, (f"No clinical model stands beside the network: {error}",)
    model = _baseline(fit, design.columns, design.terms, question, design.usual, cohort.patients[np.isfinite(times)])
    said = f"The clinical model has {counted(len(design.terms), 'term')}: {', '.join(design.terms)}."
    return model, (said, *((design.note,) if design.note else ()))


def volume_of(
    cohort: Cohort, question: TimeToEvent, volumes: NDArray[np.float64] | None
) -> tuple[CoxBaseline | None, tuple[str, ...]]:
    """A Cox model on the volume of the tumor, of the patients with a mask of it, up to the horizon.

    Parameters
    ----------
    volumes : (rows,) in mL, NaN where not known; None where the table has no masks of the tumor

    Returns
    -------
    None without masks, or where no finite model fits; with a sentence on that
    """
    if volumes is None:
        return None, ()
    times, events = cut_at(*times_of(cohort), question.horizon)
    rows = np.flatnonzero(np.isfinite(volumes) & np.isfinite(times))
    try:
        if len(rows) < 2:
            raise InputError("Fewer than two patients have a mask of it.")
        design = np.array([[log_volume(ml)] for ml in volumes[rows]])
        fit = fit_cox(design, times[rows], events[rows], ridge=RIDGE)
    except InputError as error:
        return None, (f"No model on the volume of the tumor stands beside the network: {error}",)
    model = _baseline(fit, design, (LOG_VOLUME,), question, {}, cohort.patients[rows])
    return model, ("A model on the volume of the tumor stands beside the network.",)


def _baseline(
    fit: CoxFit,
    design: NDArray[np.float64],
    terms: tuple[str, ...],
    question: TimeToEvent,
    usual: dict[str, str],
    patients: NDArray,
) -> CoxBaseline:
    hazard, variance, means = fit.baseline(np.minimum(question.months, fit.last))
    centered = fit.centered(design)
    return CoxBaseline(
        coefficients=dict(zip(terms, fit.coefficients.tolist(), strict=True)),
        centers=dict(zip(terms, fit.centers.tolist(), strict=True)),
        cumulative_hazard=tuple(hazard.tolist()),
        usual=usual,
        patients=len(set(patients.tolist())),
        band=CoxBand(
            covariance=_rows(fit.covariance),
            spread=_rows(centered.T @ centered / len(centered)),
            hazard_variance=tuple(variance.tolist()),
            hazard_means=_rows(means),
        ),
    )


def _rows(values: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, values.tolist()))
