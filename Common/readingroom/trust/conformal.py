"""Split-conformal prediction sets with the LAC score (least ambiguous set-valued classifier).

The score of a calibration case is 1 minus the probability of its true label. With n cases that trained nothing, the
ceil((n + 1) * coverage)-th smallest score is the quantile, and a new case gets every label whose probability is at
least 1 minus it: the true label is then inside in ``coverage`` of cases that are drawn like the calibration cases
(Sadinle et al., JASA 2019). Another hospital is not drawn like them, and the promise is about the average case, not
about each kind of case.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import records

COVERAGES = (0.8, 0.9, 0.95)


@dataclass(frozen=True)
class ConformalSets:
    """LAC quantiles by coverage, such as ``{"0.9": 0.71}``, from ``n`` calibration cases, one of each patient."""

    n: int
    quantiles: Mapping[str, float]
    default_coverage: float
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantiles", records.frozen(self.quantiles))
        if str(self.default_coverage) not in self.quantiles:
            raise ValueError(f"The default coverage {self.default_coverage} has no quantile.")


def fit_conformal(
    labels: ArrayLike,
    probabilities: ArrayLike,
    patients: ArrayLike,
    coverages: Sequence[float] = COVERAGES,
    default_coverage: float = 0.9,
    seed: int = 0,
) -> ConformalSets:
    """Quantiles from held-out cases, one drawn from each patient: cases of one patient are not exchangeable.

    Parameters
    ----------
    labels : (cases,) class numbers
    probabilities : (cases, classes), or (cases,) the probability of class 1

    Raises
    ------
    ValueError : too few patients for a coverage (`minimum_cases`), or shapes that do not fit
    """
    truth, values = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if values.ndim == 1:
        values = np.stack([1 - values, values], axis=1)
    if truth.ndim != 1 or truth.shape != values.shape[:1] or truth.shape != np.asarray(patients).shape:
        raise ValueError(f"Labels {truth.shape}, probabilities {values.shape} and patients do not fit together.")
    rows = _one_of_each(patients, seed)
    scores = 1 - values[rows, truth[rows]]
    quantiles = {str(float(coverage)): lac_quantile(scores, coverage) for coverage in coverages}
    return ConformalSets(len(rows), quantiles, default_coverage, seed)


def minimum_cases(coverage: float) -> int:
    """The smallest number of calibration cases with a finite quantile: 4 for 80 %, 9 for 90 %, 19 for 95 %."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def lac_quantile(scores: ArrayLike, coverage: float) -> float:
    """The ceil((n + 1) * coverage)-th smallest of ``scores`` (n,).

    Raises
    ------
    ValueError : a coverage outside 0 to 1, or fewer cases than `minimum_cases`
    """
    if not 0 < coverage < 1:
        raise ValueError(f"A coverage of {coverage} is not between 0 and 1.")
    values = np.sort(np.asarray(scores, dtype=np.float64))
    if values.size < minimum_cases(coverage):
        needed = minimum_cases(coverage)
        raise ValueError(
            f"A coverage of {coverage:.0%} needs {needed} calibration cases or more; there are {values.size}."
        )
    return float(values[math.ceil((values.size + 1) * coverage - 1e-9) - 1])


def lac_members(probabilities: ArrayLike, quantile: float) -> tuple[int, ...]:
    """Numbers of the labels in the set, most probable first; never empty."""
    values = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    inside = tuple(int(i) for i in order if 1 - values[i] <= quantile + 1e-12)
    return inside or (int(order[0]),)


def _one_of_each(patients: ArrayLike, seed: int) -> np.ndarray:
    """Row numbers, one drawn from each patient."""
    names = np.asarray(patients)
    shuffled = np.random.default_rng(seed).permutation(names.size)
    _, first = np.unique(names[shuffled], return_index=True)
    return np.sort(shuffled[first])
