"""How well a model serves each group of patients: sites, sexes, ages, views, scanners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...evaluation.auc import auc
from ...evaluation.bootstrap import patient_bootstrap
from ...evaluation.proportions import proportion
from ...reading import Estimate
from ..judging.answers import Answers
from ..judging.minimum import can_be_judged
from .evaluated import SubgroupResult

SITE = "site"
_MOST_VALUES = 20  # a column with more is an identifier or a measurement, and no group of patients
_LEAST_PATIENTS = 5  # with and without the finding, below which an AUC says nothing at all


def subgroup_table(answers: Answers, resamples: int, seed: int) -> tuple[SubgroupResult, ...]:
    """One line for each value of each variable and each finding; the AUC with its interval over patients."""
    rows = answers.predictions
    variables = {SITE: rows.sites, **rows.subgroups}
    found = []
    for variable, values in variables.items():
        names = np.unique(values)
        if not 1 < len(names) <= _MOST_VALUES:
            continue
        for name in sorted(names, key=_place):
            part = answers.take(values == name)
            for finding in rows.findings:
                found.append(_result(part, variable, str(name), finding, resamples, seed))
    return tuple(found)


def _place(value: str) -> tuple[bool, bool, str]:
    """Where a value stands: ``below 18`` before ``18 to 39``, what is not known at the end."""
    return value == "", not value.startswith("below"), value


def _result(part: Answers, variable: str, value: str, finding: str, resamples: int, seed: int) -> SubgroupResult:
    rows = part.predictions
    present = rows.present(finding)
    called = part.called[:, rows.classes.index(finding)]
    area = None
    if can_be_judged(rows, finding, _LEAST_PATIENTS):
        scores = rows.scores(finding)
        area = patient_bootstrap(_mean_auc, rows.patients, present, scores.T, resamples=resamples, seed=seed).estimate
    return SubgroupResult(
        variable=variable,
        value=value,
        finding=finding,
        rows=len(rows),
        patients=len(np.unique(rows.patients)),
        with_finding=int(present.sum()),
        auc=area,
        sensitivity=_share(called[present]),
        specificity=_share(~called[~present]),
    )


def _mean_auc(present: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Over the repeats; ``scores`` is (rows, repeats)."""
    return float(np.mean([auc(present, repeat) for repeat in scores.T]))


def _share(right: NDArray[np.bool_]) -> Estimate | None:
    return proportion(int(right.sum()), len(right)) if len(right) else None
