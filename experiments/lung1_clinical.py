"""Fit the clinical baseline that ships on the table of LUNG1, and see what it is worth out of fold.

    python -m experiments.lung1_clinical --data DATA [--out Common/readingroom/survival/lung1_clinical.json]

Ten folds, ten times; nothing is chosen by its result: the penalty was set beforehand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from readingroom import records
from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.survival.clinical_baseline import SHIPPED, ClinicalBaseline, CohortCurve
from readingroom.survival.cox import fit_cox
from readingroom.survival.follow_up import cut_at
from readingroom.survival.kaplan_meier import kaplan_meier

from .lung1_out_of_fold import MONTHS, RIDGE, concordance, out_of_fold, slope
from .lung1_tables import FACTS, Cohort, Floats, lung1

SOURCE = (
    "NSCLC-Radiomics (LUNG1), Aerts et al. 2014, doi 10.7937/K9/TCIA.2015.PF0M9REI, CC BY-NC 3.0, follow-up of its "
    "version 3; numbers over all patients alone, none of a patient."
)


def fitted(cohort: Cohort) -> ClinicalBaseline:
    """The baseline with all that is said of it."""
    horizon = float(MONTHS[-1])
    time, event = cut_at(cohort.time, cohort.event, horizon)
    fit = fit_cox(cohort.design, time, event, RIDGE)
    hazard, hazard_variance, hazard_means = fit.baseline(MONTHS)
    filled = fit.centered(cohort.design)
    predicted = out_of_fold(cohort)
    curve, months = kaplan_meier(cohort.time, cohort.event), np.concatenate([[0.0], MONTHS])
    low, high = curve.band(months)
    starts = np.cumsum([0] + [len(fact.columns) for fact in FACTS])[:-1]
    facts = tuple(
        fact if fact.choices else replace(fact, seen=_range(cohort.design[:, start]))
        for fact, start in zip(FACTS, starts, strict=True)
    )
    return ClinicalBaseline(
        cohort="LUNG1",
        source=SOURCE,
        patients=fit.n,
        events=fit.events,
        missing={fact.name: fit.missing[start] for fact, start in zip(FACTS, starts, strict=True)},
        facts=facts,
        ridge=RIDGE,
        coefficients=_numbers(fit.coefficients),
        centers=_numbers(fit.centers),
        covariance=tuple(_numbers(row) for row in fit.covariance),
        spread=tuple(_numbers(row) for row in filled.T @ filled / fit.n),
        months=_numbers(MONTHS),
        hazard=_numbers(hazard),
        hazard_variance=_numbers(hazard_variance),
        hazard_means=tuple(_numbers(row) for row in hazard_means),
        concordance=concordance(cohort, predicted),
        slope=slope(cohort, predicted),
        kaplan_meier=CohortCurve(
            months=_numbers(months),
            survival=_numbers(curve.at(months)),
            low=_numbers(low),
            high=_numbers(high),
            at_risk=tuple(int((cohort.time >= month).sum()) for month in months),
        ),
    )


def _range(values: Floats) -> tuple[float, float]:
    return float(np.floor(np.nanmin(values))), float(np.ceil(np.nanmax(values)))


def _numbers(values: Floats) -> tuple[float, ...]:
    """Six digits: more would say nothing."""
    return tuple(float(f"{value:.6g}") for value in values)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung1_clinical")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds tables")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args(arguments)
    try:
        made = fitted(lung1(options.data))
        write_text(options.out, json.dumps(records.to_json(made), indent=1) + "\n")
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
