"""What a curve over all thresholds is drawn from: cases with a truth and a score, and the points between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....metrics.bootstrap import patient_resamples
from ....reading import Estimate

Floats = NDArray[np.float64]

RESAMPLES = 500
GRID = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class Scored:
    """Cases of one model.

    Parameters
    ----------
    name : of the model, for the legend
    labels : (cases,) whether the finding is there
    scores : (cases,) higher means more likely
    patients : (cases,) whose case it is
    summary : the number that goes with the curve, such as its area
    """

    name: str
    labels: NDArray[np.bool_]
    scores: Floats
    patients: NDArray[np.str_]
    summary: Estimate | None = None


def band(scored: Scored, curve: Callable[[NDArray[np.bool_], Floats], Floats], seed: int = 0) -> tuple[Floats, Floats]:
    """The middle 95 % of ``curve(labels, scores)`` (grid,) over resampled patients; both ends (grid,).

    Resamples of one class alone have no curve and are left out.
    """
    curves = []
    for rows in patient_resamples(scored.patients, RESAMPLES, seed):
        labels = scored.labels[rows]
        if labels.any() and not labels.all():
            curves.append(curve(labels, scored.scores[rows]))
    low, high = np.percentile(np.stack(curves), [2.5, 97.5], axis=0)
    return low, high
