"""How well a model serves each group of patients: sites, sexes, ages, views, scanners."""

from __future__ import annotations

import numpy as np

from ..evaluation.auc import auc_of
from ..evaluation.calibrated_predictions import CalibratedPredictions
from ..evaluation.sample_size import SUBGROUP_AUC_FROM, SUBGROUP_EXPLORATORY_BELOW, can_be_evaluated
from ..evaluation.thresholds import share
from .evaluated import SubgroupResult

SITE = "site"
MOST_VALUES = 20  # a column with more is an identifier or a measurement, and no group of patients


def subgroup_table(calibrated: CalibratedPredictions, resamples: int, seed: int) -> tuple[SubgroupResult, ...]:
    """One line for each value of each variable and each finding; the AUC with its interval over patients."""
    rows = calibrated.predictions
    variables = {SITE: rows.sites, **rows.subgroups}
    found = []
    for variable, values in variables.items():
        names = np.unique(values)
        if not 1 < len(names) <= MOST_VALUES:
            continue
        for name in sorted(names, key=place_of):
            part = calibrated.take(values == name)
            for finding in rows.findings:
                found.append(_result(part, variable, str(name), finding, resamples, seed))
    return tuple(found)


def place_of(value: str) -> tuple[bool, bool, str]:
    """Where a value stands: ``below 18`` before ``18 to 39``, what is not known at the end."""
    return value == "", not value.startswith("below"), value


def _result(
    part: CalibratedPredictions, variable: str, value: str, finding: str, resamples: int, seed: int
) -> SubgroupResult:
    rows = part.predictions
    present = rows.present(finding)
    called = part.called[:, rows.classes.index(finding)]
    evaluated = can_be_evaluated(rows, finding, SUBGROUP_AUC_FROM)
    return SubgroupResult(
        variable=variable,
        value=value,
        finding=finding,
        rows=len(rows),
        patients=len(np.unique(rows.patients)),
        with_finding=int(present.sum()),
        exploratory=not can_be_evaluated(rows, finding, SUBGROUP_EXPLORATORY_BELOW),
        score=auc_of(rows, finding, resamples, seed) if evaluated else None,
        sensitivity=share(called, rows, present),
        specificity=share(~called, rows, ~present),
    )
